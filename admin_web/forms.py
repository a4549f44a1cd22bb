"""Reading a form that somebody sent: its texts bounded and clean, or a 400 in words."""

from __future__ import annotations

from typing import Any

from starlette.datastructures import FormData, UploadFile
from starlette.exceptions import HTTPException
from starlette.requests import Request

from admin_web.guard import PHOTO_BODY_LIMIT
from storage.types import LARGEST_ID
from storage.value import value

LONGEST = 2_000
MOST_FIELDS = 1_000
"""Fifty options in two languages are two hundred; a language more is a hundred more."""


@value
class Form:
    data: FormData

    def text(self, name: str, longest: int = LONGEST) -> str:
        """The field, without spaces around it; empty when it is absent. HTTPException 400 when it can't be a text."""
        value: Any = self.data.get(name, "")
        if not isinstance(value, str) or "\0" in value:
            raise HTTPException(400)
        if len(value) > longest:
            raise HTTPException(413)
        return value.strip()

    def numbers(self, name: str) -> list[int]:
        """Every number sent under this name: ids that were ticked. HTTPException 400 when one is none."""
        return [number(given) for given in self.data.getlist(name)]

    def secret(self, name: str) -> str:
        """The field exactly as typed: a password may begin with a space."""
        value: Any = self.data.get(name, "")
        if not isinstance(value, str) or "\0" in value or len(value) > LONGEST:
            raise HTTPException(400)
        return value

    def number(self, name: str) -> int | None:
        """The field as a number of at most six digits; None where it is none."""
        text = self.text(name)
        return int(text) if text.isascii() and text.isdigit() and len(text) <= 6 else None

    def names(self) -> list[str]:
        """The names of its fields, in their order."""
        return list(self.data)

    async def file(self, name: str) -> bytes:
        """What the chosen file holds; nothing where none was chosen. The whole form is bounded (guard.BODY_LIMIT)."""
        chosen: Any = self.data.get(name)
        if not isinstance(chosen, UploadFile):
            return b""
        content = await chosen.read()
        await chosen.close()
        return content


def number(given: Any) -> int:
    """An id, or a number in an address. HTTPException 400 when it is none of ours."""
    if not isinstance(given, str) or not (given.isascii() and given.isdigit()) or len(given) > 19:
        raise HTTPException(400)
    return min(int(given), LARGEST_ID)


async def read_form(request: Request, files: int = 0) -> Form:
    """One field may be as long as the whole form, which the guard bounds."""
    form = request.form(max_files=files, max_fields=MOST_FIELDS, max_part_size=PHOTO_BODY_LIMIT)
    return Form(await form)
