"""A prompt: one question as it is put, and its words in each language."""

from __future__ import annotations

from dataclasses import field

from flows.answers import Reader
from flows.messages import Line, Media
from flows.texts import Said, translate
from storage.value import value


@value
class Prompt:
    """One question as it is put: what comes before it, the question, what explains it, and who reads the answer."""

    text: Said
    reader: Reader
    before: tuple[Said, ...] = ()
    after: tuple[Said, ...] = ()
    listed: tuple[Said, ...] = ()
    media: Media | None = None
    progress: tuple[int, int] | None = None
    _worded: dict[str, Worded] = field(default_factory=dict, init=False, compare=False, repr=False)

    def worded(self, language: str) -> Worded:
        """Its words in this language, kept: a questionnaire's prompts are put thousands of times."""
        known = self._worded.get(language)
        if known is None:
            known = self._worded[language] = Worded(
                tuple(Line(translate(text, language), "echo") for text in self.before),
                (
                    Line(translate(self.text, language), "ask"),
                    *(Line(translate(text, language), "list") for text in self.listed),
                ),
                tuple(Line(translate(text, language)) for text in self.after),
                tuple((choice.id, translate(choice.label, language)) for choice in self.reader.choices()),
            )
        return known


@value
class Worded:
    """A prompt's words in one language; choices as (id, label)."""

    before: tuple[Line, ...]
    asked: tuple[Line, ...]
    after: tuple[Line, ...]
    choices: tuple[tuple[str, str], ...]
