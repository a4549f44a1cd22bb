"""Every transcript goes on Signal as it is written, by the real channel and a daemon that plays signal-cli."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.channels import terminal
from tests.talks.by_signal import on_signal
from tests.talks.player import FOLDER, WRITTEN_ON, without_own
from tests.talks.transcript import read

ALWAYS = frozenset({"first-time", "link", "vote-ranking"})
"""Those that differ most there; the others are played with the long tests."""
LINKED = frozenset({"no-code", "wrong-answers"})
"""Where a link brings an unknown code, or comes in the middle of a question: typed, it is a word like others."""
TALKS = [
    pytest.param(path, marks=() if path.stem in ALWAYS else pytest.mark.long, id=path.stem)
    for path in sorted(FOLDER.glob("*.chat"))
    if not read(path).needs_buttons and path.stem not in LINKED
]


@pytest.mark.parametrize("path", TALKS)
async def test_it_goes_the_same_on_signal(path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    written = read(path)
    async with on_signal(tmp_path, monkeypatch, written.opened) as player:
        heard = await player.play(written)
    here = without_own(heard, player.phone.capabilities, player.second.capabilities)
    assert here == without_own(written, WRITTEN_ON, terminal.CAPABILITIES)
