"""What people mean who answer in a hurry: "oui oui", "a pied surtout", "tout les jours", "trois", "merci".

Looked at only when no label was written exactly. Whatever is understood here is echoed, so a wrong guess shows; where
a doubt is left nothing is guessed.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from difflib import get_close_matches

YES = {"oui", "ouais", "oki", "ok", "okay", "d'accord", "daccord", "volontiers", "yes", "yeah", "yep", "sure"}
NO = {"non", "nan", "no", "nope"}
BESIDE = {"bien", "sur", "merci", "beaucoup", "tout", "a", "fait", "madame", "monsieur", "please", "thanks", "thank"}
BESIDE |= {"you", "of", "course", "s'il", "vous", "plait", "svp", "je", "veux", "c'est", "bon", "allez", "alors"}
"""Words that change nothing beside a yes or a no."""
YES_TOO = {"bien sur", "je veux bien", "tout a fait", "of course", "avec plaisir", "c'est bon", "allons-y", "allez-y"}
UNSURE = {"je ne sais pas", "je sais pas", "sais pas", "ne sais pas", "j'en sais rien", "aucune idee", "pas d'avis"}
UNSURE |= {"sans opinion", "pas d'opinion", "i don't know", "don't know", "dont know", "no idea", "not sure"}
THANKS = {"merci", "beaucoup", "bien", "bonjour", "bonsoir", "thanks", "thank", "you", "very", "much", "hello"}
"""A message of nothing but these answers nothing: "merci" is not "non merci"."""
TURNING = {"pas", "ne", "ni", "non", "ou", "et", "mais", "sauf", "presque", "jamais", "plutot", "moins", "plus"}
TURNING |= {"not", "no", "nor", "or", "and", "but", "except", "almost", "never", "rather", "less", "more"}
"""Beside a label, these may turn its meaning round or add to it."""
NUMBERS: Mapping[str, int] = {
    word: number
    for words in (
        ("zero", "un", "deux", "trois", "quatre", "cinq", "six", "sept", "huit", "neuf", "dix"),
        ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"),
    )
    for number, word in enumerate(words)
}
BESIDE_A_NUMBER = {"la", "le", "une", "question", "reponse", "numero", "corriger", "modifier", "changer"}
BESIDE_A_NUMBER |= {"the", "an", "answer", "number", "correct", "edit", "change"}
"""Words that only say what is numbered, or what for."""
LONGEST = 80
"""Characters of an answer that is looked into; who writes more means more."""
NEAR = 0.88
"""How alike a word with a typing mistake is to the right one: one letter in eight or so."""

_WORDS = re.compile(r"[\w']+")


def yes_or_no(said: str) -> str | None:
    """`yes`, `no`, or `none` where somebody says that they do not know; None when it can't be told."""
    words = set(_WORDS.findall(said))
    if said in UNSURE:
        return "none"
    if said in YES_TOO or (words <= YES | BESIDE and words & YES):
        return "yes"
    return "no" if words <= NO | BESIDE and words & NO else None


def number(said: str) -> int | None:
    """The number of something in a list: "3", "la trois", "corriger la 3"; None where more than that is said."""
    *beside, last = said.split() or [""]
    if not BESIDE_A_NUMBER.issuperset(beside):
        return None
    return int(last) if last.isdecimal() and len(last) < 4 else NUMBERS.get(last)


def is_only_thanks(said: str) -> bool:
    return set(_WORDS.findall(said)) <= THANKS


def held(said: str, labels: Sequence[str]) -> str | None:
    """The only label of several words that stands whole in what was said, with nothing beside it that turns it."""
    found = [label for label in labels if " " in label and f" {label} " in f" {said} "]
    if len(found) != 1 or "," in said:
        return None
    beside = f" {said} ".replace(f" {found[0]} ", " ", 1)
    return None if TURNING & set(_WORDS.findall(beside)) else found[0]


def misspelt(said: str, labels: Sequence[str]) -> str | None:
    """The only label this is nearly; figures are never guessed, nor words that turn a meaning passed over."""
    if len(said) < 6 or any(character.isdigit() for character in said):
        return None
    found = get_close_matches(said, [label for label in labels if not any(map(str.isdigit, label))], 2, NEAR)
    if len(found) != 1:
        return None
    beside = set(_WORDS.findall(said)) - set(_WORDS.findall(found[0]))
    return None if TURNING & beside else found[0]
