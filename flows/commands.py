"""Commands: the words that work everywhere, in every language, with or without their slash.

A command word is never taken for an answer: where the prompt could take it as one, the resident is asked which
was meant (flows/turn.py), unless it is the label of a button that stands there.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from enum import Enum

from flows.folding import fold
from storage.linking import LINK
from storage.returning import ALPHABET


class Command(Enum):
    """What a command asks for."""

    BACK = "back"
    """The question before."""
    SKIP = "skip"
    """Leave this question without an answer."""
    STOP = "stop"
    """Put the conversation aside; no message we begin until it is taken up again."""
    CONTINUE = "continue"
    """Take up where it was left."""
    LATER = "later"
    """Leave a reminder be."""
    MUTE = "mute"
    """No more reminders of what the last one was about."""
    CORRECT = "correct"
    """Change what was sent, until closing."""
    MENU = "menu"
    """What can be done here."""
    HELP = "help"
    """How to use the robot, and a person to call."""
    LANGUAGE = "language"
    """Speak another language."""
    PRIVACY = "privacy"
    """What is kept, how long, and who reads it."""
    DELETE = "delete"
    """Erase everything."""
    RETURN = "code"
    """A code that finds this conversation again on another device."""
    LINK = "link"
    """A code for another door, or one that was shown there."""
    UNLINK = "unlink"
    """Take one of several doors away."""
    ROUND = "round"
    """A volunteer's street list."""


WORDS: Mapping[str, Mapping[Command, tuple[str, ...]]] = {
    "en": {
        Command.BACK: ("back", "go back"),
        Command.SKIP: ("skip", "pass"),
        Command.STOP: ("stop",),
        Command.CONTINUE: ("continue", "resume"),
        Command.LATER: ("not now",),
        Command.MUTE: ("do not remind me again", "no reminder", "no more reminders"),
        Command.CORRECT: ("correct", "edit"),
        Command.MENU: ("menu", "see the menu"),
        Command.HELP: ("help",),
        Command.LANGUAGE: ("language",),
        Command.PRIVACY: ("privacy",),
        Command.DELETE: ("delete", "erase"),
        Command.RETURN: ("code", "return code"),
        Command.LINK: ("link", "use another device"),
        Command.UNLINK: ("unlink",),
        Command.ROUND: ("round", "my round"),
    },
    "fr": {
        Command.BACK: ("retour", "précédent", "revenir"),
        Command.SKIP: ("passer",),
        Command.STOP: ("stop", "arrêter", "arrêt"),
        Command.CONTINUE: ("continuer", "reprendre"),
        Command.LATER: ("pas maintenant",),
        Command.MUTE: ("ne plus me le rappeler", "plus de rappel", "plus de rappels"),
        Command.CORRECT: ("corriger", "modifier"),
        Command.MENU: ("menu", "voir le menu"),
        Command.HELP: ("aide",),
        Command.LANGUAGE: ("langue",),
        Command.PRIVACY: ("confidentialité", "vie privée", "données"),
        Command.DELETE: ("effacer", "supprimer"),
        Command.RETURN: ("code", "code de retour"),
        Command.LINK: ("relier", "utiliser un autre appareil"),
        Command.UNLINK: ("délier",),
        Command.ROUND: ("tournée", "ma tournée"),
    },
}

_MEANING = {fold(word): command for words in WORDS.values() for command, all_ in words.items() for word in all_}


_HALF = rf"[{ALPHABET}]{{{LINK.length // 2}}}"
_CODE = re.compile(rf"{_HALF}-{_HALF}|(?=.*[0-9]){_HALF}{_HALF}", re.IGNORECASE)
_ASKED = re.compile(rf"/?(?:relier|link)\s+({_HALF}[- ]?{_HALF})", re.IGNORECASE)


def code_in(text: str) -> str | None:
    """The code that somebody typed to link two doors: by itself as it is shown, with or without its hyphen, or after
    the word for it. Those of letters and rounds are written with a space; a word has no digit."""
    said = text.strip().rstrip(".")
    asked = _ASKED.fullmatch(said)
    if asked is not None:
        return asked[1].upper()
    return said.upper() if _CODE.fullmatch(said) else None


def command(text: str) -> tuple[Command, bool] | None:
    """The command a text is, if it is exactly one, and whether it was written with a slash. A code that links two doors
    is the command to do so."""
    said = text.strip()
    slash = said.startswith("/")
    found = _MEANING.get(fold(said[1:].split("@")[0] if slash else said))
    found = Command.LINK if found is None and code_in(said) is not None else found
    return (found, slash) if found is not None else None


def named(value: str) -> Command | None:
    """The command that a button asks for by its own name, which need be no word that anybody types."""
    return next((one for one in Command if one.value == value), None)
