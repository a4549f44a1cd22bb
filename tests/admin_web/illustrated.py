"""A town whose questionnaire shows something with every question, and the files it was imported with."""

from __future__ import annotations

from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path

from PIL import Image, ImageDraw

from bot.importing import beside, bring_in, find_or_make_space, open_it
from flows.questionnaires.file import read_file
from storage import organisers
from storage.database import Database
from storage.files import reference_of
from tests.tables import make_tables

EMAIL, PASSWORD = "claire.morel@montaubry.example", "quatre mots sans rapport"
PDF = b"%PDF-1.4\n%%EOF\n"
FILE = """\
consultation: place
languages: [fr]
title: La place et vous
topic: sur la place
why: Vos réponses aident à choisir.
decides: Le conseil municipal
does: Les travaux commencent en 2028.
questions:
  - id: square
    kind: yes_no
    text: Aimez-vous cette place ?
    media: {kind: picture, address: pictures/square.png, description: Dessin de la place.}
  - id: plan
    kind: yes_no
    text: Avez-vous lu le plan ?
    media: {kind: document, address: plan.pdf, description: Le plan des travaux.}
  - id: film
    kind: yes_no
    text: Avez-vous vu le film ?
    media: {kind: video, address: "https://film.example/place", description: Le film de la place.}
  - id: elsewhere
    kind: yes_no
    text: Et cette image ?
    media: {kind: picture, address: "https://image.example/a.jpg", description: Une image ailleurs.}
  - {id: yours, kind: photo, text: "Votre photo ?", required: false}
"""


def drawing() -> bytes:
    """A picture of 900 to 600 that has something in it."""
    picture = Image.new("RGB", (900, 600), "#dcebf2")
    draw = ImageDraw.Draw(picture)
    draw.rectangle((0, 400, 900, 600), "#e9dfc9")
    draw.rectangle((300, 150, 600, 450), "#c9573f")
    out = BytesIO()
    picture.save(out, "PNG")
    return out.getvalue()


def write_files(folder: Path) -> Path:
    """The questionnaire with what it names beside it; its path."""
    (folder / "pictures").mkdir()
    (folder / "pictures" / "square.png").write_bytes(drawing())
    (folder / "plan.pdf").write_bytes(PDF)
    (folder / "place.yaml").write_text(FILE, "utf-8")
    return folder / "place.yaml"


DIGEST = reference_of(drawing()).removeprefix("file:")
PLAN = reference_of(PDF).removeprefix("file:")


async def build(database: Database, folder: Path, *, open: bool = True) -> int:
    """Montaubry, with this consultation and Claire in the panel; the consultation's id."""
    file, now = write_files(folder), datetime.now(UTC)
    protected = await organisers.protect(PASSWORD)
    async with database.write() as connection:
        await make_tables(connection)
        space = await find_or_make_space(connection, "montaubry", "Montaubry", "Europe/Paris", ["fr"], now)
        draft = read_file(file.read_bytes(), beside(folder)).draft
        consultation = (await bring_in(connection, space, draft, now)).consultation
        if open:
            await open_it(connection, consultation, now)
        organiser_id = await organisers.create(
            connection, space.id, email=EMAIL, name="Claire Morel", role="organiser", protected=protected, now=now
        )
        await organisers.change_password(connection, space.id, organiser_id, protected)
    return consultation.id
