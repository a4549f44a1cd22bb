"""Why we write to somebody who has not just written to us: one file an occasion (see flows/occasion.py)."""
