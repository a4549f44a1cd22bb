"""The town of the talks: what is open there, as files say.

`<name>.yaml` beside this file is a questionnaire as `palabre import` takes it; `towns/<name>.yaml` any consultation
with its phases, and what residents have given to them before the talk begins (bot/demo/reading.py), and beside that:

    codes: [{area: gare, group: lettre}]      a personal code each, those of LETTERS
    round: {team: …, code: …, doors: […]}     a street list for the first phase
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from datetime import datetime
from io import BytesIO
from pathlib import Path
from typing import Any

import yaml
from PIL import Image
from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.demo.reading import Opening, move_in
from bot.importing import bring_in, open_it
from flows.messages import DOCUMENT
from flows.questionnaires.file import read_file
from storage import codes, consultations, files, letters, models, rounds
from storage.attached import BESIDE
from storage.consultations import Consultation
from storage.files import File
from storage.letters import Known
from storage.spaces import Space

FOLDER = Path(__file__).parent
QUESTIONNAIRES = {"centre-ville": "boulangerie", "bancs": "square"}
"""Each one's poster."""
NEIGHBOURS = 40


async def open_here(connection: AsyncConnection, space: Space, name: str, now: datetime) -> None:
    """Open the consultation of this name."""
    if name in QUESTIONNAIRES:
        draft = read_file((FOLDER / f"{name}.yaml").read_bytes()).draft
        made = await open_it(connection, (await bring_in(connection, space, draft, now)).consultation, now)
        await codes.create(connection, made, now, code=QUESTIONNAIRES[name], place=QUESTIONNAIRES[name].title())
        return
    said, chance = yaml.safe_load((FOLDER / "towns" / f"{name}.yaml").read_text("utf-8")), random.Random(NEIGHBOURS)
    people = await move_in(connection, space, now, NEIGHBOURS, chance)
    made = await Opening(connection, space, now, people, chance).open(name, said)
    await _bring(connection, space, said, now)
    if "round" in said:
        await _draw_up(connection, made, said["round"], now)
    await _write_letters(connection, made, [Known(**one) for one in said.get("codes") or ()], now)


async def _bring(connection: AsyncConnection, space: Space, said: Mapping[str, Any], now: datetime) -> None:
    """The bytes of what came with texts, under the references that stand in their fields."""
    samples = {"photo": File(_photo(), "image/jpeg"), "document": File(b"%PDF-1.7", DOCUMENT)}
    given = [one for phase in said["phases"] for one in phase.get("given") or ()]
    for sent in [file for one in given for file in one.get("fields", {}).get(BESIDE, ())]:
        [(kind, reference)] = sent.items()
        await files.put(connection, space.id, reference, samples[kind], now)


def _photo() -> bytes:
    out = BytesIO()
    Image.new("RGB", (60, 40), "teal").save(out, "JPEG")
    return out.getvalue()


async def _draw_up(
    connection: AsyncConnection, consultation: Consultation, said: Mapping[str, Any], now: datetime
) -> None:
    """A field round, with the code that the talk knows."""
    [phase, *_] = await consultations.phases(connection, consultation.space_id, consultation.id)
    drawn = await rounds.create(connection, consultation.space_id, phase.id, said["team"], said["doors"], now)
    await connection.execute(update(models.Round).where(models.Round.id == drawn.id).values(code=said["code"]))


LETTERS = ("KPMR 2XW9", "TQHK 7PMR", "W9TQ HK7P")
"""The codes of the letters, which are drawn anywhere else."""


async def _write_letters(
    connection: AsyncConnection, consultation: Consultation, people: Sequence[Known], now: datetime
) -> None:
    """A letter to each of these people, with the codes that the talks know."""
    drawn = await letters.write(connection, consultation, people, now)
    for before, known in zip(drawn, LETTERS, strict=False):
        row = models.PersonalCode.digest == letters.digest(consultation.space_id, before)
        known_digest = letters.digest(consultation.space_id, known)
        await connection.execute(update(models.PersonalCode).where(row).values(digest=known_digest))
