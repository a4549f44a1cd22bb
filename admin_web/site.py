"""What every page starts from: the site it belongs to, the language of who reads it, and how it is drawn."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from datetime import date, datetime
from functools import cache
from pathlib import Path
from typing import Any, cast
from zoneinfo import ZoneInfo

import jinja2
from babel.core import negotiate_locale
from babel.numbers import format_decimal
from starlette.requests import Request
from starlette.responses import HTMLResponse

from admin_web.counter import Counter
from admin_web.doors import Doors
from admin_web.typography import headline, typeset
from flows.texts import LANGUAGES, Said, Text, Words, add_folder, say_day, say_time, translate
from storage.database import Database
from storage.value import value

HERE = Path(__file__).parent
STATIC = HERE / "static"
LANGUAGE_COOKIE = "language"

add_folder(HERE / "locale")


@value
class Site:
    """The house as its web pages see it. `base_url` has no slash at its end; `clock` tells the time in UTC; `counter`
    counts for all pages of results."""

    database: Database
    doors: Doors
    base_url: str
    clock: Callable[[], datetime]
    load_module: Callable[[str, Mapping[str, Any]], object]
    counter: Counter

    @property
    def secure(self) -> bool:
        return self.base_url.startswith("https://")


def site_of(request: Request) -> Site:
    return cast(Site, request.app.state.site)


def language_of(request: Request) -> str:
    """What the address asks for, else what was chosen in this browser, else what it accepts, else the first of ours."""
    for asked in (request.query_params.get("language"), request.cookies.get(LANGUAGE_COOKIE)):
        if asked in LANGUAGES:
            return str(asked)
    return negotiate_locale(accepted(request.headers.get("accept-language", "")), LANGUAGES, sep="-") or LANGUAGES[0]


def accepted(header: str) -> list[str]:
    """The languages of an Accept-Language header, the one wanted most first."""
    wanted = []
    for part in header.split(","):
        tag, _, weight = part.strip().partition(";q=")
        try:
            wanted.append((-float(weight or 1), tag.partition("-")[0]))
        except ValueError:
            continue
    return [tag for _, tag in sorted(wanted, key=lambda pair: pair[0])]


def say(said: Said | Mapping[str, str] | None, language: str) -> str:
    """Words of ours or of an organiser, in this language and typeset; nothing for None."""
    if said is None:
        return ""
    if isinstance(said, Mapping) and not isinstance(said, Words):
        said = Words(said)
    return typeset(translate(said, language), language)


@cache
def asset(name: str) -> str:
    """The address of a static file, changed by every change of its content so that browsers may keep it for ever."""
    digest = hashlib.sha256((STATIC / name).read_bytes()).hexdigest()[:12]
    return f"/static/{name}?{digest}"


@cache
def _environment() -> jinja2.Environment:
    return jinja2.Environment(
        loader=jinja2.FileSystemLoader(HERE / "templates"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )


def _words(language: str, zone: str | None) -> dict[str, Any]:
    """The functions with which a template speaks: `_("English sentence", name=value)` and its like."""

    def local(moment: datetime) -> datetime:
        return moment.astimezone(ZoneInfo(zone)) if zone else moment

    def sentence(english: str, /, **values: Any) -> str:
        shown = {name: local(value) if isinstance(value, datetime) else value for name, value in values.items()}
        return say(Text(english, shown), language)

    def plural(singular: str, several: str, count: int, /, **values: Any) -> str:
        return say(Text(singular, {**values, "count": count}, several, count), language)

    def day(moment: date) -> str:
        return typeset(say_day(local(moment).date() if isinstance(moment, datetime) else moment, language), language)

    def time(moment: datetime) -> str:
        return typeset(say_time(local(moment), language), language)

    return {
        "_": sentence,
        "plural": plural,
        "say": lambda said: say(said, language),
        "day": day,
        "time": time,
        "when": lambda moment: time(moment) if isinstance(moment, datetime) else day(moment),
        "number": lambda value: format_decimal(value, locale=language),
        "typeset": typeset,
        "headline": lambda said: headline(say(said, language)),
        "percent": lambda share: percent(share, language),
    }


def percent(share: float, language: str) -> str:
    """A share of 0 to 1 as whole percents; what is there but rounds to nothing says so."""
    value = f"{share * 100:.0f}" if not 0 < share < 0.005 else "< 1"
    return typeset(f"{value} %", language) if language == "fr" else f"{value}%"


def draw(
    request: Request, template: str, *, zone: str | None = None, language: str | None = None, **context: Any
) -> str:
    """A page (or a part of one) as HTML. Times are shown in this zone; words in this language if it is known better
    than by the request."""
    language = language or language_of(request)
    return (
        _environment()
        .get_template(template)
        .render(
            **_words(language, zone),
            language=language,
            languages=LANGUAGES,
            asset=asset,
            request=request,
            path=request.url.path,
            **context,
        )
    )


def render(
    request: Request, template: str, status: int = 200, *, zone: str | None = None, **context: Any
) -> HTMLResponse:
    """The page as a response that nobody keeps."""
    html = draw(request, template, zone=zone, **context)
    return HTMLResponse(html, status, headers={"Cache-Control": "no-store"})
