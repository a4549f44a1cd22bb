"""What Telegram is to us, whichever library speaks to it: reading, writing, polling, the webhook."""
