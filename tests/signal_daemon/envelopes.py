"""What the daemon writes to its event streams, field by field (org.asamk.signal.json in 0.13.19).

Fields that Java leaves out when they are null are left out here; the others are null.
"""

from __future__ import annotations

from typing import Any

from tests.signal_daemon.state import Account, Message, Person


def event(account: Account, person: Person, timestamp: int, now: float, **content: Any) -> dict[str, Any]:
    """One envelope from somebody's first device, as the parameters of a `receive`. `content`: dataMessage,
    receiptMessage, typingMessage, editMessage, syncMessage."""
    envelope = {
        "source": person.number or person.aci,
        "sourceNumber": person.number,
        "sourceUuid": person.aci,
        "sourceName": person.name,
        "sourceDevice": 1,
        "timestamp": timestamp,
        "serverReceivedTimestamp": int(now * 1000) + 40,
        "serverDeliveredTimestamp": int(now * 1000) + 60,
    }
    return {"envelope": envelope | content, "account": account.number}


def data(timestamp: int, text: str | None = None, **content: Any) -> dict[str, Any]:
    """A dataMessage: quote, reaction, attachments, sticker, remoteDelete, previews, or only a text."""
    shape = {"timestamp": timestamp, "message": text, "expiresInSeconds": 0, "isExpirationUpdate": False}
    return shape | {"viewOnce": False} | content


def quote(account: Account, person: Person, message: Message) -> dict[str, Any]:
    """A message of the chat, quoted."""
    attachments = [{"contentType": file.kind, "filename": file.name} for file in message.files]
    number, aci = (person.number, person.aci) if message.mine else (account.number, account.aci)
    author = {"author": number or aci, "authorNumber": number, "authorUuid": aci}
    return {"id": message.timestamp} | author | {"text": message.text, "attachments": attachments}


def reaction(account: Account, person: Person, message: Message, emoji: str, *, remove: bool) -> dict[str, Any]:
    """An emoji put on a message of the chat, or taken off again."""
    number, aci = (person.number, person.aci) if message.mine else (account.number, account.aci)
    author = {"targetAuthor": number or aci, "targetAuthorNumber": number, "targetAuthorUuid": aci}
    return {"emoji": emoji} | author | {"targetSentTimestamp": message.timestamp, "isRemove": remove}


def attachment(
    id: str, kind: str, size: int, *, name: str | None = None, width: int | None = None, height: int | None = None
) -> dict[str, Any]:
    """A file the daemon has fetched already; `id` is what getAttachment wants."""
    shape = {"contentType": kind, "filename": name, "id": id, "size": size, "width": width, "height": height}
    return shape | {"caption": None, "uploadTimestamp": None}


def receipt(kind: str, when: int, timestamps: list[int]) -> dict[str, Any]:
    """That messages of ours with these timestamps were delivered, read or viewed."""
    kinds = {f"is{name.capitalize()}": name == kind for name in ("delivery", "read", "viewed")}
    return {"when": when} | kinds | {"timestamps": timestamps}


def typing(timestamp: int, action: str = "STARTED") -> dict[str, Any]:
    return {"action": action, "timestamp": timestamp}


def sent_elsewhere(person: Person, timestamp: int, text: str) -> dict[str, Any]:
    """A syncMessage: another device of the account wrote to somebody."""
    destination = {"destination": person.number or person.aci, "destinationNumber": person.number}
    return {"sentMessage": destination | {"destinationUuid": person.aci} | data(timestamp, text)}


def read_elsewhere(person: Person, timestamp: int) -> dict[str, Any]:
    """A syncMessage: another device of the account has read this message."""
    sender = {"sender": person.number or person.aci, "senderNumber": person.number, "senderUuid": person.aci}
    return {"readMessages": [sender | {"timestamp": timestamp}]}
