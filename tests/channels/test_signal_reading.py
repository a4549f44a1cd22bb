"""signal-cli's events, read: what is heard of each, and that nothing which comes can make the reader fail."""

import copy
import json
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.seats import fit
from bot.signal.reading import Ours, read
from flows.messages import DOCUMENT, Attachment, Incoming, Place
from flows.pictures import LARGEST
from storage.files import REFERENCE
from tests.signal.fakes import ACI, CLOCK, MARIE, NOON, NUMBER, enveloped, event

OURS = Ours(ACI, NUMBER)
PAUL = "11111111-2222-4333-8444-555555555555"


def heard(one: Any) -> Incoming:
    [incoming] = read(one, OURS, NOON)
    return incoming


def said(incoming: Incoming) -> dict[str, Any]:
    """What it brings, besides where it comes from."""
    fields = ("text", "tap", "code", "attached", "place", "language", "unread", "presence", "about")
    return {name: found for name in fields if (found := getattr(incoming, name)) is not None}


def file(kind: str = "image/jpeg", id: str = "Ab3-_x.jpg", size: int | None = 1000) -> dict[str, Any]:
    return {"contentType": kind, "filename": None, "id": id, "size": size, "width": 640, "height": 480, "caption": None}


def reaction(
    emoji: str, *, author: str | None = ACI, number: str | None = None, remove: bool = False
) -> dict[str, Any]:
    whose = {"targetAuthor": author, "targetAuthorNumber": number, "targetAuthorUuid": author}
    return {"reaction": {"emoji": emoji, **whose, "targetSentTimestamp": 1804326040123, "isRemove": remove}}


def quote(author: str | None = ACI, number: str | None = None) -> dict[str, Any]:
    shape = {"id": 1804326040123, "author": author, "authorNumber": number, "authorUuid": author}
    return {"quote": {**shape, "text": "Comment venez-vous ?", "attachments": []}}


PICTURE = Attachment(f"signal:{ACI}:Ab3-_x.jpg", "image/jpeg")
MAP = "https://maps.google.com/maps?q=48.1113%2C-1.6800"
ABOUT = {"about": "1804326040123"}

SAYS: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "a text": (event(text="Les bancs"), {"text": "Les bancs"}),
    "a picture": (event(text=None, attachments=[file()]), {"attached": PICTURE}),
    "a picture with words": (event(text="Ici", attachments=[file()]), {"attached": PICTURE, "text": "Ici"}),
    "a document": (
        event(text=None, attachments=[file("application/pdf", "p.pdf")]),
        {"attached": Attachment(f"signal:{ACI}:p.pdf", DOCUMENT)},
    ),
    "another document": (event(text=None, attachments=[file("text/csv")]), {"unread": "document"}),
    "a voice message": (event(text=None, attachments=[file("audio/aac")]), {"unread": "voice"}),
    "a film": (event(text=None, attachments=[file("video/mp4")]), {"unread": "video"}),
    "a large picture": (event(text=None, attachments=[file(size=LARGEST + 1)]), {"unread": "large"}),
    "a long text": (event(text="Il y a", attachments=[file("text/x-signal-plain")]), {"text": "Il y a"}),
    "a sticker": (event(text=None, sticker={"packId": "ab", "stickerId": 1}), {"unread": "sticker"}),
    "a contact": (event(text=None, contacts=[{"name": {}}]), {"unread": "contact"}),
    "an edit": (
        enveloped(
            editMessage={"targetSentTimestamp": CLOCK - 9, "dataMessage": {"timestamp": CLOCK, "message": "Trois"}}
        ),
        {"unread": "edit"},
    ),
    "a place": (event(text=MAP, attachments=[file()]), {"place": Place(48.1113, -1.68)}),
    "a place with its name": (
        event(text=f"Gare\n5 place de la Gare\n{MAP}", attachments=[file()]),
        {"place": Place(48.1113, -1.68), "text": "Gare, 5 place de la Gare"},
    ),
    "a link of another map": (
        event(text="https://maps.apple.com/?ll=48.5,-1.5&t=m"),
        {"place": Place(48.5, -1.5)},
    ),
    "a place that is none": (
        event(text="https://maps.google.com/maps?q=98.1%2C-1.6"),
        {"text": "https://maps.google.com/maps?q=98.1%2C-1.6"},
    ),
    "a link to a page": (event(text="https://google.com/?q=bancs"), {"text": "https://google.com/?q=bancs"}),
    "a keycap": (event(text=None, **reaction("2️⃣")), {"text": "2"} | ABOUT),
    "ten": (event(text=None, **reaction("🔟")), {"text": "10"} | ABOUT),
    "a thumb": (event(text=None, **reaction("👍")), {"text": "yes"} | ABOUT),
    "a thumb of a colour": (event(text=None, **reaction("👍🏿")), {"text": "yes"} | ABOUT),
    "a thumb that points down": (event(text=None, **reaction("👎🏽")), {"text": "no"} | ABOUT),
    "a reaction by our number": (
        event(text=None, **reaction("1️⃣", author=None, number=NUMBER)),
        {"text": "1"} | ABOUT,
    ),
    "a quote of ours": (event(text="2", **quote()), {"text": "2"} | ABOUT),
    "a quote of ours by number": (event(text="2", **quote(None, NUMBER)), {"text": "2"} | ABOUT),
    "a quote of their own": (event(text="2", **quote(MARIE)), {"text": "2"}),
    "a quote of nobody": (event(text="2", **quote(None)), {"text": "2"}),
}

NOTHING: dict[str, Any] = {
    "a receipt": enveloped(receiptMessage={"when": CLOCK, "isDelivery": True, "timestamps": [CLOCK]}),
    "typing": enveloped(typingMessage={"action": "STARTED", "timestamp": CLOCK}),
    "what another device sent": enveloped(
        syncMessage={"sentMessage": {"destination": PAUL, "timestamp": CLOCK, "message": "oui"}}
    ),
    "a story": enveloped(storyMessage={"allowsReplies": True, "textAttachment": {"text": "oui"}}),
    "a call": enveloped(callMessage={"offerMessage": {"id": 1}}),
    "an answer to a story": event(storyContext={"authorUuid": ACI, "sentTimestamp": 1}),
    "a word in a group": event(groupInfo={"groupId": "ab=", "type": "DELIVER"}),
    "a thumb in a group": event(text=None, groupInfo={"groupId": "ab="}, **reaction("👍")),
    "a change of how long messages last": event(text=None, isExpirationUpdate=True),
    "a deletion": event(text=None, remoteDelete={"timestamp": CLOCK - 1}),
    "a vote in a poll": event(text=None, pollVote={"targetSentTimestamp": 1}),
    "a reaction that says nothing": event(text=None, **reaction("❤️")),
    "a reaction that is taken off": event(text=None, **reaction("👍", remove=True)),
    "a reaction on their own message": event(text=None, **reaction("👍", author=MARIE)),
    "an empty message": event(text=None),
    "a message of no words": event(text=""),
    "what we wrote ourselves": event(person=ACI),
    "what came to another number": {**event(), "account": "+33600000002"},
    "what comes from a number alone": enveloped(person=None, dataMessage={"timestamp": CLOCK, "message": "oui"}),
    "what could not be decrypted": {**enveloped(), "exception": {"message": "no", "type": "ProtocolInvalidMessage"}},
    "what has no envelope": {"account": NUMBER, "exception": {"message": "no", "type": "IOException"}},
}


@pytest.mark.parametrize("name", SAYS)
def test_what_a_resident_sends_is_heard(name: str) -> None:
    one, expected = SAYS[name]
    assert said(heard(one)) == expected


@pytest.mark.parametrize("name", NOTHING)
def test_what_nobody_says_to_us_is_nothing(name: str) -> None:
    assert read(NOTHING[name], OURS, NOON) == []


def test_who_it_comes_from_and_where_to() -> None:
    one = heard(event(text="oui"))
    assert (one.channel, one.account, one.sender) == ("signal", ACI, MARIE)
    assert one.at == NOON - timedelta(milliseconds=100)


def test_a_repeat_has_the_same_key_and_nothing_else_has() -> None:
    once, again = heard(event(CLOCK, "oui")), heard(event(CLOCK, "oui"))
    assert once.key == again.key
    others = [heard(event(CLOCK + 1, "oui")), heard(event(CLOCK, "oui", PAUL))]
    assert len({once.key, *(one.key for one in others)}) == 3


def test_the_key_names_nobody() -> None:
    assert MARIE not in heard(event()).key


@pytest.mark.parametrize("told", [None, -1, CLOCK * 2, "soon", 0, True])
def test_a_time_that_can_not_be_is_now(told: Any) -> None:
    one = event()
    one["envelope"]["serverReceivedTimestamp"] = told
    assert heard(one).at == NOON


def test_what_a_file_is_called_is_a_reference_that_showing_and_erasing_find() -> None:
    for id in ("Ab3-_x.jpg", "fb9788561712e8e5216a.pdf", "1234567890"):
        found = heard(event(text=None, attachments=[file() | {"id": id}]))
        assert found.attached is not None
        assert REFERENCE.fullmatch(found.attached.reference)
        assert REFERENCE.findall(json.dumps({"photo": found.attached.reference})) == [found.attached.reference]


def test_each_of_several_photos_is_a_message_and_the_words_go_with_the_first() -> None:
    sent = [file(id="one.jpg"), file("audio/aac", "no.m4a"), file(id="two.jpg"), file(id="big.jpg", size=LARGEST + 1)]
    first, second, third = read(event(text="la place", attachments=sent), OURS, NOON)
    assert (first.attached, first.text) == (Attachment(f"signal:{ACI}:one.jpg"), "la place")
    assert (second.attached, second.text) == (Attachment(f"signal:{ACI}:two.jpg"), None)
    assert (third.attached, third.unread) == (None, "large")
    assert len({first.key, second.key, third.key}) == 3


def test_whatever_is_in_an_attachments_name_is_taken_as_it_is_or_not_at_all() -> None:
    for id in ("", "a\nb", "a/b", 'a"b', "é.jpg", "x" * 300, None, 7):
        assert read(event(text=None, attachments=[file() | {"id": id}]), OURS, NOON) == []


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@given(JSON)
def test_whatever_comes_raises_nothing(anything: Any) -> None:
    assert read(anything, OURS, NOON) == []
    read({"envelope": anything, "account": NUMBER}, OURS, NOON)
    read(enveloped(dataMessage=anything), OURS, NOON)
    read(enveloped(editMessage={"dataMessage": anything}), OURS, NOON)


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Where something stands in this JSON."""
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(found for key, inner in inside for found in places(inner, (*path, key)))]


@given(st.data())
def test_an_event_with_anything_put_anywhere_raises_nothing_and_fits_the_database(data: st.DataObject) -> None:
    one = copy.deepcopy(data.draw(st.sampled_from([*(one for one, _said in SAYS.values()), *NOTHING.values()])))
    for _ in range(data.draw(st.integers(1, 3))):
        *path, last = data.draw(st.sampled_from([path for path in places(one) if path]))
        inside = one
        for key in path:
            inside = inside[key]
        inside[last] = data.draw(JSON)
    for incoming in read(one, OURS, NOON):
        kept = fit(incoming)
        assert kept.text is None or kept.text.isprintable() or "\n" in kept.text
        assert incoming.unpack(incoming.pack()) == incoming
