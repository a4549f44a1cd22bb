"""What the daemon does when it is asked (org.asamk.signal.commands), for the methods a channel needs."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.signal_daemon.faults import Failure
from tests.signal_daemon.platform import Call, Platform
from tests.signal_daemon.refusal import CAPTCHA, FAILED, RATE, USER, Refusal, result, unexpected, unsent
from tests.signal_daemon.state import Account, Chat, File, Message, Person

LONGEST = 2000
"""Bytes of a text; what is longer travels as a file, of which apps show the beginning."""
DAY = 86_400
DATA_URI = re.compile(r"data:(?P<kind>[^;,]+)(;filename=(?P<name>[^;,]*))?;base64,(?P<content>.*)", re.DOTALL)
UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


@dataclass
class Asked:
    """One request to an account, on its way to being carried out. `failure` is what Signal will say of it."""

    platform: Platform
    account: Account
    call: Call
    failure: Failure | None = None

    def get(self, name: str) -> Any:
        return self.call.params.get(name)

    def several(self, name: str) -> list[Any]:
        """A parameter that may be one value or a list, under its name or its plural."""
        given = self.call.params.get(name, self.call.params.get(f"{name}s"))
        return given if isinstance(given, list) else [] if given is None else [given]

    def person(self) -> Person:
        """The one recipient. Refusal when there is none, or what is no address."""
        recipients = self.several("recipient")
        if not recipients:
            raise Refusal(USER, "No recipients given")
        if len(recipients) > 1:
            self.platform.violated("several recipients", f"{self.call.method} to {len(recipients)}")
        name = str(recipients[0])
        for person in self.platform.people.values():
            if name in (person.aci, person.number):
                return person
        if UUID.fullmatch(name) or re.fullmatch(r"\+\d{6,15}", name):
            return Person(name, "", registered=False)
        raise Refusal(USER, f"Invalid phone number '{name}': null")

    def chat(self, person: Person) -> Chat:
        return self.account.chats.setdefault(person.aci, Chat(person, self.account))


def listed(platform: Platform) -> list[dict[str, Any]]:
    return [{"number": account.number} for account in platform.accounts.values() if account.registered]


def leave(asked: Asked, post: Callable[[Chat, int], None]) -> dict[str, Any]:
    """Send something to the recipient, which `post` makes of it in their chat at this timestamp; what became of it."""
    person = asked.person()
    chat = asked.chat(person)
    if person.registered and not chat.open:
        asked.platform.violated("stranger", f"{asked.call.method} to {person.name}")
    timestamp = asked.account.next(asked.platform.clock.now())
    failure = asked.failure or _refuses(asked.account, person)
    if failure is not None:
        told = result(person.address(), failure.type, token=failure.token, retryAfterSeconds=failure.seconds)
        raise unsent(failure.code, failure.message, timestamp, [told])
    asked.call.done = True
    if not chat.blocked:
        post(chat, timestamp)
    return {"timestamp": timestamp, "results": [result(person.address(), "SUCCESS")]}


def _refuses(account: Account, person: Person) -> Failure | None:
    """What Signal itself has against this message."""
    if account.captcha:
        return Failure(RATE, f"{FAILED} due to rate limiting", "RATE_LIMIT_FAILURE", account.captcha, DAY)
    return None if person.registered else Failure(USER, FAILED, "UNREGISTERED_FAILURE")


def send(asked: Asked) -> dict[str, Any]:
    """A text, files, a quote; or with `editTimestamp` a new text for an older message."""
    text, files = str(asked.get("message") or ""), tuple(map(_file, asked.several("attachment")))
    if not (text or files or asked.get("quoteTimestamp") is not None):
        sentence = "Sending empty message is not allowed, either a message, attachment or sticker must be given."
        raise Refusal(USER, sentence)
    if asked.get("quoteTimestamp") is not None and asked.get("quoteAuthor") is None:
        raise Refusal(USER, "Quote author parameter is missing")
    if len(text.encode()) > LONGEST:
        asked.platform.violated("long text", f"{len(text.encode())} bytes")

    def post(chat: Chat, timestamp: int) -> None:
        if asked.get("editTimestamp") is not None:
            _edit(asked, chat, timestamp, text)
            return
        quoted = _quoted(asked, chat) if asked.get("quoteTimestamp") is not None else None
        asked.call.message = Message(timestamp, False, text, files, quoted)
        chat.messages.append(asked.call.message)

    return leave(asked, post)


def _edit(asked: Asked, chat: Chat, timestamp: int, text: str) -> None:
    """Apps take an edit for a day, and only of what is there."""
    message = chat.find(int(asked.get("editTimestamp")), mine=False)
    if message is None:
        return
    if asked.platform.clock.now() - message.timestamp / 1000 > DAY:
        asked.platform.violated("too old", "an edit")
        return
    message.edits.append(message.timestamp)
    message.timestamp, message.text = timestamp, text
    asked.call.message = message


def _quoted(asked: Asked, chat: Chat) -> Message | None:
    ours = asked.get("quoteAuthor") in (asked.account.number, asked.account.aci)
    return chat.find(int(asked.get("quoteTimestamp")), mine=not ours)


def _file(given: Any) -> File:
    """What is to be attached: a data URI, or a path on the daemon's machine."""
    if found := DATA_URI.fullmatch(str(given)):
        return File(base64.b64decode(found["content"]), found["kind"], found["name"])
    try:
        return File(Path(str(given)).read_bytes(), "application/octet-stream", Path(str(given)).name)
    except OSError:
        raise unexpected(f"{FAILED}: {given}: No such file or directory (AttachmentInvalidException)") from None


def remote_delete(asked: Asked) -> dict[str, Any]:
    """Take a message of ours back; apps do it for a day."""
    target = int(asked.get("targetTimestamp"))

    def post(chat: Chat, timestamp: int) -> None:
        message = chat.find(target, mine=False)
        if message is not None and asked.platform.clock.now() - message.timestamp / 1000 > DAY:
            asked.platform.violated("too old", "a deletion")
        elif message is not None:
            message.deleted = True

    return leave(asked, post)


def send_reaction(asked: Asked) -> dict[str, Any]:
    """An emoji on a message of theirs."""

    def post(chat: Chat, timestamp: int) -> None:
        message = chat.find(int(asked.get("targetTimestamp")), mine=True)
        if message is not None:
            message.reactions = [] if asked.get("remove") else [str(asked.get("emoji"))]

    return leave(asked, post)


def send_typing(asked: Asked) -> dict[str, Any]:
    def post(chat: Chat, timestamp: int) -> None:
        chat.typing = not asked.get("stop")

    return leave(asked, post)


def send_receipt(asked: Asked) -> dict[str, Any]:
    """Tell that messages of theirs were read."""
    kind = asked.get("type") or "read"
    if kind not in ("read", "viewed"):
        raise Refusal(USER, f"Unknown receipt type: {kind}")

    def post(chat: Chat, timestamp: int) -> None:
        for target in asked.several("targetTimestamp"):
            message = chat.find(int(target), mine=True)
            if message is not None:
                message.receipts.append(kind)

    return leave(asked, post)


def get_user_status(asked: Asked) -> list[dict[str, Any]]:
    """Whether numbers have Signal, and their ACIs: that of the account itself too."""
    known = {person.number: person.aci for person in asked.platform.people.values() if person.registered}
    known |= {account.number: account.aci for account in asked.platform.accounts.values() if account.registered}
    return [
        {"recipient": number, "number": number, "uuid": known.get(number), "isRegistered": number in known}
        for number in asked.several("recipient")
    ]


def list_identities(asked: Asked) -> list[dict[str, Any]]:
    """The keys the daemon knows: its own account's, and those of whoever wrote to it."""
    known: list[tuple[str | None, str]] = [(asked.account.number, asked.account.aci)]
    known += [(chat.person.number, chat.person.aci) for chat in asked.account.chats.values()]
    wanted = asked.get("number")
    return [
        {"number": number, "uuid": aci, "fingerprint": "05 a1", "trustLevel": "TRUSTED_UNVERIFIED"}
        for number, aci in known
        if wanted in (None, number, aci)
    ]


def get_attachment(asked: Asked) -> dict[str, Any]:
    file = asked.account.files.get(str(asked.get("id")))
    if file is None:
        raise Refusal(USER, f"Could not find attachment with ID: {asked.get('id')}")
    return {"data": base64.b64encode(file.content).decode()}


def submit_challenge(asked: Asked) -> dict[str, Any]:
    """The captcha is right when it begins as those of Signal's page do. (0.13 answers -1 for a wrong one.)"""
    right = str(asked.get("captcha")).startswith("signalcaptcha://")
    if not right or asked.get("challenge") != asked.account.captcha:
        sentence = "Captcha rejected, it may be outdated, already used or solved from a different IP address."
        raise Refusal(CAPTCHA if not asked.platform.version.startswith("0.13") else USER, sentence)
    asked.account.captcha = None
    return {}


def update_profile(asked: Asked) -> dict[str, Any]:
    asked.account.profile |= {name: part for name, part in asked.call.params.items() if name != "account"}
    return {}


def version(platform: Platform) -> dict[str, Any]:
    return {"version": platform.version}


OF_DAEMON: Mapping[str, Callable[[Platform], Any]] = {"listAccounts": listed, "version": version}
OF_ACCOUNT: Mapping[str, Callable[[Asked], Any]] = {
    "send": send,
    "remoteDelete": remote_delete,
    "sendReaction": send_reaction,
    "sendTyping": send_typing,
    "sendReceipt": send_receipt,
    "getUserStatus": get_user_status,
    "listIdentities": list_identities,
    "getAttachment": get_attachment,
    "submitRateLimitChallenge": submit_challenge,
    "updateProfile": update_profile,
}
SENDS = frozenset({"send", "remoteDelete", "sendReaction", "sendTyping", "sendReceipt"})
