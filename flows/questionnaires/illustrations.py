"""What prompts show as a questionnaire's file names it: an address, or a file beside it that is brought along."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TypeAlias

from flows import pictures
from flows.messages import DOCUMENT
from flows.questionnaires.questions import Illustration, Step
from flows.questionnaires.settings import Path, Reading
from flows.texts import Said, _
from storage.files import File, reference_of

ADDRESS = ("https://", "http://")
"""How an address begins: other schemes could run something when they are opened."""
LARGEST = pictures.LARGEST
"""Bytes of a file that is brought along."""

Open: TypeAlias = Callable[[str], bytes]
"""The bytes of the file of this name, of a longer one LARGEST + 1 of them. Raises NotTaken."""


class NotTaken(Exception):
    """This can't be shown; the sentence says why."""

    def __init__(self, sentence: Said) -> None:
        super().__init__("not taken")
        self.sentence = sentence


def bring_along(
    reading: Reading, placed: Sequence[tuple[Path, Step]], open: Open | None
) -> tuple[tuple[Step, ...], dict[str, File]]:
    """These steps with a reference in the place of each name of a file, and the files by their references.

    What is wrong is noted. Without `open` there are only addresses.
    """
    steps: list[Step] = []
    files: dict[str, File] = {}
    for path, step in placed:
        try:
            media = _brought(step.media, open, files) if step.media is not None else None
            steps.append(replace(step, media=media))
        except NotTaken as refused:
            reading.wrong((*path, "media", "address"), refused.sentence)
    return tuple(steps), files


def _brought(media: Illustration, open: Open | None, files: dict[str, File]) -> Illustration:
    if media.address.startswith(ADDRESS):
        return media
    if media.kind == "video" or open is None:
        raise NotTaken(_("An address begins with https://."))
    content = open(media.address)
    # Of the bytes in that file, not of those that are kept: a later version of this program may write the same
    # picture otherwise, and importing the same questionnaire again must change nothing.
    reference = reference_of(content)
    if reference not in files:
        files[reference] = _kept(media, content)
    return replace(media, address=reference)


def _kept(media: Illustration, content: bytes) -> File:
    """A picture without what else it carries; a document as it is."""
    name = media.address
    if len(content) > LARGEST:
        raise NotTaken(_("`{name}` is larger than 10 MB.", name=name))
    if media.kind == "document":
        if not content.startswith(pictures.PDF):
            raise NotTaken(_("`{name}` is not a PDF document.", name=name))
        return File(content, DOCUMENT)
    try:
        return pictures.illustration(content)
    except pictures.NotAPicture:
        raise NotTaken(
            _("`{name}` can't be shown: a JPEG, PNG or WebP picture of 50 million points at most is needed.", name=name)
        ) from None
