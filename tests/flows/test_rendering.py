"""One renderer for all channels: whatever they can't show is told, everything fits, every choice can still be given."""

from __future__ import annotations

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from flows.answers import Choice, Heard, OneOf
from flows.composing import prompted
from flows.folding import fold
from flows.messages import SKIP, Button, Line, Media, Message, Wants
from flows.prompt import Prompt
from flows.rendering import Capabilities, meant, numbered, pressed, render, to_send
from flows.run import Show
from flows.texts import Words

WORDS = ("Oui", "Non", "Yes", "No", "sans", "avis", "À", "vélo", "trottoirs", "1", "2", "10", "🌳", "l'école", "Market")
LABELS = st.lists(st.sampled_from(WORDS), min_size=1, max_size=5).map(" ".join)
IDS = st.sampled_from(["yes", "no", "none", "send", "a", "b", "c", "d", "e"])
CHANNELS = st.builds(
    Capabilities,
    st.just("any"),
    buttons=st.booleans(),
    numbered=st.booleans(),
    longest=st.integers(40, 400),
    unit=st.sampled_from(["characters", "utf16", "bytes"]),
    label=st.integers(4, 40),
    photos=st.booleans(),
    places=st.booleans(),
)
LANGUAGES = st.sampled_from(["fr", "en"])


@st.composite
def readers(draw: st.DrawFn) -> OneOf:
    """Choices that can be told apart in either language: no label is another's, nor begins with a word that stands in
    what another is called in the other language; and what is a number is one in both."""
    ids = draw(st.lists(IDS, min_size=1, max_size=6, unique=True))
    labels = [Words(fr=draw(LABELS), en=draw(LABELS)) for _ in ids]
    assume(all(fold(label["fr"]).isdecimal() == fold(label["en"]).isdecimal() for label in labels))
    for at, label in enumerate(labels):
        others = {fold(word) for other in (*labels[:at], *labels[at + 1 :]) for word in other.values()}
        assume(not others & {fold(word) for word in label.values()})
        begins = [(fold(label[of]).split()[0], other) for of, other in (("fr", "en"), ("en", "fr"))]
        rest = [one for one in labels if one is not label]
        assume(not any(word in fold(one[other]).split() for word, other in begins for one in rest))
    return OneOf(tuple(Choice(id_, label) for id_, label in zip(ids, labels, strict=True)))


def asked(reader: OneOf, language: str, *, optional: bool, back: bool) -> Message:
    show = Show("q", Prompt(Words(fr="La question ?", en="The question?"), reader), optional, back)
    return prompted(show, 77, language, None)


def bare(text: str) -> str:
    """Without blanks and capitals: where a text is cut, and what is shouted, may differ."""
    return "".join(text.split()).casefold()


@given(readers(), CHANNELS, LANGUAGES, st.booleans(), st.booleans())
def test_nothing_is_lost_and_every_piece_fits(
    reader: OneOf, channel: Capabilities, language: str, optional: bool, back: bool
) -> None:
    message = asked(reader, language, optional=optional, back=back)
    shown = render(message, channel, language)
    assert all(channel.fits(text) for text in shown.texts)
    assert all(len(button.label) <= channel.label for button in shown.buttons)
    whole = bare("".join(shown.texts))
    on_buttons = [button.label for button in shown.buttons]
    for line in message.lines:
        assert bare(line.text) in whole
    for button in message.buttons:
        told = button.label in on_buttons or bare(button.label) in whole
        assert told or any(bare(word) in whole for word, of in to_send(message) if of == button)
    if shown.buttons:
        assert [button.data for button in shown.buttons] == [button.data for button in message.buttons]


@given(readers(), LANGUAGES, st.booleans(), st.booleans())
def test_what_is_told_to_be_sent_is_read_as_that_choice(
    reader: OneOf, language: str, optional: bool, back: bool
) -> None:
    message = asked(reader, language, optional=optional, back=back)
    choices = [choice.id for choice in reader.choices()]
    assert [button for _said, button in to_send(message)] == list(message.buttons)
    for said, button in to_send(message):
        assert meant(message, said.upper()) == button
        value = button.data.rpartition(":")[2]
        if value in choices:
            assert reader.read(Heard(text=said.upper(), language=language, buttons=False)) == value


@given(readers(), LANGUAGES)
def test_a_number_on_a_button_is_read_as_its_choice(reader: OneOf, language: str) -> None:
    channel = Capabilities("small", label=4)
    message = asked(reader, language, optional=True, back=True)
    for shown, button in zip(render(message, channel, language).buttons, message.buttons, strict=True):
        value = button.data.rpartition(":")[2]
        if shown.label.isdecimal() and value in reader.by_id:
            assert reader.read(Heard(text=shown.label, language=language)) == value


@given(readers(), LANGUAGES)
def test_a_terminal_reads_what_it_lists(reader: OneOf, language: str) -> None:
    message = asked(reader, language, optional=True, back=True)
    for number, button in enumerate(message.buttons, 1):
        assert pressed(message, button.label) == button
        if numbered(message):
            assert pressed(message, str(number)) == button


@pytest.mark.parametrize(
    ("wants", "channel", "said"),
    [
        ("photo", Capabilities("x", photos=False), "A photo cannot be sent here"),
        ("file", Capabilities("x", photos=False), "A file cannot be sent here"),
        ("place", Capabilities("x", places=False), "write where it is"),
        ("photo", Capabilities("x"), None),
        ("place", Capabilities("x"), None),
        ("text", Capabilities("x", photos=False, places=False), None),
    ],
)
def test_what_cannot_be_sent_there_is_told(wants: Wants, channel: Capabilities, said: str | None) -> None:
    (text,) = render(Message((Line("Well?", "ask"),), wants=wants), channel, "en").texts
    assert (said in text) if said is not None else text == "Well?"


def test_going_on_without_a_photo_is_offered_only_where_it_can_be_left_out() -> None:
    terminal = Capabilities("x", photos=False)
    message = Message((Line("A photo?", "ask"),), wants="photo")
    assert "go on without" not in render(message, terminal, "en").texts[0]
    skipped = Message(message.lines, (Button("Skip", f"x:q:{SKIP}"),), wants="photo")
    assert "go on without" in render(skipped, terminal, "en").texts[0]


def test_labels_that_are_numbers_are_told_as_they_are() -> None:
    message = Message(
        (Line("How many?", "ask"),), tuple(Button(f"{n}", f"x:q:n{n}") for n in (5, 10, 20)), None, "choice"
    )
    (text,) = render(message, Capabilities("x", buttons=False), "fr").texts
    assert text == "How many?\nEnvoyez 5, 10 ou 20."


def test_beside_numbers_a_long_label_is_cut_on_its_button_and_told_whole() -> None:
    buttons = (Button("5", "x:q:n5"), Button("I would rather not say", "x:q:none"))
    shown = render(Message((), buttons, None, "choice"), Capabilities("x", label=10), "en")
    assert [button.label for button in shown.buttons] == ["5", "I would r…"]
    assert shown.texts == ("I would rather not say",)


def test_a_long_label_of_our_own_is_told_as_well() -> None:
    buttons = (Button("Oak", "x:q:oak"), Button("Change nothing", "x:q:-keep"))
    shown = render(Message((), buttons, None, "choice"), Capabilities("x", label=10), "en")
    assert [button.label for button in shown.buttons] == ["1", "2"]
    assert shown.texts == ("1. Oak\n2. Change nothing",)


def test_a_picture_that_cannot_be_shown_is_described() -> None:
    media = Media("picture", "https://a.example/p.jpg", "The square in spring.")
    (text,) = render(Message((Line("Well?"),), media=media), Capabilities("x"), "en").texts
    assert text == "Well?\nThe square in spring. https://a.example/p.jpg"
