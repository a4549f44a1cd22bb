"""What signal-cli hands out, read: an event as the JSON of its `receive`, 0.13 to 0.14.

Only what one person writes to us alone is read: a talk is between one resident and the robot, and in a group everybody
would see the answers. Whatever is not shaped as known is nothing to us, and never an error: nobody repeats it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any, TypeAlias

from bot.shaped import Json, Malformed, number_of, object_of, reference_to, short, words_of
from flows.messages import DOCUMENT, Attachment, Incoming, Place
from flows.pictures import LARGEST
from storage.value import value

CHANNEL = "signal"
Content: TypeAlias = "dict[str, Any]"
"""Fields of an Incoming."""
UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
"""How Signal calls a person, whatever their number (ACI)."""


@value
class Ours:
    """One of our accounts: as addresses name it, and its number."""

    account: str
    number: str

    def wrote(self, aci: Any, number: Any) -> bool:
        """Whether the author of a message, named like this, is us."""
        return aci == self.account or number in (self.number, self.account)


def read(event: Any, ours: Ours, now: datetime) -> list[Incoming]:
    """What an event says that came to this account: mostly one message, one more for each further file, or nothing.
    Raises nothing, whatever it is."""
    try:
        return _event(event, ours, now)
    except Malformed:
        return []


def _event(event: Any, ours: Ours, now: datetime) -> list[Incoming]:
    """Receipts, typing, calls, stories and what other devices of the account did have no message in them."""
    if not isinstance(event, dict) or event.get("account") not in (None, ours.number, ours.account):
        return []
    envelope = object_of(event, "envelope")
    sender = _person(envelope, "sourceUuid")
    if ours.wrote(sender, envelope.get("sourceNumber")):
        return []
    if isinstance(envelope.get("editMessage"), dict):
        message = object_of(object_of(envelope, "editMessage"), "dataMessage")
        contents: list[Content] = [{"unread": "edit"}] if not _is_elsewhere(message) else []
    else:
        message = object_of(envelope, "dataMessage")
        contents = _contents(message, ours)
    key, at = _key(sender, message), _moment(envelope, now)
    return [
        Incoming(CHANNEL, ours.account, sender, f"{key}.{number}" if number else key, at, **content)
        for number, content in enumerate(contents)
    ]


def _key(sender: str, message: Json) -> str:
    """Signal knows a message by its author and their clock. The author's name is not in it: the inbox keeps keys longer
    than it knows people."""
    return f"{number_of(message, 'timestamp', 0)}.{sha256(sender.encode()).hexdigest()[:16]}"


# -- what a message holds --------------------------------------------------------------------------------------


def _contents(message: Json, ours: Ours) -> list[Content]:
    """Nothing for what nobody wrote to us: in a group, about a story, a setting, a deletion."""
    if _is_elsewhere(message):
        return []
    kind = next((kind for kind in CONTENT if isinstance(message.get(kind), CONTENT_TYPES)), None)
    if kind is not None:
        return CONTENT[kind](message, ours)
    text = message.get("message")
    if not isinstance(text, str) or not text:
        return []
    return [_written(text) | _about(message, ours)]


def _is_elsewhere(message: Json) -> bool:
    return any(message.get(name) for name in NOT_TO_US)


NOT_TO_US = ("groupInfo", "groupV2", "storyContext", "isExpirationUpdate")
CONTENT_TYPES = (dict, list)


def _nothing(_message: Json, _ours: Ours) -> list[Content]:
    return []


def _refused(kind: str) -> Callable[[Json, Ours], list[Content]]:
    return lambda _message, _ours: [{"unread": kind}]


def _reaction(message: Json, ours: Ours) -> list[Content]:
    """On a message of ours: a number or a thumb answers it as if it were written; other signs say nothing, nor does one
    that is taken off."""
    reaction = object_of(message, "reaction")
    if reaction.get("isRemove") is not False:
        return []
    if not ours.wrote(reaction.get("targetAuthorUuid"), reaction.get("targetAuthorNumber")):
        return []
    said = SIGNS.get(_plain(words_of(reaction, "emoji")))
    return [{"text": said, "about": str(number_of(reaction, "targetSentTimestamp", 0))}] if said is not None else []


SIGNS = {f"{number}\u20e3": str(number) for number in range(10)} | {"🔟": "10", "👍": "yes", "👎": "no"}
VARIANTS = re.compile("[\ufe0e\ufe0f\U0001f3fb-\U0001f3ff]")
"""How a sign is drawn: in colour or not, and the tones of a skin."""


def _plain(sign: str) -> str:
    return VARIANTS.sub("", sign)


def _about(message: Json, ours: Ours) -> Content:
    """The message of ours that this one quotes; who quotes their own says nothing of ours."""
    quote = message.get("quote")
    if not isinstance(quote, dict) or not ours.wrote(quote.get("authorUuid"), quote.get("authorNumber")):
        return {}
    return {"about": str(number_of(quote, "id", 0))}


def _attachments(message: Json, ours: Ours) -> list[Content]:
    """Each that we take, the first with what is written and quoted; what is in them is looked at once they are here.
    The map beside a shared place is not theirs, and what follows a long text is the text itself."""
    text = message.get("message") if isinstance(message.get("message"), str) else None
    files = [file for file in message["attachments"] if isinstance(file, dict) and _type(file) != LONG_TEXT]
    written = _written(text) if text else {}
    about = _about(message, ours)
    if "place" in written or not files:
        return [written | about] if written else []
    taken = [file for file in files if _type(file) == DOCUMENT or _type(file).startswith("image/")]
    if not taken:
        kind = _type(files[0]).partition("/")[0]
        return [{"unread": UNREAD.get(kind, "document")}]
    first, *others = [_file(file, ours) for file in taken]
    return [first if "unread" in first else first | {"text": text or None} | about, *others]


def _file(file: Json, ours: Ours) -> Content:
    size = file.get("size")
    if type(size) is int and size > LARGEST:
        return {"unread": "large"}
    media_type = DOCUMENT if _type(file) == DOCUMENT else short(_type(file))
    return {"attached": Attachment(reference_to(CHANNEL, ours.account, words_of(file, "id")), media_type)}


LONG_TEXT = "text/x-signal-plain"
UNREAD = {"audio": "voice", "video": "video"}


def _type(file: Json) -> str:
    found = file.get("contentType")
    return found.lower() if isinstance(found, str) else ""


CONTENT: Mapping[str, Callable[[Json, Ours], list[Content]]] = {
    "remoteDelete": _nothing,
    "adminDelete": _nothing,
    "pinMessage": _nothing,
    "unpinMessage": _nothing,
    "pollVote": _nothing,
    "pollTerminate": _nothing,
    "reaction": _reaction,
    "sticker": _refused("sticker"),
    "contacts": _refused("contact"),
    "pollCreate": _refused("poll"),
    "payment": _refused("other"),
    "attachments": _attachments,
}
"""What a message may hold besides words, by the field that holds it; the first that is there counts."""


# -- words, and places in them ---------------------------------------------------------------------------------

MAPS = re.compile(
    r"""(?:https?://(?:maps\.google\.[a-z.]+|(?:www\.)?google\.[a-z.]+|maps\.apple\.com)/[^\s?]*\?(?:[^\s&]*&)*(?:q|ll|query)=
        |geo:)
        (?P<latitude>-?\d{1,2}(?:\.\d+)?)(?:,|%2C)\s?(?P<longitude>-?\d{1,3}(?:\.\d+)?)[^\s]*""",
    re.IGNORECASE | re.VERBOSE,
)
"""Signal has no places of its own: its app writes a link to a map, below the place's name."""


def _written(text: str) -> Content:
    """Words; or a place, with its name where it has one, which is what counts where words are asked for."""
    found = MAPS.search(text)
    if found is None:
        return {"text": text}
    latitude, longitude = float(found["latitude"]), float(found["longitude"])
    if abs(latitude) > 90 or abs(longitude) > 180:
        return {"text": text}
    named = [line.strip() for line in (text[: found.start()] + text[found.end() :]).splitlines() if line.strip()]
    return {"place": Place(latitude, longitude), "text": ", ".join(named) or None}


# -- values, or Malformed --------------------------------------------------------------------------------------

DELIVERED_WITHIN = timedelta(days=60)
"""Signal keeps for weeks what a device did not fetch."""


def _person(of: Json, name: str) -> str:
    found = words_of(of, name).lower()
    if not UUID.fullmatch(found):
        raise Malformed
    return found


def _moment(envelope: Json, now: datetime) -> datetime:
    """When Signal took the message: its own clock, since a phone's may be wrong; now where that can't be."""
    thousandths = envelope.get("serverReceivedTimestamp")
    earliest = (now - DELIVERED_WITHIN).timestamp() * 1000
    if type(thousandths) is not int or not earliest <= thousandths <= now.timestamp() * 1000:
        return now
    return datetime.fromtimestamp(thousandths / 1000, UTC)
