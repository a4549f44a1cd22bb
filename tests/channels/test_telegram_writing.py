"""What Telegram is asked to do, written: within its limits whatever is said, and with nothing lost."""

import json
import re
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.channels import Outgoing
from bot.telegram.api import Call, Upload
from bot.telegram.reading import read
from bot.telegram.writing import (
    CAPABILITIES,
    LABEL,
    LONGEST_KEYBOARD,
    MARK,
    answered,
    commands,
    deep_link,
    described,
    units,
    write,
)
from flows.commands import command
from flows.messages import BACK, KEEP, SKIP, Button, Line, Media, Message, Role
from flows.texts import LANGUAGES
from storage.files import File, reference_of

BEARER = "AZUxq0dHgAA:how:"
PNG = File(b"\x89PNG", "image/png")
HOUSE = "https://montaubry.example/square.jpg"


def written(message: Message, file: File | str | None = None, **more: Any) -> list[Call]:
    return write(Outgoing("1", "7000000001", "6512340077", "fr", message), file, **more)


def choices(*labels: str, own: tuple[Button, ...] = ()) -> tuple[Button, ...]:
    return tuple(Button(label, f"{BEARER}c{number}") for number, label in enumerate(labels)) + own


GO_BACK = Button("Retour", BEARER + BACK, minor=True)
SKIP_IT = Button("Passer", BEARER + SKIP)


def asked(*labels: str, own: tuple[Button, ...] = ()) -> Message:
    return Message((Line("Alors ?", "ask"),), choices(*labels, own=own), wants="choice")


def labels(call: Call) -> list[list[str]]:
    markup = call.parameters.get("reply_markup", {"inline_keyboard": []})
    return [[button["text"] for button in row] for row in markup["inline_keyboard"]]


# -- one message -------------------------------------------------------------------------------------------------


def test_a_prompt_is_one_text_whose_question_stands_out_with_its_choices_below() -> None:
    message = Message(
        (Line("Noté : 🚗 en voiture.", "echo"), Line("Question 3 sur 6"), Line("Que venez-vous y faire ?", "ask")),
        choices("Mes courses", "Le marché", own=(GO_BACK,)),
    )
    [call] = written(message)
    assert call.method == "sendMessage"
    assert call.parameters == {
        "chat_id": "6512340077",
        "text": "Noté : 🚗 en voiture.\nQuestion 3 sur 6\nQue venez-vous y faire ?",
        "entities": [{"type": "bold", "offset": 39, "length": 24}],
        "link_preview_options": {"is_disabled": True},
        "reply_markup": {
            "inline_keyboard": [
                [
                    {"text": "Mes courses", "callback_data": BEARER + "c0"},
                    {"text": "Le marché", "callback_data": BEARER + "c1"},
                ],
                [{"text": "Retour", "callback_data": BEARER + BACK}],
            ]
        },
    }


def test_what_looks_like_markup_stays_words() -> None:
    [call] = written(Message((Line("*Gras* <b>ou</b> _non_ [lien](https://a.example)"),)))
    assert call.parameters["text"] == "*Gras* <b>ou</b> _non_ [lien](https://a.example)"
    assert "parse_mode" not in call.parameters
    assert "entities" not in call.parameters


@pytest.mark.parametrize("lines", [(), ("",), (" \n\t",), ("\u200b",)])
def test_an_empty_message_is_no_call(lines: tuple[str, ...]) -> None:
    assert written(Message(tuple(Line(text) for text in lines))) == []


def test_a_long_text_comes_in_several_and_its_choices_below_the_last() -> None:
    words = " ".join(f"mot{number}" for number in range(2_000))
    calls = written(Message((Line(words),), choices("Oui", "Non")))
    assert len(calls) > 1
    assert " ".join(call.parameters["text"] for call in calls) == words
    assert [labels(call) for call in calls] == [[]] * (len(calls) - 1) + [[["Oui", "Non"]]]


def test_an_emoji_counts_two() -> None:
    assert [units(call.parameters["text"]) for call in written(Message((Line("🌳" * 4_096),)))] == [4_096, 4_096]


# -- buttons -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("shown", "rows"),
    [
        (["Oui", "Non"], [2]),
        (["Oui", "Non", "Sans avis"], [2, 1]),
        (["Mes courses", "Le marché", "Voir du monde", "Des papiers"], [2, 2]),
        (["Tous les jours", "Chaque semaine", "Moins souvent"], [2, 1]),
        (["Plusieurs fois par semaine", "Oui"], [1, 1]),
        ([str(number) for number in range(1, 6)], [5]),
        ([str(number) for number in range(1, 11)], [5, 5]),
        ([str(number) for number in range(11)], [6, 5]),
    ],
)
def test_short_labels_stand_side_by_side_and_long_ones_alone(shown: list[str], rows: list[int]) -> None:
    [call] = written(asked(*shown))
    assert [len(row) for row in labels(call)] == rows
    assert [label for row in labels(call) for label in row] == shown


def test_buttons_that_are_no_answers_stand_last_and_together() -> None:
    [call] = written(asked("Plusieurs fois par semaine", "Oui", own=(SKIP_IT, GO_BACK)))
    assert labels(call) == [["Plusieurs fois par semaine"], ["Oui"], ["Passer", "Retour"]]


def test_labels_too_long_for_a_button_are_told_in_the_text_and_pressed_by_number() -> None:
    long = "Refaire les trottoirs devant la pharmacie"
    assert len(long) > LABEL
    [call] = written(asked(long, "Des bancs", own=(GO_BACK,)))
    assert call.parameters["text"] == f"Alors ?\n1. {long}\n2. Des bancs"
    assert labels(call) == [["1", "2"], ["Retour"]]


def test_more_choices_than_a_keyboard_holds_are_numbered_in_the_text() -> None:
    towns = [f"Commune {number}" for number in range(150)]
    [call] = written(asked(*towns, own=(GO_BACK,)))
    assert "150. Commune 149" in call.parameters["text"]
    assert labels(call) == [["Retour"]]


# -- what it shows -----------------------------------------------------------------------------------------------


def shows(kind: Any, address: str = HOUSE) -> Message:
    return replace(asked("Oui", "Non"), media=Media(kind, address, "La place du Marché."))


def test_a_picture_of_ours_is_sent_with_the_text_below_it() -> None:
    [call] = written(shows("picture", reference_of(PNG.content)), PNG)
    assert call.method == "sendPhoto"
    assert call.parameters["photo"] == Upload("photo.png", PNG.content, "image/png")
    assert call.parameters["caption"] == "Alors ?\nLa place du Marché."
    assert call.parameters["caption_entities"] == [{"type": "bold", "offset": 0, "length": 7}]
    assert labels(call) == [["Oui", "Non"]]


def test_a_file_that_the_platform_knows_goes_by_the_name_it_has_there() -> None:
    [call] = written(shows("document", reference_of(b"%PDF")), "BQACAgQAAxk")
    assert (call.method, call.parameters["document"]) == ("sendDocument", "BQACAgQAAxk")


def test_a_picture_elsewhere_is_fetched_by_the_platform_or_its_address_is_told() -> None:
    [shown] = written(shows("picture"))
    assert (shown.method, shown.parameters["photo"]) == ("sendPhoto", HOUSE)
    assert HOUSE not in shown.parameters["caption"]
    [told] = written(shows("picture"), by_address=False)
    assert told.method == "sendMessage"
    assert told.parameters["text"].endswith(f"La place du Marché. {HOUSE}")


def test_a_text_too_long_to_stand_below_a_picture_follows_it() -> None:
    message = replace(shows("picture"), lines=(Line("mot " * 300),))
    picture, text = written(message, PNG)
    assert picture.parameters.keys() == {"chat_id", "photo"}
    assert text.method == "sendMessage"
    assert (labels(picture), labels(text)) == ([], [["Oui", "Non"]])


def test_a_film_is_a_link_that_is_shown_large_and_no_other_link_is() -> None:
    [film] = written(shows("video"))
    assert film.parameters["text"].endswith(HOUSE)
    assert film.parameters["link_preview_options"] == {"url": HOUSE}
    [paper] = written(shows("document"))
    assert paper.parameters["text"].endswith(HOUSE)
    assert paper.parameters["link_preview_options"] == {"is_disabled": True}


def test_a_picture_of_ours_that_is_gone_is_still_described() -> None:
    [call] = written(shows("picture", reference_of(b"gone")))
    assert (call.method, call.parameters["text"]) == ("sendMessage", "Alors ?\nLa place du Marché.")


# -- whatever is said --------------------------------------------------------------------------------------------

TEXTS = st.one_of(
    st.text(max_size=60),
    st.sampled_from(["Oui", "Non", "1", "10", "🌳🌳 vert", "x" * 45]),
    st.builds(lambda word, count: f"{word} " * count, st.sampled_from(["mot", "🌳", "l’été"]), st.integers(0, 3_000)),
    st.integers(3_000, 9_000).map(lambda count: "🌳" * count),
)
ROLES: st.SearchStrategy[Role] = st.sampled_from(["echo", "say", "ask", "list"])
VALUES = st.sampled_from([BACK, SKIP, KEEP, "yes", "no", "a_choice_of_16ch"])
DATA = st.one_of(
    VALUES.map(lambda value: f"AZUxq0dHgAA:{'k' * 33}:{value}"), st.sampled_from(["!menu", "!help"]), st.just("x")
)
BUTTONS = st.builds(Button, TEXTS.map(lambda text: text[:80]), DATA, st.booleans())
MEDIA = st.builds(
    Media,
    st.sampled_from(["picture", "document", "video"]),
    st.sampled_from([HOUSE, reference_of(b"x")]),
    TEXTS.map(lambda text: text[:1_500]),
)
MESSAGES = st.builds(
    Message,
    st.lists(st.builds(Line, TEXTS, ROLES), max_size=5).map(tuple),
    st.builds(
        lambda buttons, times: tuple(buttons * times), st.lists(BUTTONS, max_size=9), st.sampled_from([1, 1, 14])
    ),
    st.none() | MEDIA,
    st.sampled_from(["nothing", "choice", "text", "place", "phone", "photo", "file"]),
)
FILES = st.sampled_from([None, PNG, "AgACAgQAAxk"])


def words(text: str) -> list[str]:
    """What is kept of a text that is cut: its letters and digits, in their order."""
    return re.findall(r"\w+", text)


def said(calls: list[Call]) -> str:
    """All that a person reads, one text after the other."""
    parts = [call.parameters.get("text", call.parameters.get("caption", "")) for call in calls]
    return "".join(parts) + " " + " ".join(label for call in calls for row in labels(call) for label in row)


@given(MESSAGES, FILES, st.booleans())
def test_whatever_is_said_stays_within_the_platform_s_limits(
    message: Message, file: File | str | None, by_address: bool
) -> None:
    for call in written(message, file, by_address=by_address):
        given = call.parameters
        if call.method == "sendMessage":
            assert given["text"].strip()
        text = given.get("text", given.get("caption", ""))
        assert units(text) <= (4_096 if "text" in given else 1_024)
        for entity in given.get("entities", given.get("caption_entities", [])):
            assert entity["offset"] + entity["length"] <= units(text)
        rows = given.get("reply_markup", {"inline_keyboard": []})["inline_keyboard"]
        assert len(orjson.dumps(rows)) <= LONGEST_KEYBOARD
        assert sum(map(len, rows)) <= 100
        for row in rows:
            assert 0 < len(row) <= 8
            for button in row:
                assert button["text"]
                assert 0 < len(button["callback_data"].encode()) <= 64, button


@given(MESSAGES, FILES, st.booleans())
def test_nothing_that_is_said_is_lost(message: Message, file: File | str | None, by_address: bool) -> None:
    calls = written(message, file, by_address=by_address)
    found = "".join(words(said(calls)))
    told = [line.text for line in message.lines] + [button.label for button in message.buttons]
    if message.media is not None:
        told.append(message.media.description)
    for text in told:
        assert "".join(words(text)) in found
    lasts = calls[-1:] if message.buttons else []
    assert all("reply_markup" not in call.parameters for call in calls if call not in lasts)


# -- a tap is answered -------------------------------------------------------------------------------------------

TAPPED: dict[str, Any] = json.loads(
    (Path(__file__).parent / "recorded" / "telegram" / "updates" / "tap.json").read_text("utf-8")
)


def answers(data: str, marked: str = "") -> list[Call]:
    """What follows on a tap below a prompt on which the choice `marked` was pressed before."""
    update = json.loads(json.dumps(TAPPED))
    update["callback_query"]["data"] = data
    for row in update["callback_query"]["message"]["reply_markup"]["inline_keyboard"]:
        for button in row:
            if button["callback_data"] == marked:
                button["text"] = MARK + button["text"]
    return answered(read(update, "7000000001", datetime.now(UTC)))


def test_a_tap_stops_glowing_and_its_answer_is_marked() -> None:
    glow, mark = answers(BEARER + "car")
    assert glow == Call("answerCallbackQuery", {"callback_query_id": TAPPED["callback_query"]["id"]})
    prompt = TAPPED["callback_query"]["message"]
    assert mark.method == "editMessageReplyMarkup"
    assert (mark.parameters["chat_id"], mark.parameters["message_id"]) == (6512340077, prompt["message_id"])
    assert labels(mark) == [["À pied", "À vélo"], ["✓ En voiture", "En bus"], ["Retour"]]
    data = [[button["callback_data"] for button in row] for row in mark.parameters["reply_markup"]["inline_keyboard"]]
    kept = [[button["callback_data"] for button in row] for row in prompt["reply_markup"]["inline_keyboard"]]
    assert data == kept


def test_the_mark_moves_when_another_is_pressed() -> None:
    _glow, mark = answers(BEARER + "foot", marked=BEARER + "car")
    assert labels(mark) == [["✓ À pied", "À vélo"], ["En voiture", "En bus"], ["Retour"]]


@pytest.mark.parametrize("data", [BEARER + BACK, BEARER + "car", BEARER + "plane", "!menu"])
def test_nothing_is_marked_anew_by_the_same_tap_or_one_that_is_no_answer(data: str) -> None:
    assert [call.method for call in answers(data, marked=BEARER + "car")] == ["answerCallbackQuery"]


def test_a_text_is_not_answered_like_a_tap() -> None:
    assert answered(read({"update_id": 1, "message": {}}, "1", datetime.now(UTC))) == []


# -- how it presents itself --------------------------------------------------------------------------------------


def test_the_menu_is_told_in_every_language_and_to_everybody_else() -> None:
    calls = commands()
    assert [call.parameters.get("language_code") for call in calls] == [None, *LANGUAGES]
    for call in calls:
        assert call.method == "setMyCommands"
        for one in call.parameters["commands"]:
            assert re.fullmatch(r"[a-z0-9_]{1,32}", one["command"])
            assert 1 <= len(one["description"]) <= 256
        names = [one["command"] for one in call.parameters["commands"]]
        assert len(set(names)) == len(names)


def test_a_language_that_the_interface_does_not_speak_has_the_menu_in_english() -> None:
    calls = commands(["oc", "gsw"])
    assert [call.parameters.get("language_code") for call in calls] == [None, "oc"]
    english = commands(["en"])[0].parameters["commands"]
    assert [call.parameters["commands"] for call in calls] == [english, english]
    assert len(described("Montauban", ["oc", "gsw"])) == 4


def test_every_command_of_the_menu_is_one_that_is_understood() -> None:
    for call in commands():
        for one in call.parameters["commands"]:
            meant = command(f"/{one['command']}@montaubry_bot")
            assert meant is not None
            assert meant[1]


def test_the_bot_says_whose_robot_it_is_within_the_platform_s_limits() -> None:
    [whole, short, *_others] = described("la mairie de Montaubry")
    assert whole.parameters["description"].startswith("Je suis le robot de la mairie de Montaubry.\n")
    assert short.parameters == {"short_description": "Je suis le robot de la mairie de Montaubry."}
    for call in described("x" * 1_000):
        assert len(call.parameters.get("short_description", "")) <= 120
        assert len(call.parameters.get("description", "")) <= 512


@pytest.mark.parametrize(("code", "fits"), [("PAIN22", True), ("a-b_C9", True), ("x" * 64, True)])
def test_a_poster_s_link_opens_the_bot_with_its_code(code: str, fits: bool) -> None:
    assert deep_link("montaubry_bot", code) == f"https://t.me/montaubry_bot?start={code}"


@pytest.mark.parametrize("code", ["", "x" * 65, "à", "a b", "a/b", "PAIN22\n"])
def test_a_code_that_a_link_can_not_carry_has_none(code: str) -> None:
    assert deep_link("montaubry_bot", code) is None


def test_what_telegram_lets_the_town_know_is_said_and_its_limits_are_kept() -> None:
    assert (CAPABILITIES.name, CAPABILITIES.hosted, CAPABILITIES.identity is not None) == ("telegram", True, True)
    assert CAPABILITIES.rates is not None
    assert (CAPABILITIES.rates.overall, CAPABILITIES.rates.person, CAPABILITIES.rates.group) == (30, 1, 20)
