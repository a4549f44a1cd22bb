"""One file for each way of taking part."""
