"""What every channel must keep: the same talk leaves the same answers, repeats are one, and nothing that was not kept
is acknowledged. A new channel adds its door to doors.py, what it was recorded to send to recorded/, and passes."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import bot.channels
from bot.channels import Channel, NotKept, Outgoing, Refused, TryLater, Uncertain, Unreachable
from bot.channels.terminal import Terminal
from bot.channels.web import Web
from bot.house import House
from flows.messages import Button, Incoming, Line, Media, Message
from storage.participants import AddressKey
from tests.channels.doors import DOORS, AtPage, AtTerminal, Door, Left, left, offered
from tests.channels.open_house import browser, opened

RECORDED = sorted((Path(__file__).parent / "recorded").glob("*/*.json"))
WHO = AddressKey("terminal", "montaubry", "marie")


@pytest.fixture
async def built(database_url: str) -> AsyncIterator[House]:
    async with opened(database_url) as house:
        yield house


def read(file: Path) -> dict[str, Any]:
    recorded: dict[str, Any] = json.loads(file.read_text("utf-8"))
    return recorded


def test_every_channel_has_a_door_here_and_something_recorded() -> None:
    channels = {file.stem for file in Path(bot.channels.__file__).parent.glob("[a-z]*.py")}
    assert channels == set(DOORS) == {file.parent.name for file in RECORDED}


@pytest.mark.parametrize("file", RECORDED, ids=lambda file: f"{file.parent.name}/{file.stem}")
async def test_what_was_recorded_leaves_the_answers_it_should(built: House, file: Path) -> None:
    recorded = read(file)
    async with DOORS[file.parent.name](built) as door:
        await door.replay(recorded)
        found = await left(door)
    assert (found.sent, found.place) == (recorded["sent"], recorded["place"])


# -- random talks, the same on every channel -------------------------------------------------------------------

WORDS = ["yes", "OUI", "On foot", "by bicycle", "En voiture", "12", "4,5 km", "More benches", "Send", "Do not send"]
COMMANDS = ["back", "/back", "retour", "skip", "/skip", "stop", "continue", "menu", "aide", "/privacy", "correct"]
NONSENSE = st.text(st.characters(exclude_categories=["Cs", "Cc", "Nd"]), min_size=1, max_size=20).filter(str.strip)
STEPS = st.lists(
    st.one_of(st.integers(0, 5), st.integers(0, 5), st.sampled_from(WORDS), st.sampled_from(COMMANDS), NONSENSE),
    max_size=14,
)
"""A number presses the choice of that place, going round; a text is written."""


async def talk(house: House, channel: str, steps: list[int | str]) -> Left:
    """What these steps leave behind at a channel."""
    async with DOORS[channel](house) as door:
        await door.begin("centre")
        for step in steps:
            await take(door, step)
        return await left(door)


async def take(door: Door, step: int | str) -> None:
    if isinstance(step, str):
        await door.write(step)
        return
    shown = await offered(door)
    if shown.buttons:
        await door.press(shown.buttons[step % len(shown.buttons)], shown)


@pytest.fixture
def running(tmp_path: Path) -> Iterator[tuple[asyncio.Runner, House]]:
    """One house for all examples: each brings new people."""
    with asyncio.Runner() as runner:
        opening = opened(f"sqlite:///{tmp_path / 'palabre.db'}")
        yield runner, runner.run(opening.__aenter__())
        runner.run(opening.__aexit__(None, None, None))


def test_the_same_talk_leaves_the_same_answers_on_every_channel(running: tuple[asyncio.Runner, House]) -> None:
    runner, house = running

    @settings(max_examples=settings().max_examples // 4)
    @given(STEPS)
    def hold(steps: list[int | str]) -> None:
        found = {channel: runner.run(talk(house, channel, steps)) for channel in DOORS}
        first, *others = found.values()
        assert all(other == first for other in others), found

    hold()


# -- in: once, and only what is kept ---------------------------------------------------------------------------


async def test_a_line_handed_in_twice_under_its_key_is_one_message(built: House) -> None:
    door = AtTerminal(built)
    await door.begin("centre")
    terminal = door.terminal("1", "1", "12")
    receive = door.receiver(terminal)

    async def twice(*incoming: Incoming) -> None:
        await receive(*incoming)
        await receive(*incoming, *incoming)

    await terminal.run(twice)
    found = await left(door)
    assert (found.answers["far"], found.waiting, found.messages) == (12, "why", 4)


async def test_a_form_posted_twice_is_one_message(built: House) -> None:
    async with browser(built) as one:
        door = AtPage(built, one)
        await door.begin("centre")
        await one.press("Yes, begin")
        form = {"nonce": one.hidden("nonce"), "last": one.hidden("last"), "tap": one.button("On foot")}
        await asyncio.gather(*(one.client.post("/c/centre", data=form) for _ in range(4)))
        found = await left(door)
    assert (found.answers["how"], found.waiting, found.messages) == ("foot", "far", 3)


async def test_a_terminal_reads_no_further_than_what_is_kept() -> None:
    lines = iter(["one", "two", "three"])

    async def typed() -> AsyncIterator[str]:
        for line in lines:
            yield line

    async def full(*incoming: Incoming) -> None:
        if incoming[0].text == "two":
            raise NotKept

    with pytest.raises(NotKept):
        await Terminal(WHO, typed(), print).run(full)
    assert next(lines) == "three"


async def test_the_page_acknowledges_nothing_that_is_not_kept(built: House, monkeypatch: pytest.MonkeyPatch) -> None:
    async with browser(built) as one:
        await AtPage(built, one).begin("centre")

        async def full(_messages: Any) -> None:
            raise OSError(28, "No space left on device")

        with monkeypatch.context() as patched:
            patched.setattr(built.reception, "keep", full)
            assert (await one.press("Yes, begin")).status_code == 503
        assert (await one.press("Yes, begin")).status_code == 200
        assert "How do you come?" in one.bubbles[-1]


# -- out: everything that can be said, and three failures ------------------------------------------------------

MESSAGES = [
    Message((Line("Hello."),)),
    Message((Line("Noted.", "echo"), Line("Well?", "ask")), (Button("Yes", "x"), Button("Back", "y", minor=True))),
    Message((Line("How much?", "ask"),), tuple(Button(str(n), str(n)) for n in range(1, 6)), wants="choice"),
    Message((Line("A picture?", "ask"),), (), Media("video", "https://a.example/v", "A film."), "photo", (3, 7)),
    Message((Line("A picture or a plan?", "ask"),), wants="file"),
    Message((Line("Well?", "ask"),), (), Media("picture", f"file:{'a' * 64}", "The square."), "choice"),
    Message((Line("x" * 300_000),)),
    Message((Line("\u202eturned\u200b\x1b[31m"),)),
    Message(()),
]


async def nothing() -> AsyncIterator[str]:
    return
    yield ""


CHANNELS: dict[str, Channel] = {"terminal": Terminal(WHO, nothing(), lambda _text: None), "web": Web()}


@pytest.mark.parametrize("name", CHANNELS)
@pytest.mark.parametrize("message", MESSAGES, ids=range(len(MESSAGES)))
async def test_everything_that_can_be_said_can_be_sent(name: str, message: Message) -> None:
    channel = CHANNELS[name]
    assert channel.capabilities.name == name
    first = await channel.send(Outgoing("1", "montaubry", "marie", "en", message))
    again = await channel.send(Outgoing("1", "montaubry", "marie", "en", message))
    assert first is None or first == again


def closed(_text: str) -> None:
    raise BrokenPipeError


@pytest.mark.parametrize(
    ("channel", "failure"), [(Terminal(WHO, nothing(), closed), TryLater(timedelta(seconds=1)))], ids=["terminal"]
)
async def test_what_goes_wrong_outside_is_one_of_the_failures_of_the_contract(
    channel: Channel, failure: Exception
) -> None:
    with pytest.raises((TryLater, Unreachable, Refused, Uncertain)) as raised:
        await channel.send(Outgoing("1", "montaubry", "marie", "en", MESSAGES[0]))
    assert (type(raised.value), str(raised.value)) == (type(failure), str(failure))
