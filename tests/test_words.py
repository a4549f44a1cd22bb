"""The words of the interface: every sentence of every room is in French, whole, and what a command says is English."""

from __future__ import annotations

import ast
import re
import string
from collections.abc import Iterator
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po

from flows.texts import LANGUAGES

ROOT = Path(__file__).parent.parent
ROOMS = {"flows": ("flows", "bot"), "admin_web": ("admin_web",)}
"""The rooms that keep a catalogue, and whose sentences are in it."""
METHODS = [("**.py", "python"), ("**/templates/**.html", "jinja2.ext:babel_extract")]
FRENCH = re.compile(
    r"[àâçéèêëîïôûùœ«»]|\b(le|la|les|une|des|est|vous|votre|pour|avec|dans|sur|ne|pas)\b", re.IGNORECASE
)
SPACED = re.compile(r"(?<![\s«?!(])[;:?!»](?!//|\w)|«(?! )")
"""French puts a space before these; `typeset` makes it one that does not break."""
CODE = re.compile(r"`[^`]*`")

catalogues = pytest.mark.parametrize("room", ROOMS)


def written(room: str) -> dict[str, set[str]]:
    """The sentences in the code and the templates, the plural with the singular: where each stands."""
    found: dict[str, set[str]] = {}
    for folder in ROOMS[room]:
        extracted = extract_from_dir(
            ROOT / folder, method_map=METHODS, keywords={"_": None, "plural": (1, 2)}, options_map={}
        )
        for file, line, message, _comments, _context in extracted:
            forms = (message,) if isinstance(message, str) else message[:2]
            found.setdefault("\0".join(forms), set()).add(f"{folder}/{file}:{line}")
    return found


def catalogue(room: str) -> Catalog:
    with (ROOT / room / "locale" / "fr.po").open("rb") as file:
        return read_po(file, locale="fr", abort_invalid=True)


def translated(room: str) -> Iterator[tuple[tuple[str, ...], tuple[str, ...], Message]]:
    """Each entry of a catalogue: its English forms, its French ones, and what else it says of itself."""
    for message in catalogue(room):
        if message.id:
            english = (message.id,) if isinstance(message.id, str) else tuple(message.id)
            french = (message.string,) if isinstance(message.string, str) else tuple(message.string or ())
            yield english, french, message


@catalogues
def test_every_sentence_is_in_french_and_no_french_one_is_left_over(room: str) -> None:
    sentences, french = written(room), {"\0".join(english) for english, _french, _message in translated(room)}
    assert sentences
    assert {sentence: where for sentence, where in sentences.items() if sentence not in french} == {}
    assert sorted(french - set(sentences)) == []


def test_a_language_of_ours_is_english_or_has_every_catalogue() -> None:
    for language in set(LANGUAGES) - {"en"}:
        assert all((ROOT / room / "locale" / f"{language}.po").is_file() for room in ROOMS), language


@catalogues
def test_no_translation_is_empty_doubtful_or_given_up(room: str) -> None:
    bad = [english[0] for english, french, message in translated(room) if message.fuzzy or not all(french)]
    assert bad == []
    assert list(catalogue(room).obsolete) == []


@catalogues
def test_both_sides_are_filled_with_the_same_values(room: str) -> None:
    for english, french, _message in translated(room):
        assert len(french) == len(english), english
        every = set.union(*(names(form) for form in english))
        for form, said in zip(french, english, strict=True):
            assert names(form) - {"count"} == every - {"count"}, form
            assert names(form) <= every, form
            assert "count" not in names(said) or "count" in names(form) or len(english) == 2, form
        assert "count" not in names(english[-1]) or "count" in names(french[-1]), english


def names(text: str) -> set[str]:
    return {name for _before, name, _format, _conversion in string.Formatter().parse(text) if name is not None}


@catalogues
def test_french_is_written_with_its_spaces(room: str) -> None:
    forms = [form for _english, french, _message in translated(room) for form in french]
    assert [form for form in forms if SPACED.search(CODE.sub("", form))] == []


@catalogues
def test_what_is_translated_is_english(room: str) -> None:
    assert [english[0] for english, _french, _message in translated(room) if FRENCH.search(" ".join(english))] == []


def test_no_sentence_is_made_where_nobody_can_find_it() -> None:
    """`_(something)` is in no catalogue: only what is written inside can be looked up by who translates."""
    hidden = []
    for path in sources("flows", "bot", "admin_web"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in ("_", "plural"):
                given = node.args[:1] if node.func.id == "_" else node.args[:2]
                if not all(isinstance(one, ast.Constant) for one in given):
                    hidden.append(f"{path.relative_to(ROOT)}:{node.lineno}")
    assert hidden == []


def test_what_a_command_says_is_english() -> None:
    """Whoever installs Palabre reads English everywhere: help, mistakes, what was done. The invented towns of the demo
    and the benchmark are French, and so are words that are left out of a French text."""
    french = {}
    invented = {ROOT / "bot" / "demo", ROOT / "bot" / "bench", ROOT / "storage" / "words.py"}
    for path in sources("bot", "storage"):
        if path.parent in invented or path in invented:
            continue
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            said = node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""
            if FRENCH.search(CODE.sub("", said)):
                french[f"{path.relative_to(ROOT)}:{getattr(node, 'lineno', 0)}"] = said
    assert french == {}


def sources(*rooms: str) -> Iterator[Path]:
    return (path for room in rooms for path in sorted((ROOT / room).rglob("*.py")))


def test_a_sentence_reads_the_same_in_every_room() -> None:
    """The catalogues are read as one: of two translations of the same sentence only one would be seen, by chance."""
    seen: dict[tuple[str, ...], tuple[str, ...]] = {}
    for room in ROOMS:
        for english, french, _message in translated(room):
            assert seen.setdefault(english, french) == french, english


@catalogues
def test_no_sentence_is_translated_twice(room: str) -> None:
    text = (ROOT / room / "locale" / "fr.po").read_text("utf-8")
    sentences = re.findall(r'^msgid "(.+)"$', text, re.MULTILINE)
    assert sorted(sentences) == sorted(set(sentences))
