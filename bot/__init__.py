"""How messages get in and out, and when. Imports flows and storage; only bot/house.py imports admin_web."""
