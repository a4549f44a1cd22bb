"""The chat page: a conversation in the browser, with or without JavaScript.

Opening it records nothing and sets no cookie. Every form carries a nonce, from which the message's key is worked out
together with what was answered: a double click, a refresh or the browser's Back send the same message again, and
reception lets a message in once.
"""

from __future__ import annotations

import base64
import hashlib
import math
import re
import secrets
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

import structlog
from babel.core import negotiate_locale
from sqlalchemy.exc import SQLAlchemyError
from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from admin_web import illustrations, talks
from admin_web.coming_back import come_back
from admin_web.consultations import is_open
from admin_web.forms import Form, read_form
from admin_web.live import event_stream
from admin_web.public import length_of
from admin_web.sign_in import client_of
from admin_web.site import accepted, render, site_of
from admin_web.talks import Folders
from flows import pictures
from flows.messages import Attachment, Incoming, Message
from flows.texts import Said, _, plural
from storage import attempts, codes, files, history, inbox, rounds
from storage.attempts import Limit
from storage.codes import Entrance
from storage.files import File
from storage.history import Seen
from storage.inbox import MessageKey
from storage.participants import AddressKey
from storage.value import value

CHANNEL = "web"
COOKIE = "palabre-talk"
A_YEAR = 365 * 86_400
TOKEN = re.compile(r"[A-Za-z0-9_-]{43}")
LONGEST = 100_000
"""Characters of a text that is read at all; a reader says in a sentence how many it keeps."""
BY_CLIENT = Limit(10, timedelta(minutes=15))
BY_SPACE = Limit(300, timedelta(minutes=15))
"""Return codes tried: each has 58 bits, so even this many a quarter of an hour find none in a million years."""

log = structlog.get_logger()


def routes() -> list[BaseRoute]:
    return [
        Route("/c/{code}", show, methods=["GET"]),
        Route("/c/{code}", answer, methods=["POST"]),
        Route("/c/{code}/return", find_again, methods=["POST"]),
        Route("/c/{code}/stream", stream, methods=["GET"]),
        Route("/c/{code}/sent/{digest}", sent, methods=["GET"]),
    ]


@value
class Visit:
    """Somebody at the chat page: where its address leads, their cookie's token if it is one of ours, and who they are
    once they have written."""

    entrance: Entrance
    token: str | None
    seen: Seen | None
    accepted: str | None

    @property
    def carried(self) -> str:
        """What stands in this page's address."""
        return self.entrance.address

    @property
    def language(self) -> str:
        return (self.seen and self.seen.language) or self.accepted or self.entrance.space.languages[0]

    @property
    def address(self) -> AddressKey:
        return AddressKey(CHANNEL, self.entrance.space.slug, digest(self.token or ""))


def digest(*parts: str) -> str:
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()


async def visit(request: Request, token: str | None = None) -> Visit:
    """Whoever asks for this page; HTTPException 404 when its address leads nowhere."""
    cookie = request.cookies.get(COOKIE, "")
    token = token or (cookie if TOKEN.fullmatch(cookie) else None)
    async with site_of(request).database.read() as connection:
        entrance = await codes.find_entrance(connection, request.path_params["code"])
        if entrance is None or (entrance.consultation.state == "draft" and not entrance.test):
            raise HTTPException(404)
        found = Visit(entrance, token, None, wanted_language(request, entrance))
        return replace(found, seen=await history.behind(connection, found.address)) if token else found


def wanted_language(request: Request, entrance: Entrance) -> str | None:
    """The space's language that the address or the browser asks for; None when it has none of them."""
    languages = list(entrance.space.languages)
    asked = request.query_params.get("language", "")
    if asked in languages:
        return asked
    return negotiate_locale(accepted(request.headers.get("accept-language", "")), languages, sep="-")


# -- drawing ---------------------------------------------------------------------------------------------------


async def show(request: Request) -> Response:
    return await page(request, await visit(request))


async def page(
    request: Request, who: Visit, status: int = 200, *, typed: str = "", fault: Said | None = None
) -> Response:
    """The conversation, or what a newcomer finds: what this is and one button. `typed` was not taken and stays."""
    entrance, site = who.entrance, site_of(request)
    given: dict[str, Any] = {
        "space": entrance.space,
        "consultation": entrance.consultation,
        "carried": who.carried,
        "nonce": secrets.token_urlsafe(24),
        "open": entrance.test or is_open(entrance.consultation, site.clock()),
        "test": entrance.test,
        "typed": typed,
        "fault": fault,
        "zone": entrance.space.zone,
        "round": request.query_params.get("round", "")[:20],
        "language": who.language,
    }
    if who.seen is None:
        return render(request, "chat_start.html", status, length=await length_of(site, entrance.consultation), **given)
    async with site.database.read() as connection:
        entries = await history.entries(connection, who.seen, site.clock())
        begun = await history.has_begun(connection, who.seen, entrance.consultation.id) and not entrance.test
        unseen = await history.any_unseen(connection, who.seen)
    if unseen:
        await note_seen(request, who.seen)
    zone = ZoneInfo(entrance.space.zone)
    here = f"/c/{who.carried}"
    folders = Folders(f"{here}/sent/", illustrations.folder(entrance.space.slug), f"{here}/given/")
    talk = talks.draw(entries, zone, who.language, folders)
    left = await minutes_left(request, who, talk.prompt)
    return render(request, "chat.html", status, talk=talk, begun=begun, left=left, **given)


async def note_seen(request: Request, seen: Seen) -> None:
    """That what we wrote to them has been before their eyes. The page is drawn whether it can be noted or not."""
    site = site_of(request)
    with suppress(SQLAlchemyError):
        async with site.database.write(short=True) as connection:
            await history.see(connection, seen, site.clock())


async def minutes_left(request: Request, who: Visit, prompt: Message) -> int | None:
    """About how long the rest takes, this question included, where that is known."""
    length = await length_of(site_of(request), who.entrance.consultation) if prompt.progress else None
    if prompt.progress is None or length is None:
        return None
    number, count = prompt.progress
    return math.ceil(length[1] * (count - number + 1) / max(count, 1))


# -- answering -------------------------------------------------------------------------------------------------


async def answer(request: Request) -> Response:
    """What a newcomer or a resident sends: kept by reception before anything is answered."""
    async with request.form(max_files=1, max_fields=20) as data:
        return await take(request, Form(data))


async def take(request: Request, form: Form) -> Response:
    nonce = form.text("nonce", 100)
    if not nonce:
        raise HTTPException(400)
    who = await visit(request)
    who = replace(who, token=who.token or token_of(nonce))
    begins = bool(form.text("begin", 10))
    if who.seen is None and not begins:
        return RedirectResponse(f"/c/{who.carried}", 303)
    try:
        incoming = await read(request, who, form, nonce, begins=begins)
        if incoming is not None:
            await site_of(request).doors.receive(incoming)
    except pictures.NotAPicture as refusal:
        return await page(request, who, 400, fault=refusal.reason)
    except Behind:
        return await page(request, who, 409, typed=form.text("text", LONGEST), fault=BEHIND)
    except HTTPException:
        raise
    except Exception as error:
        log.error("web.not_kept", error=type(error).__name__)
        return await page(request, who, 503, typed=form.text("text", LONGEST), fault=NOT_KEPT)
    return await answered(request, who)


NOT_KEPT = _("This could not be kept just now. Nothing is lost: please send it again in a moment.")
BEHIND = _("Something new arrived here before your message was sent. Look at it, then send your message again.")


class Behind(Exception):
    """A text was written under an older message than the last one: it may answer another question."""


def token_of(nonce: str) -> str:
    """A newcomer's token, the same for the same form, so that a double click makes one person. What is kept of either
    does not lead to it."""
    return base64.urlsafe_b64encode(hashlib.sha256(f"token\0{nonce}".encode()).digest()).rstrip(b"=").decode()


async def read(request: Request, who: Visit, form: Form, nonce: str, *, begins: bool) -> Incoming | None:
    """What was sent as a message; None when nothing was, or when it was handled already. Raises Behind, NotAPicture."""
    tap, text = form.text("tap", 64), readable(form.text("text", LONGEST))
    name = next((name for name in TAKEN if isinstance(form.data.get(name), UploadFile)), "photo")
    upload = form.data.get(name)
    content = await upload.read(pictures.LARGEST + 1) if isinstance(upload, UploadFile) else b""
    if not (begins or tap or text or content):
        return None
    if not content and begins:
        tap = text = ""
    key = digest("key", nonce, str(begins), tap, text, hashlib.sha256(content).hexdigest())
    if not begins and not tap and await is_behind(request, who, key, form.text("last", 20)):
        return None
    return Incoming(
        CHANNEL,
        who.entrance.space.slug,
        who.address.sender,
        key,
        site_of(request).clock(),
        text=text if text and not tap else None,
        tap=tap or None,
        code=code_of(form, who) if begins else None,
        attached=await keep(request, who, await TAKEN[name](content)) if content else None,
        language=who.accepted,
    )


def code_of(form: Form, who: Visit) -> str:
    """The code of a volunteer's sheet, where it came with the page's address; else what the address leads to."""
    shown = rounds.plain(form.text("round", 20))
    return shown if rounds.is_code(shown) else who.entrance.carried


TAKEN = {"photo": pictures.photo, "file": pictures.sent}
"""How what was chosen in each field is read."""


def readable(text: str) -> str:
    """Halves of characters, which some encodings can smuggle in, can't be kept as text."""
    return text.encode("utf-8", "replace").decode()


async def is_behind(request: Request, who: Visit, key: str, last: str) -> bool:
    """Whether this was handled already. Raises Behind when it was written under an older message than the last."""
    assert who.seen is not None
    site = site_of(request)
    async with site.database.read() as connection:
        if await inbox.known(connection, [MessageKey(CHANNEL, who.entrance.space.slug, key)]):
            return True
        latest = await history.latest(connection, who.seen, site.clock())
    if last != str(latest):
        raise Behind
    return False


async def keep(request: Request, who: Visit, file: File) -> Attachment:
    reference, site = files.reference_of(file.content), site_of(request)
    async with site.database.write() as connection:
        await files.put(connection, who.entrance.space.id, reference, file, site.clock())
    return Attachment(reference, file.media_type)


async def answered(request: Request, who: Visit) -> Response:
    """The page anew: drawn at once for our script, which puts it in place, else by way of its own address."""
    response: Response
    if request.headers.get("x-requested-with") == "palabre":
        response = await page(request, await visit(request, who.token))
    else:
        response = RedirectResponse(f"/c/{who.carried}#now", 303)
    response.set_cookie(
        COOKIE, who.token or "", max_age=A_YEAR, path="/", httponly=True, samesite="lax", secure=site_of(request).secure
    )
    return response


# -- coming back on another device -----------------------------------------------------------------------------


async def find_again(request: Request) -> Response:
    """A return code: this browser now writes for the participant behind it."""
    form = await read_form(request)
    who = await visit(request)
    who = replace(who, token=who.token or token_of(form.text("nonce", 100) or secrets.token_urlsafe()))
    site, space = site_of(request), who.entrance.space
    limits = [
        (attempts.subject("return code from", client_of(request)), BY_CLIENT),
        (attempts.subject("return code in", space.slug), BY_SPACE),
    ]
    try:
        async with site.database.write() as connection:
            wait = await attempts.attempt(connection, limits, site.clock())
        if wait:
            return await page(request, who, 429, fault=too_many(wait))
        async with site.database.write() as connection:
            code, new = form.text("code", 100), who.seen is None
            found = await come_back(connection, space.id, who.address, code, site.clock(), new=new)
    except SQLAlchemyError as error:
        log.error("web.not_kept", error=type(error).__name__)
        return await page(request, who, 503, fault=NOT_KEPT)
    if not found:
        return await page(request, who, 400, fault=UNKNOWN)
    return await answered(request, who)


UNKNOWN = _("This code is not known: each works once, and not for long. Check every letter, or ask for a new one.")


def too_many(wait: timedelta) -> Said:
    minutes = math.ceil(wait.total_seconds() / 60)
    return plural(
        "Too many codes were tried. Try again in {count} minute.",
        "Too many codes were tried. Try again in {count} minutes.",
        minutes,
    )


# -- live ------------------------------------------------------------------------------------------------------


async def stream(request: Request) -> Response:
    """An event each time this conversation has something that its page does not show yet."""
    who = await visit(request)
    site = site_of(request)
    if who.seen is None:
        return Response(status_code=204)  # so a browser stops asking
    shown = request.query_params.get("last", "")

    async def news() -> AsyncIterator[None]:
        last = shown
        changes = site.doors.watch()
        while True:
            async with site.database.read() as connection:
                seen = await history.behind(connection, who.address)  # who they are may change by a link
                found = str(await history.latest(connection, seen, site.clock()) if seen is not None else 0)
            if found != last:
                last = found
                yield
            try:
                await anext(changes)
            except StopAsyncIteration:
                return

    return event_stream(news)


async def sent(request: Request) -> Response:
    """A photo or a document, for whoever sent it; a document is saved, never shown in the page's place."""
    who = await visit(request)
    async with site_of(request).database.read() as connection:
        reference = files.SCHEME + request.path_params["digest"]
        found = (
            await files.sent_by(connection, who.seen.space_id, who.seen.participant_id, reference) if who.seen else None
        )
    return illustrations.sent(found, "private, max-age=86400")
