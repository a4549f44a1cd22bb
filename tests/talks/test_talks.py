"""Every transcript is played on every channel; and the rules of good talk hold in each of them.

`pytest tests/talks --rewrite-talks` writes what the bot answers now into the files, for review.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from bot.channels import terminal
from bot.signal import writing as signal
from flows.rendering import Capabilities
from tests.talks.player import FOLDER, WRITTEN_ON, Player, montaubry, without_own
from tests.talks.transcript import Shown, Transcript, Turn, read

TALKS = sorted(FOLDER.glob("*.chat"))
SIGNAL = replace(signal.CAPABILITIES, hosted=False, rates=None, writes_first=True)
"""As if people there had agreed to be written to first: what we begin shall read well too."""
CHANNELS = (
    WRITTEN_ON,
    SIGNAL,
    pytest.param(terminal.CAPABILITIES, marks=pytest.mark.long),
    pytest.param(Capabilities("buttons", label=20), marks=pytest.mark.long),
    pytest.param(Capabilities("words", buttons=False, longest=1000), marks=pytest.mark.long),
)
"""The first three are real, the others bound what channels to come may be like."""

pytestmark = pytest.mark.parametrize("path", TALKS, ids=lambda path: path.stem)


async def play(
    url: str, talk: Transcript, channel: Capabilities, monkeypatch: pytest.MonkeyPatch
) -> tuple[Transcript, Player]:
    async with montaubry(url, channel, monkeypatch, talk.opened) as player:
        return await player.play(talk), player


def goes(talk: Transcript, channel: Capabilities) -> bool:
    """Not where an older button is pressed: elsewhere there is none."""
    return not talk.needs_buttons or (channel.buttons and not channel.numbered)


@pytest.mark.parametrize("channel", CHANNELS, ids=lambda channel: channel.name)
async def test_the_talk_goes_as_it_is_written(
    path: Path,
    channel: Capabilities,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    request: pytest.FixtureRequest,
) -> None:
    written = read(path)
    if not goes(written, channel):
        return
    heard, player = await play(f"sqlite+aiosqlite:///{tmp_path}/talk.db", written, channel, monkeypatch)
    if channel is WRITTEN_ON and request.config.getoption("--rewrite-talks"):
        written = heard
        heard.save(path)
    if channel is WRITTEN_ON:
        assert heard.write() == written.write()
    second = player.second.capabilities
    assert without_own(heard, channel, second) == without_own(written, WRITTEN_ON, terminal.CAPABILITIES)
    assert all(channel.fits(text) and text.strip() for text in player.phone.texts)


@pytest.mark.long
@pytest.mark.parametrize("channel", [WRITTEN_ON, SIGNAL], ids=lambda channel: channel.name)
async def test_it_goes_the_same_on_postgresql(
    path: Path, channel: Capabilities, postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    written = read(path)
    if goes(written, channel):
        heard, player = await play(postgres_url, written, channel, monkeypatch)
        second = player.second.capabilities
        assert without_own(heard, channel, second) == without_own(written, WRITTEN_ON, terminal.CAPABILITIES)


# -- the rules of talks.md ----------------------------------------------------------------------------------

LONGEST = 240
LABEL = 30
RECAP = re.compile(r"^(Choix )?\d+(\.| :) ")
"""A line of a recap or a list."""
SENT = ("C'est envoyé", "Votre vote est enregistré", "It is sent", "Your vote is recorded")
EMOJI = re.compile("[\U0001f000-\U0001faff\u2600-\u27bf\u2b00-\u2bff\ufe0f]")
MONTHS = "janvier|février|mars|avril|mai|juin|juillet|août|septembre|octobre|novembre|décembre"
ENGLISH = "January|February|March|April|May|June|July|August|September|October|November|December"
DATE = re.compile(rf"(\w+) (?:\d{{1,2}}|1er) (?:{MONTHS}|{ENGLISH})\b")
DAYS = {
    *("lundi", "mardi", "mercredi", "jeudi", "vendredi", "samedi", "dimanche"),
    *("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"),
}
SLASH = re.compile(r"(^|\s)/[a-z]")
QUESTION = re.compile(r"^Question (\d+) (?:sur|of) \d+$")


def shown(path: Path) -> Iterator[Shown]:
    return (message for turn in read(path).turns for message in turn.answers)


def test_every_message_is_answered_in_at_most_two(path: Path) -> None:
    for turn in read(path).turns:
        assert len([shown for shown in turn.answers if not shown.elsewhere]) <= 2, turn.said
        assert turn.answers or turn.says("Nothing is answered."), turn.said


def test_messages_are_short_and_only_a_recap_is_longer(path: Path) -> None:
    for message in shown(path):
        if not any(RECAP.match(line) for line in message.lines):
            assert len("\n".join(message.lines)) <= LONGEST, message


def test_buttons_are_short(path: Path) -> None:
    labels = [label for message in shown(path) for label in message.buttons]
    assert [label for label in labels if len(label) > LABEL] == []


def test_back_is_offered_from_the_second_question_on(path: Path) -> None:
    for message in shown(path):
        for line in message.lines:
            number = QUESTION.match(line)
            if number is not None:
                assert ({"Retour", "Back"} & set(message.buttons) != set()) == (int(number[1]) > 1), message


def test_no_slash_command_and_no_emoji_is_shown(path: Path) -> None:
    for message in shown(path):
        for line in (*message.lines, *message.buttons):
            assert SLASH.search(line) is None, line
            assert EMOJI.search(line) is None, line


def test_dates_carry_the_name_of_their_day(path: Path) -> None:
    for message in shown(path):
        for line in message.lines:
            assert set(DATE.findall(line)) <= DAYS, line


def test_the_end_says_until_when_what_comes_next_and_whom_to_call(path: Path) -> None:
    turns = read(path).turns
    for index, turn in enumerate(turns):
        if any(line.startswith(SENT) for message in turn.answers for line in message.lines):
            rest = words(turns[index : index + 3])
            assert "jusqu" in rest or "until" in rest.lower() or "ne peut plus être changé" in rest, rest
            assert "02 61 91 00 12" in rest, rest


def words(turns: Sequence[Turn]) -> str:
    return " ".join(line for turn in turns for message in turn.answers for line in message.lines)
