"""The words of the pages: all of them in French, and set as French is set."""

from pathlib import Path

import pytest
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po

from admin_web.typography import typeset

ROOM = Path(__file__).parents[2] / "admin_web"
NO_BREAK = "\N{NO-BREAK SPACE}"


def written() -> set[str]:
    """The sentences in the code and in the templates."""
    methods = [("**.py", "python"), ("templates/**.html", "jinja2.ext:babel_extract")]
    found = extract_from_dir(ROOM, method_map=methods, keywords={"_": None, "plural": (1, 2)}, options_map={})
    return {message if isinstance(message, str) else message[0] for _, _, message, _, _ in found}


def translated() -> dict[str, tuple[str, ...]]:
    sentences: dict[str, tuple[str, ...]] = {}
    for file in (ROOM / "locale").glob("*fr.po"):
        with file.open("rb") as opened:
            for message in read_po(opened, locale="fr"):
                if message.id:
                    key = message.id if isinstance(message.id, str) else message.id[0]
                    forms = message.string
                    sentences[key] = (forms,) if isinstance(forms, str) else tuple(forms or ())
    return sentences


def test_every_sentence_is_in_french_and_no_french_one_is_left_over() -> None:
    french = translated()
    assert sorted(written() - set(french)) == []
    assert sorted(set(french) - written()) == []
    assert [key for key, forms in french.items() if not all(forms)] == []


def test_no_word_of_ours_is_shown_to_organisers() -> None:
    ours = {"phase", "module", "outbox", "token", "slug", "instance"}
    shown = {key: set(" ".join(forms).casefold().split()) & ours for key, forms in translated().items()}
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
