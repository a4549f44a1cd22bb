"""A long text in pieces: each fits as its platform counts, nothing is lost, and no sign is torn."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from flows.splitting import MEASURES, Unit, split

FAMILY, KEYCAP = "👨\u200d👩\u200d👧", "1\ufe0f\u20e3"
SIGNS = ("a", "é", "e\u0301", "🌳", "👍🏽", FAMILY, "🇫🇷", "🇬🇧", KEYCAP, "한", "\u1112\u1161\u11ab", "नि")
"""What people see as one sign each, of one to eighteen bytes."""
UNITS: list[Unit] = ["characters", "utf16", "bytes"]


@given(st.text(), st.integers(4, 40), st.sampled_from(UNITS))
def test_every_piece_fits_and_no_word_is_lost(text: str, longest: int, unit: Unit) -> None:
    pieces = split(text, longest, unit)
    assert all(MEASURES[unit](piece) <= longest for piece in pieces)
    assert "".join("".join(pieces).split()) == "".join(text.split())
    assert len(pieces) == 1 or all(piece.strip() for piece in pieces)


@given(st.lists(st.sampled_from(SIGNS), min_size=1), st.integers(20, 60), st.sampled_from(UNITS))
@example(["🇫🇷"] * 20, 30, "bytes")
def test_a_sign_is_never_torn(signs: list[str], longest: int, unit: Unit) -> None:
    pieces = split("".join(signs), longest, unit)
    ends = {sum(map(len, signs[:count])) for count in range(len(signs) + 1)}
    at = 0
    for piece in pieces:
        at += len(piece)
        assert at in ends


@given(st.lists(st.text("abcé", min_size=1, max_size=9), min_size=1), st.sampled_from(UNITS))
def test_a_word_that_fits_is_never_cut(words: list[str], unit: Unit) -> None:
    pieces = split(" ".join(words), 18, unit)
    assert [word for piece in pieces for word in piece.split()] == words


def test_lines_stay_whole_where_they_can() -> None:
    assert split("One and two\nthree and four\nfive", 26) == ["One and two\nthree and four", "five"]


@pytest.mark.parametrize(("unit", "pieces"), [("characters", 1), ("utf16", 2), ("bytes", 4)])
def test_each_platform_counts_in_its_own_way(unit: Unit, pieces: int) -> None:
    assert len(split("🌳" * 2_000, 2_000, unit)) == pieces


def test_a_sign_longer_than_a_message_is_cut_all_the_same() -> None:
    assert [len(piece) for piece in split("e" + "\u0301" * 50, 20)] == [20, 20, 11]
