"""What bot/channels/signal.py is made of: the daemon signal-cli, what it says read, what we say written."""
