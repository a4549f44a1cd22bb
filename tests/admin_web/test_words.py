"""The words of the pages: none of ours is among them, and French is set as it should be (see tests/test_words.py)."""

import pytest

from admin_web.typography import typeset
from tests.test_words import translated

NO_BREAK = "\N{NO-BREAK SPACE}"


def test_no_word_of_ours_is_shown_to_organisers() -> None:
    ours = {"phase", "module", "outbox", "token", "slug", "instance"}
    every = translated("admin_web")
    shown = {english[0]: set(" ".join(french).casefold().split()) & ours for english, french, _message in every}
    assert {key: words for key, words in shown.items() if words} == {}


@pytest.mark.parametrize(
    ("plain", "set_"),
    [
        ("Qui êtes-vous ? Oui !", "Qui êtes-vous_? Oui_!"),
        ("« Oui » : 44 %", "«_Oui_»_: 44_%"),
        ("vendredi 19 mars, 20 h 30", "vendredi 19_mars, 20_h_30"),
        ("le 1er avril à 8 h", "le 1er_avril à 8_h"),
        ("60 000 euros, 3 min 10", "60_000 euros, 3_min_10"),
        ("C'est l'heure", "C’est l’heure"),
        ("Il y a 3 hommes", "Il y a 3 hommes"),
        ("https://a.example/?q", "https://a.example/?q"),
    ],
)
def test_french_spaces_do_not_break(plain: str, set_: str) -> None:
    assert typeset(plain, "fr") == set_.replace("_", NO_BREAK)


def test_english_is_left_alone() -> None:
    assert typeset("Who's there ?", "en") == "Who's there ?"
