"""People at the other end: what they do with an account of ours, and what they see of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.signal_daemon import envelopes
from tests.signal_daemon.state import Chat, File, Message

if TYPE_CHECKING:
    from tests.signal_daemon.platform import Platform


class Resident:
    """One person in a chat with one account. Who has left Signal does nothing."""

    def __init__(self, platform: Platform, chat: Chat) -> None:
        self.person = chat.person
        self.account = chat.account
        self.chat = chat
        self._platform = platform

    # -- what they see -----------------------------------------------------------------------------------------

    @property
    def sees(self) -> list[Message]:
        """The messages in the chat as they are now."""
        return [message for message in self.chat.messages if not message.deleted]

    @property
    def heard(self) -> list[str]:
        """The texts of the account's messages, as they are now."""
        return [message.text for message in self.sees if not message.mine]

    @property
    def newest(self) -> Message:
        """The account's last message. LookupError when there is none."""
        for message in reversed(self.sees):
            if not message.mine:
                return message
        raise LookupError(f"{self.person.name} has heard nothing")

    # -- what they do ------------------------------------------------------------------------------------------

    def says(self, text: str) -> Message:
        """Send a text."""
        return self._posts(text)

    def quotes(self, text: str, message: Message | None = None) -> Message:
        """Answer to one message (else to the account's last) with a text."""
        quoted = message or self.newest
        shape = envelopes.quote(self.account, self.person, quoted)
        return self._posts(text, quotes=quoted, quote=shape)

    def reacts(self, emoji: str, message: Message | None = None, *, remove: bool = False) -> int:
        """Put an emoji on a message (else on the account's last), or take it off; the timestamp of that."""
        target = message or self.newest
        target.reactions = [] if remove else [emoji]
        shape = envelopes.reaction(self.account, self.person, target, emoji, remove=remove)
        return self._does(reaction=shape)

    def sends_photo(self, content: bytes, text: str = "", *, width: int = 640, height: int = 480) -> Message:
        """Send a picture, which Signal's apps make a JPEG without a name."""
        file = File(content, "image/jpeg")
        return self._posts(text, file, width=width, height=height)

    def sends_document(self, name: str, content: bytes, kind: str) -> Message:
        return self._posts("", File(content, kind, name))

    def sends_voice(self, content: bytes = b"\x00\x00\x00\x20ftypM4A ") -> Message:
        return self._posts("", File(content, "audio/aac", "signal-2026-06-01-101500.aac"))

    def sends_sticker(self) -> Message:
        return self._posts("", sticker={"packId": "fb535407d2f6497ec074df8b9c51dd1d", "stickerId": 3})

    def shares_place(self, latitude: float, longitude: float, name: str = "") -> Message:
        """Share a place: the app sends a picture of the map and a text that ends in a link."""
        link = f"https://maps.google.com/maps?q={latitude}%2C{longitude}"
        return self._posts(f"{name}\n{link}" if name else link, File(b"\xff\xd8\xff\xd9", "image/jpeg"))

    def edits(self, message: Message, text: str) -> int:
        """Correct the text of a message of theirs; the timestamp of that."""
        timestamp = self._next()
        content = envelopes.data(timestamp, text)
        message.edits.append(message.timestamp)
        edit = {"targetSentTimestamp": message.timestamp, "dataMessage": content}
        message.text, message.timestamp = text, timestamp
        self._push(timestamp, timestamp, editMessage=edit)
        return timestamp

    def deletes(self, message: Message) -> int:
        """Delete a message of theirs for everybody; the timestamp of that."""
        message.deleted = True
        return self._does(remoteDelete={"timestamp": message.timestamp})

    def types(self) -> None:
        """Begin to write."""
        timestamp = self._next()
        self._push(None, timestamp, typingMessage=envelopes.typing(timestamp))

    def has(self, message: Message, kind: str = "read") -> None:
        """Their app tells that a message was delivered, read or viewed."""
        timestamp = self._next()
        shape = envelopes.receipt(kind, timestamp, [message.timestamp])
        self._push(None, timestamp, receiptMessage=shape)

    def repeats(self) -> None:
        """Their app sends once more what it sent last."""
        mail = self.account.mail
        mail.repeat(next(sent for sent in reversed(mail.sent) if sent.author == self.person.aci and sent.timestamp))

    def blocks(self) -> None:
        """Block the account: nobody hears of it, and what it writes is never seen."""
        self.chat.blocked = True

    def unblocks(self) -> None:
        self.chat.blocked = False

    def leaves_signal(self) -> None:
        """Delete the account: writing to them fails from now on."""
        self.person.registered = False

    def _posts(
        self,
        text: str,
        *files: File,
        quotes: Message | None = None,
        width: int | None = None,
        height: int | None = None,
        **content: Any,
    ) -> Message:
        """A message in the chat, and its envelope."""
        timestamp = self._next()
        message = Message(timestamp, True, text, files, quotes)
        self.chat.messages.append(message)
        attached = [self._attaches(file, width, height) for file in files]
        content |= {"attachments": attached} if attached else {}
        self._push(timestamp, timestamp, dataMessage=envelopes.data(timestamp, text or None, **content))
        return message

    def _attaches(self, file: File, width: int | None, height: int | None) -> dict[str, Any]:
        """The daemon fetches a file before it tells of the message."""
        ending = {"image/jpeg": ".jpg", "audio/aac": ".aac", "application/pdf": ".pdf"}.get(file.kind, "")
        id = f"{self._platform.chance.getrandbits(80):020x}{ending}"
        self.account.files[id] = file
        return envelopes.attachment(id, file.kind, len(file.content), name=file.name, width=width, height=height)

    def _does(self, **content: Any) -> int:
        """What shows as no message of its own: a reaction, a deletion."""
        timestamp = self._next()
        self._push(timestamp, timestamp, dataMessage=envelopes.data(timestamp, **content))
        return timestamp

    def _next(self) -> int:
        if not self.person.registered:
            raise ValueError(f"{self.person.name} can't write: left Signal")
        return self.person.next(self._platform.clock.now())

    def _push(self, key: int | None, timestamp: int, **content: Any) -> None:
        if key is not None:
            self.chat.open = True
            if self._platform.chance.random() < self._platform.noise:
                self.types()
        shape = envelopes.event(self.account, self.person, timestamp, self._platform.clock.now(), **content)
        self.account.mail.push(self.person.aci, key, shape)
