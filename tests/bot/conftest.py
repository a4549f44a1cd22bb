"""What the tests of this room share."""

from tests.bot.command_line import palabre

__all__ = ["palabre"]
