"""The ideas' room: proposing, reading, supporting and arguing, and what comes of it."""
