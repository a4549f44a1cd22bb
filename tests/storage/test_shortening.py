"""Long texts and their beginnings: never longer than is said, and still the text."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from storage.shortening import bounded, shortened

texts = st.text(st.sampled_from("ab é,.🌳\n\u0639"), max_size=60)
limits = st.integers(2, 40)


@given(texts, limits)
def test_a_text_has_so_many_letters_at_most_and_is_cut_after_a_word(text: str, most: int) -> None:
    found = shortened(text, most)
    assert len(found) <= most
    if len(text) <= most:
        assert found == text
    else:
        assert found.endswith("…")
        assert text.startswith(found[:-1])


@given(texts, limits)
def test_a_text_has_so_many_bytes_at_most_and_no_half_letter(text: str, most: int) -> None:
    found = bounded(text, most)
    if len(text.encode()) <= most:
        assert found == text
    else:
        assert found.endswith("…")
        assert len(found[:-1].encode()) <= most
        assert text.startswith(found[:-1])


def test_a_word_is_left_whole_where_there_is_another_before_it() -> None:
    assert shortened("Des bancs, devant la pharmacie", 15) == "Des bancs…"
    assert shortened("Des bancs", 9) == "Des bancs"
    assert shortened("anticonstitutionnellement", 10) == "anticonst…"
    assert bounded("élèves", 4) == "él…"
