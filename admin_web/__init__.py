"""The panel, the chat page and the public pages. Imports flows and storage; bot hands it functions."""
