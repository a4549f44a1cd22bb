"""Telegram's updates, read: what is heard of each, and that nothing which comes can make the reader fail."""

import copy
import json
import subprocess
import sys
import timeit
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import process_time
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.seats import fit
from bot.telegram.reading import NOTHING, UPDATES, Pressed, Reading, read
from flows.messages import DOCUMENT, Attachment, Button, Incoming, Place
from flows.pictures import LARGEST

ACCOUNT = "7000000001"
NOW = datetime(2027, 3, 6, 10, 0, tzinfo=UTC)
FOLDER = Path(__file__).parent / "recorded" / "telegram" / "updates"
RECORDED: dict[str, Any] = {file.stem: json.loads(file.read_text("utf-8")) for file in sorted(FOLDER.glob("*.json"))}
BEARER = "AZUxq0dHgAA"


def recorded(name: str) -> Any:
    """An update that a test may change."""
    return copy.deepcopy(RECORDED[name])


def heard(update: Any) -> Incoming:
    incoming = read(update, ACCOUNT, NOW).incoming
    assert incoming is not None
    return incoming


def picture(file_id: str, media_type: str = "image/jpeg") -> Attachment:
    return Attachment(f"telegram:{ACCOUNT}:{file_id}", media_type)


LARGEST_SIZE = picture("AgACAgQAAxkBAAIBtGfJ1trottoirA1AALsrTEbQ2xRUgy")

SAYS: dict[str, dict[str, Any]] = {
    "text": {"text": "Les trottoirs sont trop hauts devant la pharmacie"},
    "start": {"code": ""},
    "start_with_a_payload": {"code": "boulangerie"},
    "start_at_its_name": {"code": "boulangerie"},
    "command": {"text": "/menu"},
    "text_with_entities": {"text": "Écrivez à mairie@montaubry.example ou https://montaubry.example 🌳"},
    "premium_emoji": {"text": "Oui 🌳"},
    "reply_with_a_quote": {"text": "Les bancs"},
    "forwarded": {"text": "Réunion mardi à 18 h"},
    "no_username_no_language": {"text": "bonjour", "sender": "6512340078", "language": None},
    "tap": {"tap": f"{BEARER}:how:car"},
    "tap_below_a_photo": {"tap": "!menu"},
    "tap_below_a_message_too_old": {"tap": f"{BEARER}:how:foot"},
    "photo": {"attached": LARGEST_SIZE, "text": "Voilà le trottoir"},
    "photo_of_an_album": {"attached": LARGEST_SIZE},
    "live_photo": {"attached": LARGEST_SIZE},
    "picture_as_a_document": {
        "attached": picture("BQACAgQAAxkBAAIBt2fJ1picture", "image/png"),
        "text": "Le même en plus net",
    },
    "location": {"place": Place(44.018372, 1.355412)},
    "live_location": {"place": Place(44.018372, 1.355412)},
    "venue": {"place": Place(44.0175, 1.3541), "text": "Pharmacie du Marché, 3 place du Marché"},
    "own_contact": {"text": "+33639980142"},
    "foreign_contact": {"unread": "contact"},
    "edited_message": {"unread": "edit"},
    "document": {"attached": picture("BQACAgQAAxkBAAIBuGfJ1plan", DOCUMENT)},
    "document_of_another_kind": {"unread": "document"},
    "document_too_large": {"unread": "large"},
    "kind_of_the_future": {"unread": "other"},
    **{kind: {"unread": kind} for kind in ("voice", "video_note", "animation", "sticker", "dice", "poll", "story")},
    "kicked": {"presence": "left"},
    "member_again": {"presence": "back"},
}
SILENT = {
    *("group_message", "group_start", "group_added", "group_tap", "channel_post", "from_a_bot"),
    *("pinned", "auto_delete_timer", "live_location_that_moves", "tap_without_data", "tap_outside_of_any_chat"),
}


def test_everything_recorded_is_expected_here() -> None:
    assert set(RECORDED) == set(SAYS) | SILENT


@pytest.mark.parametrize("name", SAYS)
def test_what_was_recorded_is_heard_as_it_should(name: str) -> None:
    found = heard(RECORDED[name])
    expected = {"sender": "6512340077", "language": "fr", **SAYS[name]}
    whole = Incoming("telegram", ACCOUNT, key=found.key, at=found.at, **expected)
    assert found == whole
    assert found.key.startswith(f"{RECORDED[name]['update_id']}.")


@pytest.mark.parametrize("name", sorted(SILENT))
def test_groups_channels_other_bots_and_what_nobody_wrote_are_not_heard(name: str) -> None:
    assert read(RECORDED[name], ACCOUNT, NOW).incoming is None


def test_every_key_is_another() -> None:
    keys = [found.incoming.key for one in RECORDED.values() if (found := read(one, ACCOUNT, NOW)).incoming]
    assert len(set(keys)) == len(keys)


def test_numbers_that_begin_anew_are_no_repeats() -> None:
    """After a week of silence the platform goes on at a random number, maybe one that was heard before."""
    one, other = recorded("text"), recorded("text")
    assert heard(one).key == heard(other).key
    other["message"]["message_id"] += 1_000
    assert heard(one).key != heard(other).key


def test_a_key_leads_to_nobody() -> None:
    """It is kept when a person is erased."""
    assert all("6512340077" not in heard(RECORDED[name]).key for name in SAYS)


# -- the words ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("typed", "code"),
    [
        ("/start", ""),
        ("/START PAIN22 ", "PAIN22"),
        ("/start  a\nb", "a\nb"),
        ("/start@a_bot", ""),
        ("/start " + "x" * 5_000, "x" * 64),
        ("/start pain\x00\u202e22", "pain22"),
        ("/started", None),
        ("/start-up", None),
        ("start", None),
        (" /start", None),
    ],
)
def test_a_code_comes_behind_start_and_nothing_else_is_one(typed: str, code: str | None) -> None:
    update = recorded("text")
    update["message"]["text"] = typed
    found = heard(update)
    assert (found.code, found.text) == ((code, None) if code is not None else (None, typed))


def test_of_a_photo_the_largest_is_taken_that_is_kept() -> None:
    update = recorded("photo")
    sizes = update["message"]["photo"]
    sizes[-1]["file_size"] = LARGEST + 1
    assert heard(update).attached == picture(sizes[-2]["file_id"])
    for size in sizes:
        size["file_size"] = LARGEST + 1
    assert heard(update).attached == picture(sizes[-1]["file_id"])


@pytest.mark.parametrize("number", ["33639980142", "+33639980142"])
def test_one_s_own_number_is_an_answer_with_its_country(number: str) -> None:
    update = recorded("own_contact")
    update["message"]["contact"]["phone_number"] = number
    assert heard(update).text == "+33639980142"


@pytest.mark.parametrize("point", [(91, 0), (0, 181), (float("nan"), 0), (0, float("inf")), ("1", 0), (True, None)])
def test_a_place_that_is_nowhere_is_none(point: tuple[Any, Any]) -> None:
    update = recorded("location")
    update["message"]["location"].update(latitude=point[0], longitude=point[1])
    assert read(update, ACCOUNT, NOW) == NOTHING


# -- the time ----------------------------------------------------------------------------------------------------


def test_a_message_is_of_when_it_was_sent() -> None:
    assert heard(RECORDED["text"]).at == datetime(2027, 3, 6, 9, 40, 1, tzinfo=UTC)


def test_an_edit_is_of_when_it_was_edited_and_a_tap_of_now() -> None:
    update = recorded("edited_message")
    assert heard(update).at == datetime.fromtimestamp(update["edited_message"]["edit_date"], UTC)
    assert heard(RECORDED["tap"]).at == NOW


@pytest.mark.parametrize("date", [0, -1, 10**30, None, "1", 1.5, True, int((NOW + timedelta(1)).timestamp())])
def test_a_time_that_can_not_be_is_now(date: Any) -> None:
    update = recorded("text")
    update["message"]["date"] = date
    assert heard(update).at == NOW


# -- taps --------------------------------------------------------------------------------------------------------


def test_a_tap_brings_along_the_prompt_it_was_on() -> None:
    found = read(RECORDED["tap"], ACCOUNT, NOW)
    rows = (("À pied", "foot"), ("À vélo", "bike")), (("En voiture", "car"), ("En bus", "bus")), (("Retour", "-back"),)
    keyboard = tuple(tuple(Button(label, f"{BEARER}:how:{id_}") for label, id_ in row) for row in rows)
    prompt = RECORDED["tap"]["callback_query"]["message"]
    assert found.query == RECORDED["tap"]["callback_query"]["id"]
    assert found.pressed == Pressed(6512340077, prompt["message_id"], keyboard)


@pytest.mark.parametrize(
    "name", ["tap_below_a_message_too_old", "tap_without_data", "tap_outside_of_any_chat", "group_tap"]
)
def test_a_tap_of_which_little_is_known_is_still_answered(name: str) -> None:
    found = read(RECORDED[name], ACCOUNT, NOW)
    assert found.query == RECORDED[name]["callback_query"]["id"]
    assert found.pressed is None


def test_what_is_no_tap_expects_nothing() -> None:
    assert read(RECORDED["text"], ACCOUNT, NOW) == Reading(heard(RECORDED["text"]))


# -- whatever comes ----------------------------------------------------------------------------------------------

STRINGS = st.text(st.characters(), max_size=8)
"""Lone surrogates too."""
SCALARS = st.one_of(st.none(), st.booleans(), st.integers(), st.integers(10**17, 10**400), st.floats(), STRINGS)
NAMES = (
    *("update_id", *UPDATES, "message_id", "chat", "from", "date", "text", "caption", "photo", "file_id", "file_size"),
    *("document", "mime_type", "location", "latitude", "longitude", "venue", "contact", "user_id", "id", "type"),
    *("phone_number", "reply_markup", "inline_keyboard", "callback_data", "new_chat_member", "status", "data"),
)
WORDS = st.sampled_from(NAMES)
JSON = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(WORDS | STRINGS, inner, max_size=6)
)


def places(of: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Where something stands in a JSON value, the outermost first."""
    inside = of.items() if isinstance(of, dict) else enumerate(of) if isinstance(of, list) else ()
    return [path, *(place for key, inner in inside for place in places(inner, (*path, key)))]


def changed(of: Any, path: tuple[Any, ...], new: Any) -> Any:
    """The same with something else in one place; `...` leaves it out."""
    if not path:
        return None if new is ... else new
    first, *rest = path
    if not rest and new is ...:
        del of[first]
    else:
        of[first] = changed(of[first], tuple(rest), new)
    return of


@st.composite
def damaged(draw: st.DrawFn) -> Any:
    """A recorded update with something in it gone, replaced, or moved in from another one."""
    update = recorded(draw(st.sampled_from(sorted(RECORDED))))
    for _ in range(draw(st.integers(1, 4))):
        path = draw(st.sampled_from(places(update)))
        other = recorded(draw(st.sampled_from(sorted(RECORDED))))
        moved = part(other, draw(st.sampled_from(places(other))))
        new = draw(st.one_of(st.just(...), st.just(moved), JSON))
        update = changed(update, path, new)
    return update


def part(of: Any, path: tuple[Any, ...]) -> Any:
    for key in path:
        of = of[key]
    return of


@given(st.one_of(damaged(), JSON, st.dictionaries(WORDS, JSON)))
def test_nothing_that_comes_makes_the_reader_fail(update: Any) -> None:
    found = read(update, ACCOUNT, NOW)
    incoming = found.incoming
    if incoming is None:
        return
    for words in (incoming.key, incoming.sender, incoming.text, incoming.tap, incoming.code, incoming.language):
        assert words is None or isinstance(words, str)
    assert incoming.at.tzinfo is UTC
    assert len(incoming.key) < 300
    assert Incoming.unpack(fit(incoming).pack()) == fit(incoming)


def test_a_message_is_read_in_a_few_microseconds() -> None:
    """Measured beside the parsing of its JSON, so that a busy machine is no matter."""
    bodies = [orjson.dumps(RECORDED[name]) for name in ("text", "tap", "start_with_a_payload", "photo")]
    updates = [orjson.loads(body) for body in bodies]
    parsing = fastest(lambda: [orjson.loads(body) for body in bodies])
    reading = fastest(lambda: [read(one, ACCOUNT, NOW) for one in updates])
    assert reading < 12 * parsing, (reading, parsing)


def fastest(run: Callable[[], Any]) -> float:
    """Seconds of our own processor time."""
    return min(timeit.repeat(run, timer=process_time, number=200, repeat=9))


def test_reading_and_writing_import_neither_library() -> None:
    program = (
        "import sys, bot.telegram.reading, bot.telegram.writing, bot.telegram.replies;"
        "assert not {'aiogram', 'aiohttp', 'telegram'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", program], check=True, cwd=Path(__file__).parent.parent.parent)
