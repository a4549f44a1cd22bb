"""What the person at the keyboard did wrong."""

from __future__ import annotations


class Mistake(Exception):
    """Something to be put right by whoever typed the command; the message says what, in one sentence."""
