"""Pictures as they are kept: turned upright, no larger than needed, and without anything but what is seen. Documents
are kept as they come."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from io import BytesIO

from PIL import Image, ImageOps, UnidentifiedImageError

from flows.messages import DOCUMENT
from flows.texts import Said, _
from storage.files import File

LARGEST = 10 * 1024 * 1024
"""Bytes of what is sent."""
TOO_LARGE = _("This file is larger than 10 MB. Please send a smaller one.")
MOST_PIXELS = 50_000_000
"""A picture of a few kilobytes can unfold to gigabytes: larger ones are not unfolded at all."""
SIDE = 2048
FORMATS = ("JPEG", "PNG", "WEBP")
PDF = b"%PDF-"
"""Begins a document."""

_one_at_a_time = asyncio.Semaphore(1)


class NotAPicture(Exception):
    """What was sent can't be kept as a photo; `reason` says why and what to do."""

    def __init__(self, reason: Said) -> None:
        super().__init__("not a picture")
        self.reason = reason


class UnknownKind(NotAPicture):
    """It is no picture at all, as far as can be told."""


async def photo(content: bytes) -> File:
    """What a resident sent as a JPEG of at most 2048 pixels a side, without metadata. Raises NotAPicture.

    Unfolded in a thread, one at a time: an unfolded picture takes up to 200 MB.
    """
    return await _apart(lambda: _jpeg(_drawn_anew(content)), content)


async def sent(content: bytes) -> File:
    """What a resident sent where a photo or a document is asked for: a PDF as it came. Raises NotAPicture."""
    if content.startswith(PDF):
        _bear(content)
        return File(content, DOCUMENT)
    try:
        return await photo(content)
    except UnknownKind:
        raise NotAPicture(_("I cannot open this kind of file. Please send a photo or a PDF.")) from None


async def uploaded(content: bytes) -> File:
    """An `illustration` that was sent to the panel. Raises NotAPicture."""
    return await _apart(lambda: illustration(content), content)


def _bear(content: bytes) -> None:
    if len(content) > LARGEST:
        raise NotAPicture(TOO_LARGE)


async def _apart(made: Callable[[], File], content: bytes) -> File:
    _bear(content)
    async with _one_at_a_time:
        return await asyncio.to_thread(made)


def illustration(content: bytes) -> File:
    """What a prompt shows, cleaned alike; a drawing or a plan, which is smaller as a PNG, stays sharp as one.

    Takes a second or two. Raises NotAPicture.
    """
    canvas = _drawn_anew(content)
    return min(_jpeg(canvas), _png(canvas), key=lambda file: len(file.content))


def _drawn_anew(content: bytes) -> Image.Image:
    """Drawn onto a new canvas: what else the file carried (place, device, comments, profiles) stays behind."""
    try:
        with Image.open(BytesIO(content), formats=FORMATS) as opened:
            if opened.width * opened.height > MOST_PIXELS:
                raise NotAPicture(_("This photo has too many points. Please send a smaller one."))
            opened.draft("RGB", (SIDE, SIDE))
            upright = ImageOps.exif_transpose(opened)
            upright.thumbnail((SIDE, SIDE))
            full = upright.convert("RGBA")
    except UnidentifiedImageError:
        raise UnknownKind(_("This is not a photo I can read. Please send a JPEG, PNG or WebP picture.")) from None
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise NotAPicture(_("This photo is damaged, or too large to be read. Please send another one.")) from None
    canvas = Image.new("RGB", full.size, "white")
    canvas.paste(full, mask=full.getchannel("A"))
    return canvas


def _jpeg(canvas: Image.Image) -> File:
    out = BytesIO()
    canvas.save(out, "JPEG", quality=85, optimize=True)
    return File(out.getvalue(), "image/jpeg")


def _png(canvas: Image.Image) -> File:
    out = BytesIO()
    canvas.save(out, "PNG", optimize=True)
    return File(out.getvalue(), "image/png")
