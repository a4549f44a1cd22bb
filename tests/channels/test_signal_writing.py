"""What we ask signal-cli to send: to one person, in texts that fit, choices told in words, pictures as bytes."""

import base64
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.channels import Outgoing
from bot.signal.writing import CAPABILITIES, delete, write
from flows.messages import Button, Line, Media, Message
from storage.files import File
from tests.channels.test_contract import MESSAGES
from tests.signal.fakes import ACI, MARIE

PICTURE = Media("picture", f"file:{'a' * 64}", "The square.")
BYTES = File(b"\xff\xd8\xff jpeg", "image/jpeg")


def outgoing(message: Message) -> Outgoing:
    return Outgoing("1", ACI, MARIE, "en", message)


def sent(message: Message, file: File | None = None) -> list[dict[str, Any]]:
    calls = write(outgoing(message), file)
    assert all(call.method == "send" for call in calls)
    return [dict(call.parameters) for call in calls]


def ask(*buttons: Button, **more: Any) -> Message:
    return Message((Line("Well?", "ask"),), buttons, **more)


def test_choices_are_numbered_and_yes_and_no_are_words() -> None:
    [ways] = sent(ask(Button("On foot", "x:foot"), Button("By bicycle", "x:bike"), wants="choice"))
    assert ways["message"] == "Well?\n1. On foot\n2. By bicycle\nSend a number."
    [sure] = sent(ask(Button("Yes", "x:yes"), Button("No", "x:no"), wants="choice"))
    assert sure["message"] == "Well?\nSend YES or NO."


def test_a_message_goes_to_one_person() -> None:
    assert [one["recipient"] for one in sent(Message((Line("x" * 9_000),)))] == [[MARIE]] * 5


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=9_000))
def test_no_text_is_so_long_that_it_would_travel_as_a_file(text: str) -> None:
    texts = [one["message"] for one in sent(Message((Line(text),)))]
    assert all(0 < len(one.encode()) <= CAPABILITIES.longest for one in texts)


@pytest.mark.parametrize("message", MESSAGES, ids=range(len(MESSAGES)))
def test_everything_that_can_be_said_can_be_written(message: Message) -> None:
    assert all(one["message"] for one in sent(message))


def test_nothing_is_sent_of_what_says_nothing() -> None:
    assert sent(Message(())) == []
    assert sent(Message((Line("\u200b"),))) == []


def test_a_picture_goes_with_the_first_text_and_its_description_stays_in_the_words() -> None:
    first, second = sent(Message((Line("x" * 2_500),), (), PICTURE), BYTES)
    [address] = first["attachments"]
    head, _comma, content = address.partition(",")
    assert head == "data:image/jpeg;filename=file.jpg;base64"
    assert base64.b64decode(content) == BYTES.content
    assert "attachments" not in second
    assert second["message"].endswith("The square.")


def test_a_picture_that_can_not_be_had_is_told_in_words() -> None:
    [one] = sent(Message((Line("Look."),), (), PICTURE))
    assert one == {"recipient": [MARIE], "message": "Look.\nThe square."}


def test_what_everybody_can_see_is_told_by_its_address() -> None:
    [one] = sent(Message((Line("Look."),), (), Media("video", "https://a.example/v", "A film.")))
    assert one["message"] == "Look.\nA film. https://a.example/v"


def test_a_message_is_deleted_by_its_timestamp() -> None:
    call = delete(MARIE, "1804326040123")
    assert (call.method, call.parameters) == ("remoteDelete", {"recipient": [MARIE], "targetTimestamp": 1804326040123})
