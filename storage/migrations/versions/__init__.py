"""Revisions, numbered in their order: `0001_what_it_does.py`."""
