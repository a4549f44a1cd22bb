"""The demo: an invented town with a consultation under way, so that a newcomer sees results at once."""
