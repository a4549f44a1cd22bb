"""Questionnaires: their settings and file, how questions are asked, and what the answers come to."""
