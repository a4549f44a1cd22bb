"""A photo as it is kept: turned upright, no larger than needed, and without anything but its picture."""

from __future__ import annotations

import asyncio
from io import BytesIO

from PIL import Image, ImageOps, UnidentifiedImageError

from flows.texts import Said, _

LARGEST = 10 * 1024 * 1024
"""Bytes of what is sent."""
MOST_PIXELS = 50_000_000
"""A picture of a few kilobytes can unfold to gigabytes: larger ones are not unfolded at all."""
SIDE = 2048
FORMATS = ("JPEG", "PNG", "WEBP")
MEDIA_TYPE = "image/jpeg"

_one_at_a_time = asyncio.Semaphore(1)


class NotAPhoto(Exception):
    """What was sent can't be kept as a photo; `reason` says why and what to do."""

    def __init__(self, reason: Said) -> None:
        super().__init__("not a photo")
        self.reason = reason


async def cleaned(content: bytes) -> bytes:
    """These bytes as a JPEG of at most 2048 pixels a side, without metadata. Raises NotAPhoto.

    Unfolded in a thread, one at a time: an unfolded picture takes up to 200 MB.
    """
    if len(content) > LARGEST:
        raise NotAPhoto(_("This photo is larger than 10 MB. Please send a smaller one."))
    async with _one_at_a_time:
        return await asyncio.to_thread(_clean, content)


def _clean(content: bytes) -> bytes:
    try:
        with Image.open(BytesIO(content), formats=FORMATS) as opened:
            if opened.width * opened.height > MOST_PIXELS:
                raise NotAPhoto(_("This photo has too many points. Please send a smaller one."))
            opened.draft("RGB", (SIDE, SIDE))
            return _drawn_anew(ImageOps.exif_transpose(opened))
    except UnidentifiedImageError:
        raise NotAPhoto(_("This is not a photo I can read. Please send a JPEG, PNG or WebP picture.")) from None
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise NotAPhoto(_("This photo is damaged, or too large to be read. Please send another one.")) from None


def _drawn_anew(picture: Image.Image) -> bytes:
    """Drawn onto a new canvas: what else the file carried (place, device, comments, profiles) stays behind."""
    picture.thumbnail((SIDE, SIDE))
    full = picture.convert("RGBA")
    canvas = Image.new("RGB", full.size, "white")
    canvas.paste(full, mask=full.getchannel("A"))
    out = BytesIO()
    canvas.save(out, "JPEG", quality=85, optimize=True)
    return out.getvalue()
