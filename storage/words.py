"""The words of a text, made comparable: folded, without those that say nothing, each cut to its stem.

Stems are Snowball's, of the folded word, so that a text typed without accents meets one typed with them.
docs/decisions/similar-texts.md says what this finds and what it misses.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

from snowballstemmer.english_stemmer import EnglishStemmer
from snowballstemmer.french_stemmer import FrenchStemmer

LONGEST_KEPT = 200
"""Characters of a text whose folded form is remembered: labels and short answers come again, long texts do not."""
LONGEST_WORD = 40
"""Characters of a word that count: what is longer is an address or a mistake."""


def fold(text: str) -> str:
    """Text as it is compared: no accents, no capitals, no ligatures, no punctuation at its ends, single spaces."""
    return _folded(text) if len(text) <= LONGEST_KEPT else _fold(text)


def _fold(text: str) -> str:
    plain = unicodedata.normalize("NFKD", text.casefold())
    bare = "".join(character for character in plain if not unicodedata.combining(character))
    apart = bare.replace("’", "'").replace("œ", "oe").replace("æ", "ae")
    return " ".join(apart.split()).strip(" .!?…;:,\"'«»")


_folded = lru_cache(maxsize=20_000)(_fold)


def stems(text: str, language: str) -> Mapping[str, int]:
    """The stems of a text that say something, in their order, with how often each stands there."""
    return Counter(stem(word, language) for word in words(text, language))


def words(text: str, language: str) -> list[str]:
    """The folded words of a text in their order, without the stop words of its language and without single letters."""
    found = _WORD.findall(fold(text))
    stop = STOP.get(language, frozenset())
    return [word[:LONGEST_WORD] for word in found if word not in stop and (len(word) > 1 or word.isdecimal())]


@lru_cache(maxsize=20_000)
def stem(word: str, language: str) -> str:
    """The stem of a folded word; in a language without a stemmer the word itself."""
    cut = _STEMMERS.get(language)
    return (cut(word) or word) if cut else word


def _french(word: str) -> str:
    # Snowball keeps the s after i, o and u, where many words have it from their plural: vélos, amis, menus; likewise
    # the x of jeux and lieux.
    plural = (len(word) > 3 and word.endswith(("is", "os", "us"))) or (len(word) <= 5 and word.endswith("eux"))
    return _snowball(FrenchStemmer, word[:-1] if plural else word)


def _english(word: str) -> str:
    return _snowball(EnglishStemmer, word)


def _snowball(stemmer: Callable[[], Any], word: str) -> str:
    """A stemmer holds the word it works on, so each word has its own. Its faster twin in C, which the package takes
    where it is installed, may be of another version: what is kept must not depend on that."""
    return str(stemmer().stemWord(word))


_STEMMERS: Mapping[str, Callable[[str], str]] = {"fr": _french, "en": _english}
_WORD = re.compile(r"[^\W_]+")


def _listed(words: str) -> frozenset[str]:
    return frozenset(words.split())


STOP: Mapping[str, frozenset[str]] = {
    "fr": _listed(
        """
        afin ai ainsi alors apres au aucun aucune aussi autre autres aux avait avant avec avez avoir avons beaucoup bien
        bonjour car ce ceci cela celle celles celui ces cet cette ceux chaque chez ci comme comment dans de depuis des
        deux devant devrait doit doivent donc dont du elle elles en encore entre es est et etaient etait etant ete etre
        eu eux faire fait faudrait faut fois font hors il ils je jusqu jusque la le les leur leurs lors lorsque lui ma
        mais me meme memes merci mes moi moins mon ne ni non nos notre nous on ont or ou par parce pas pendant peu peut
        peuvent plus plusieurs plutot pour pourquoi pourrait puis puisque qu quand que quel quelle quelles quelque
        quelques quels qui quoi sa sans se selon sera serait seront ses si soit sommes son sont souhaite sous souvent
        suis sur ta tant te tel telle telles tels tes toi ton toujours tous tout toute toutes tres trop tu un une uns
        vers voir vont vos votre voudrais vous
        """
    ),
    "en": _listed(
        """
        about after all also am an and any are as at be because been before being between both but by can could did do
        does each for from had has have he hello her here hers him his how if in into is it its just like many me more
        most much must my need no nor not of off on one only or other our out over own please same she should so some
        such than thank thanks that the their them then there these they this those to too under up very want was we
        were what when where which while who why will with would you your
        """
    ),
}
"""Words that stand in any text, folded; single letters, what an apostrophe cuts off, are none anyway."""
