"""Files that were sent, by what the bots call them. A file_id is one bot's: another can't use it."""

from __future__ import annotations

import base64
import io
from typing import Any

from PIL import Image, UnidentifiedImageError

from storage.value import value
from tests.telegram_api.refusal import Refusal, bad

MEGABYTE = 1 << 20
MOST_UP = 50 * MEGABYTE
MOST_DOWN = 20 * MEGABYTE
MOST_PHOTO = 10 * MEGABYTE
THUMBNAIL = 90
"""Pixels."""
SIDES, RATIO = 10_000, 20
"""A photo's width and height together, and how much longer one may be than the other."""


@value
class Upload:
    """A file that came along with a call."""

    name: str
    content: bytes
    kind: str


@value
class Kept:
    """A file on the platform. `size` is what the platform says it is, which a test may make larger than the bytes."""

    file_id: str
    path: str
    upload: Upload
    size: int

    def json(self) -> dict[str, Any]:
        return {"file_id": self.file_id, "file_unique_id": self.file_id[-12:], "file_size": self.size}


class Files:
    """All files, and the addresses in the web that the platform can fetch (`web`)."""

    def __init__(self) -> None:
        self.web: dict[str, Upload] = {}
        self._kept: dict[tuple[int, str], Kept] = {}
        self._shown: dict[tuple[int, str], tuple[str, Any]] = {}

    def shown(self, bot: int, file_id: str) -> tuple[str, Any] | None:
        """What a file_id is (photo, document) and how messages show it; None when it is not this bot's."""
        return self._shown.get((bot, file_id))

    def keep(self, bot: int, folder: str, upload: Upload, size: int | None = None) -> Kept:
        """Keep it for this bot under a new file_id."""
        number = len(self._kept) + 1
        file_id = "AgACAgQ" + base64.urlsafe_b64encode(f"{bot}:{folder}:{number:06}".encode()).decode().rstrip("=")
        ending = upload.name.rpartition(".")[2] if "." in upload.name else "bin"
        kept = Kept(file_id, f"{folder}/file_{number}.{ending}", upload, len(upload.content) if size is None else size)
        self._kept[bot, file_id] = kept
        return kept

    def find(self, bot: int, file_id: str) -> Kept | None:
        return self._kept.get((bot, file_id))

    def at(self, bot: int, path: str) -> Kept | None:
        """The file that getFile gave this path."""
        return next((kept for (owner, _id), kept in self._kept.items() if owner == bot and kept.path == path), None)

    def photo(self, bot: int, upload: Upload) -> list[dict[str, Any]]:
        """A picture as messages show it: its sizes, the largest last. Refuses what is no picture or not of a shape."""
        try:
            with Image.open(io.BytesIO(upload.content)) as picture:
                width, height = picture.size
                if width + height > SIDES or max(width, height) > RATIO * min(width, height):
                    raise bad("PHOTO_INVALID_DIMENSIONS")
                small = picture.convert("RGB")
                small.thumbnail((THUMBNAIL, THUMBNAIL))
        except (UnidentifiedImageError, OSError):
            raise bad("IMAGE_PROCESS_FAILED") from None
        sizes = [(upload, (width, height))]
        if max(width, height) > THUMBNAIL:
            jpeg = io.BytesIO()
            small.save(jpeg, "JPEG")
            sizes.insert(0, (Upload("thumbnail.jpg", jpeg.getvalue(), "image/jpeg"), small.size))
        photo = [self.keep(bot, "photos", one).json() | {"width": wide, "height": high} for one, (wide, high) in sizes]
        self._shown |= {(bot, one["file_id"]): ("photo", photo) for one in photo}
        return photo

    def document(self, bot: int, upload: Upload, size: int | None = None) -> dict[str, Any]:
        """A file as messages show it."""
        kept = self.keep(bot, "documents", upload, size).json()
        document = {"file_name": upload.name, "mime_type": upload.kind} | kept
        self._shown[bot, kept["file_id"]] = ("document", document)
        return document


def check_size(upload: Upload, *, photo: bool) -> None:
    """Refuse an upload the platform would not take."""
    size = len(upload.content)
    if size > MOST_UP:
        raise Refusal(413, "Request Entity Too Large")
    if not size:
        raise bad("File must be non-empty")
    if photo and size > MOST_PHOTO:
        raise bad(f"File of size {size} bytes is too big for a photo; the maximum size is {MOST_PHOTO} bytes")
