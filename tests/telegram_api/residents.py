"""People at the other end: what they do with a bot, and what they see of it."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.telegram_api.clock import Clock
from tests.telegram_api.files import Files, Upload
from tests.telegram_api.mailbox import DAY
from tests.telegram_api.state import MEMBERS, TAPS, Bot, Chat, Message, Person, Tap, written

PAYLOAD = re.compile(r"[A-Za-z0-9_-]{1,64}")


class Resident:
    """One person in one chat with one bot. What they do becomes updates; a person who blocked the bot does nothing."""

    def __init__(self, person: Person, chat: Chat, clock: Clock, files: Files, taps_kept: float) -> None:
        self.person = person
        self.chat = chat
        self.bot: Bot = chat.bot
        self._clock = clock
        self._files = files
        self._taps_kept = taps_kept

    # -- what they see -----------------------------------------------------------------------------------------

    @property
    def sees(self) -> list[Message]:
        """The messages in the chat as they are now."""
        return self.chat.visible

    @property
    def heard(self) -> list[str]:
        """The texts of the bot's messages, as they are now."""
        return [message.text for message in self.sees if not message.mine]

    # -- what they do ------------------------------------------------------------------------------------------

    def writes(self, text: str, *, reply_to: Message | None = None) -> Message:
        """Send a text."""
        return self.sends(written(text), reply_to=reply_to)

    def starts(self, payload: str = "") -> Message:
        """Press Start, having come by a deep link when there is a payload. The app takes no payload of another form."""
        if payload and not PAYLOAD.fullmatch(payload):
            raise ValueError(f"no deep link carries {payload!r}")
        return self.writes(f"/start {payload}" if payload else "/start")

    def opens(self, link: str) -> Message:
        """Follow a deep link from a poster, and press Start. ValueError for one that leads elsewhere."""
        parts = urlsplit(link)
        if (parts.netloc, parts.path) != ("t.me", f"/{self.bot.username}"):
            raise ValueError(f"{link} does not lead to @{self.bot.username}")
        return self.starts("".join(parse_qs(parts.query).get("start", [])))

    def taps(self, label_or_data: str, on: Message | None = None) -> Tap:
        """Press the button with that label or data: on that message (even one that was edited or deleted since), or on
        the newest that shows it. LookupError when none does."""
        self._must_not_block()
        message, data = self._button(label_or_data, on)
        number = f"{self.person.id}{len(self.bot.taps):06}"
        tap = Tap(number, self.person, message, data, self._clock.now() + self._taps_kept)
        self.bot.taps[tap.id] = tap
        shown = {"message_id": message.id, "chat": self.chat.json(), "date": 0} if message.deleted else message.json()
        body = {"id": tap.id, "from": self.person.json(), "message": shown, "chat_instance": str(self.chat.id ^ 0x5A5A)}
        self._push("callback_query", body | {"data": data}, TAPS + self.person.id, self._taps_kept)
        return tap

    def _button(self, label_or_data: str, on: Message | None) -> tuple[Message, str]:
        """The message and the data of a button. On a message that was named an old button is still pressed: the
        person's app had not yet heard of the edit."""
        for message in [on] if on is not None else reversed(self.sees):
            for button in message.buttons:
                if label_or_data in (button["text"], button.get("callback_data")) and "callback_data" in button:
                    return message, button["callback_data"]
        if on is not None:
            return on, label_or_data
        shown = self.sees[-1].labels if self.sees else []
        raise LookupError(f"no button {label_or_data!r} in the chat; the last message has {shown}")

    def sends_photo(self, content: bytes, caption: str = "") -> Message:
        """Send a picture, which must be one."""
        photo = self._files.photo(self.bot.id, Upload("photo.jpg", content, "image/jpeg"))
        return self.sends({"photo": photo} | (written(caption, "caption") if caption else {}))

    def sends_document(self, name: str, content: bytes, kind: str, *, size: int | None = None) -> Message:
        """Send a file. `size`: what the platform says it is, for one too large to make."""
        return self.sends({"document": self._files.document(self.bot.id, Upload(name, content, kind), size)})

    def sends_voice(self, content: bytes = b"OggS") -> Message:
        kept = self._files.keep(self.bot.id, "voice", Upload("voice.oga", content, "audio/ogg"))
        return self.sends({"voice": {"duration": 3, "mime_type": "audio/ogg"} | kept.json()})

    def sends_sticker(self, emoji: str = "👍") -> Message:
        kept = self._files.keep(self.bot.id, "stickers", Upload("sticker.webp", b"RIFF", "image/webp"))
        shape = {"width": 512, "height": 512, "emoji": emoji, "set_name": "Hands", "type": "regular"}
        return self.sends({"sticker": shape | {"is_animated": False, "is_video": False} | kept.json()})

    def shares_place(self, latitude: float, longitude: float) -> Message:
        return self.sends({"location": {"latitude": latitude, "longitude": longitude}})

    def shares_contact(self, phone: str) -> Message:
        """Share their own number, as the button that asks for it does."""
        contact = {"phone_number": phone, "first_name": self.person.name, "user_id": self.person.id}
        return self.sends({"contact": contact})

    def sends(self, content: dict[str, Any], *, reply_to: Message | None = None) -> Message:
        """Send anything: the fields of the Bot API's Message that tell its kind."""
        self._must_not_block()
        self.chat.open = True
        message = self.chat.post(self.person, content, self._clock.now(), reply_to=reply_to)
        self._push("message", message.json(), self.chat.id)
        return message

    def edits(self, message: Message, text: str) -> None:
        """Correct the text of a message of theirs."""
        self._must_not_block()
        if message.sender is not self.person:
            raise ValueError("people edit their own messages")
        key = "text" if "text" in message.content else "caption"
        kept = {name: part for name, part in message.content.items() if not name.endswith("entities")}
        message.content, message.edited = kept | written(text, key), int(self._clock.now())
        self._push("edited_message", message.json(), self.chat.id)

    def blocks(self) -> None:
        """Block the bot."""
        self._shuts(True)

    def unblocks(self) -> None:
        """Let the bot write again. (The app's own button for it also presses Start.)"""
        self._shuts(False)

    def leaves_telegram(self) -> None:
        """Delete the account: the bot hears nothing of it."""
        self.person.deactivated = True

    def _shuts(self, blocked: bool) -> None:
        if self.chat.blocked == blocked:
            return
        self.chat.blocked = blocked
        states = ["member", "kicked"] if blocked else ["kicked", "member"]
        old, new = (
            {"user": self.bot.json(), "status": state} | ({"until_date": 0} if state == "kicked" else {})
            for state in states
        )
        body = {"chat": self.chat.json(), "from": self.person.json(), "date": int(self._clock.now())}
        body |= {"old_chat_member": old, "new_chat_member": new}
        self._push("my_chat_member", body, MEMBERS + self.chat.id)

    def _must_not_block(self) -> None:
        if self.chat.blocked or self.person.deactivated:
            raise ValueError(f"{self.person.name} can't write: blocked the bot, or left")

    def _push(self, kind: str, body: dict[str, Any], line: int, seconds: float = DAY) -> None:
        self.bot.mailbox.push(kind, body, line, seconds)
