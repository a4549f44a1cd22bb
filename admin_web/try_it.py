"""Trying a conversation as a resident will have it, leaving nothing behind.

The page keeps no state: the form carries what was said so far, and the whole talk is replayed for each answer in a
transaction that is always rolled back (design: Preview).
"""

from __future__ import annotations

import json
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from admin_web import consultations, illustrations
from admin_web.contributions import LIST
from admin_web.session import Me, panel, signed_in
from admin_web.site import language_of, site_of
from storage import audit
from storage.attached import GIVEN

MOST_STEPS = 300
LONGEST_STEP = 4_000
LONGEST_TALK = 60_000


def routes() -> list[BaseRoute]:
    return [
        Route("/panel/consultations/{id:int}/try", signed_in(show), methods=["GET"]),
        Route("/panel/consultations/{id:int}/try", signed_in(answer), methods=["POST"]),
    ]


async def show(request: Request, me: Me) -> Response:
    """The talk from its beginning."""
    return await _draw(request, me, [])


async def answer(request: Request, me: Me) -> Response:
    """The talk with one more answer: what was typed, or the label of the button that was pressed."""
    steps = read_steps(me.form.text("steps", LONGEST_TALK))
    said = me.form.text("say", LONGEST_STEP)
    if said and not steps:
        await _note(request, me)
    return await _draw(request, me, [*steps, said] if said else steps)


async def _note(request: Request, me: Me) -> None:
    """That somebody tried it: the check-list before opening asks."""
    consultation, site = await consultations.find(request, me), site_of(request)
    async with site.database.write() as connection:
        await audit.note(connection, me.entry(site.clock(), consultations.TRIED, "consultations", consultation.id))


def read_steps(text: str) -> list[str]:
    """What the form carries; HTTPException 400 when it is not what we wrote there, 413 when the talk is too long."""
    try:
        steps: Any = json.loads(text or "[]")
    except (ValueError, RecursionError):
        raise HTTPException(400) from None
    if not isinstance(steps, list) or not all(isinstance(step, str) and "\0" not in step for step in steps):
        raise HTTPException(400)
    if len(steps) >= MOST_STEPS:
        raise HTTPException(413)
    return steps


async def _draw(request: Request, me: Me, steps: list[str]) -> Response:
    consultation = await consultations.find(request, me)
    asked = request.query_params.get("talk", "")
    spoken = asked if asked in me.space.languages else _spoken(request, me)
    talk = await site_of(request).doors.preview(me.space_id, consultation.id, spoken, steps)
    folder = illustrations.draft_folder(consultation.id)
    talk = [(mine, message.with_files_in(folder).with_files_in(f"{LIST}/", GIVEN)) for mine, message in talk]
    last = talk[-1][1] if talk else None
    return panel(
        request, me, "try.html", consultation=consultation, talk=talk, last=last, spoken=spoken,
        steps=json.dumps(steps, ensure_ascii=False),
    )  # fmt: skip


def _spoken(request: Request, me: Me) -> str:
    language = language_of(request)
    return language if language in me.space.languages else me.space.languages[0]
