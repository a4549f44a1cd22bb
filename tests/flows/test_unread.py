"""What can't be read is refused with what to do instead, and the question is asked again."""

import pytest

from flows.conversation import Ending, Talk
from flows.messages import DOCUMENT, Attachment, Incoming
from flows.routing import UNREAD, route
from flows.texts import translate
from tests.flows.harness import talking

PLAN = Attachment("file:1", DOCUMENT)
NO_DOCUMENT = "I open only photos and PDF documents, where one is asked for. Otherwise please answer in writing."


async def why(talk: Talk) -> Ending:
    await talk.ask("why", "What should change?")
    return None


@pytest.mark.parametrize(
    ("kind", "sentence"),
    [
        ("voice", "I can’t listen to voice messages. Please answer by a button or in writing."),
        ("edit", "I keep what you wrote first. To change an answer, write “correct”."),
        ("document", NO_DOCUMENT),
        ("large", "This file is larger than 10 MB. Please send a smaller one."),
        (
            "contact",
            "This number is somebody else’s, and I don’t keep it. Please answer by a button or in writing.",
        ),
        ("sticker", "I can’t read this kind of message yet. Please answer by a button or in writing."),
    ],
)
def test_what_can_not_be_read_is_told_what_to_do_instead(kind: str, sentence: str) -> None:
    h = talking(why)
    assert h._route(unread=kind) == [sentence, "What should change?"]
    assert h.record.waiting == "why"


@pytest.mark.parametrize("kind", UNREAD)
@pytest.mark.parametrize("language", ["fr", "en"])
def test_each_refusal_is_short_enough_to_be_read(kind: str, language: str) -> None:
    assert all(len(line) <= 120 for line in talking(why, language=language)._route(unread=kind))


def test_a_document_that_nothing_asks_for_is_never_taken_in_silence() -> None:
    """Not by its caption either: the answer would be kept, and the document lost."""
    h = talking(why)
    assert h._route(attached=PLAN, text="the plan") == [NO_DOCUMENT, "What should change?"]
    assert h.record.waiting == "why"
    h.hear("Benches")
    incoming = Incoming("test", "montaubry", "someone", "1", h.now, attached=PLAN)
    [said] = route(incoming, h._known()).lead
    assert translate(said, "en") == NO_DOCUMENT
