"""One call as the methods see it: every argument is a string, as on the server, and files stand beside."""

from __future__ import annotations

from dataclasses import dataclass, field

from tests.telegram_api.files import Upload
from tests.telegram_api.platform import Call, Platform
from tests.telegram_api.refusal import Refusal, bad
from tests.telegram_api.state import Bot, Chat, Message

NUMBERS = 1 << 31


@dataclass
class Query:
    """A call under way. `remark` is what the server says besides the result."""

    platform: Platform
    bot: Bot
    call: Call
    arguments: dict[str, str]
    files: dict[str, Upload] = field(default_factory=dict)
    remark: str = ""

    @property
    def now(self) -> float:
        return self.platform.clock.now()

    def number(self, name: str, default: int, least: int = -NUMBERS, most: int = NUMBERS - 1) -> int:
        """An integer argument, moved into its bounds; what is no number counts as 0, as on the server."""
        given = self.arguments.get(name, "").strip()
        return max(least, min(most, integer(given) or 0 if given else default))

    def flag(self, name: str) -> bool:
        return self.arguments.get(name, "").strip().lower() in ("true", "yes", "1")

    def chat(self) -> Chat:
        """The chat it names, when the bot may write there."""
        if not self.arguments.get("chat_id"):
            raise bad("chat_id is empty")
        chat = self.bot.chats.get(integer(self.arguments["chat_id"]) or 0)
        if chat is None or not chat.open:
            raise bad("chat not found")
        if chat.moved_to is not None:
            sentence = "Bad Request: group chat was upgraded to a supergroup chat"
            raise Refusal(400, sentence, {"migrate_to_chat_id": chat.moved_to})
        if chat.person and chat.person.deactivated:
            raise Refusal(403, "Forbidden: user is deactivated")
        return chat

    def message(self, chat: Chat, what: str) -> Message:
        """The message it names, `what` being what the server calls it."""
        message = chat.find(self.number("message_id", 0))
        if message is None:
            raise bad(f"{what} not found")
        return message


def integer(text: str) -> int | None:
    """None for what is no whole number."""
    try:
        return int(text)
    except ValueError:
        return None
