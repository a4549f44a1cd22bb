"""The Bot API through python-telegram-bot: its methods, which know the names and kinds of what they are given, and its
connections. Neither its polling loop nor its Application.

Not its answers, nor its errors, which tell a key that is refused no better from a method that is not there than a
message that is refused from a line that is cut: answers are handed on as JSON. An error is the only thing that its
methods pass on unread, so that is what an answer travels as.

httpx writes down each address it calls. So both are told a stand-in for the token, and the token takes its place where
the connection is: nothing that they log, raise or show holds it.
"""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Awaitable, Callable, Mapping
from datetime import timedelta
from functools import cache
from typing import Any, NoReturn

import httpx
from telegram import (
    Bot,
    BotCommand,
    BotCommandScope,
    Document,
    InlineKeyboardMarkup,
    InputFile,
    LinkPreviewOptions,
    MessageEntity,
    PhotoSize,
    TelegramObject,
)
from telegram.error import TelegramError
from telegram.request import BaseRequest, HTTPXRequest

from bot.telegram.api import Api, Call, Upload, Wrong
from bot.telegram.driving import (
    CONNECTING,
    OFFICIAL,
    PATIENCE,
    Answer,
    Driver,
    check_names,
    check_token,
    safely,
    without_token,
)

NOT_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.UnsupportedProtocol, httpx.InvalidURL)
"""Raised while no connection stands: no name, no answer, no certificate to trust, none free. Nothing has left us."""
LOST = (httpx.HTTPError, TelegramError, RuntimeError)
"""The last by connections that somebody else has closed."""
STAND_IN = "0:TOKEN"
"""What PTB and httpx take for the token."""


def open(token: str, api_url: str = OFFICIAL, *, timeout: timedelta = PATIENCE) -> Api:
    """The API with this token; nothing is asked yet. `timeout` is how long a call may take that doesn't say.

    Raises WrongKey for what can't be a token.
    """
    check_token(token)
    line, base = _Line(token), api_url.rstrip("/")
    request = _AsItCame(HTTPXRequest(httpx_kwargs={"transport": line}), token)
    bot = Bot(STAND_IN, f"{base}/bot", f"{base}/file/bot", request=request, get_updates_request=request)
    return _Api(bot, line, timeout)


def around(bot: Bot, *, timeout: timedelta = PATIENCE) -> Api:
    """The API as somebody's own bot reaches it, over its connections, which they open and close; files over ours. What
    PTB and httpx log of these calls is theirs to keep quiet."""
    request = _AsItCame(bot.request, bot.token)
    ours = Bot(
        STAND_IN,
        lambda _token: bot.base_url,
        lambda _token: bot.base_file_url.replace(bot.token, STAND_IN, 1),
        request=request,
        get_updates_request=request,
    )
    return _Api(ours, _Line(bot.token), timeout)


class _Api(Driver):
    """See Api."""

    def __init__(self, bot: Bot, line: _Line, timeout: timedelta) -> None:
        self._bot = bot
        self._files = httpx.AsyncClient(transport=line)
        self._timeout = timeout

    async def _ask(self, call: Call, patience: timedelta | None) -> Answer:
        given = _typed(call)
        return await safely(self._make(call.method, given, patience or self._timeout), NOT_SENT, LOST)

    async def _make(self, method: str, given: Mapping[str, Any], patience: timedelta) -> Answer:
        """Raises what httpx does."""
        total, limits = _limits(patience)
        named = {f"{name}_timeout": seconds for name, seconds in limits.items()}
        async with asyncio.timeout(total):
            return await _answered(getattr(self._bot, method)(**given, **named))

    async def _fetch(self, path: str, most: int) -> Answer:
        return await safely(self._read(f"{self._bot.base_file_url}/{path}", most), NOT_SENT, LOST)

    async def _read(self, url: str, most: int) -> Answer:
        """Raises what httpx does."""
        total, limits = _limits(self._timeout)
        body = bytearray()
        async with asyncio.timeout(total), self._files.stream("GET", url, timeout=httpx.Timeout(**limits)) as response:
            async for part in response.aiter_bytes(1 << 16):
                body += part
                if len(body) > most:
                    break
        return Answer(response.status_code, bytes(body) if response.status_code == 200 else b"")

    async def close(self) -> None:
        """See Api."""
        await self._files.aclose()


def _limits(patience: timedelta) -> tuple[float, dict[str, float]]:
    """Seconds in all, and those of each step. To get a free connection, or make one and seal it, ends before the call
    does, or nobody could tell whether it had left."""
    total = patience.total_seconds()
    step = min(CONNECTING, total / 4)
    return total, {"pool": step, "connect": step, "write": total, "read": total}


# -- what goes out ---------------------------------------------------------------------------------------------


def _typed(call: Call) -> dict[str, Any]:
    """What PTB's method of this name is given. Raises Wrong, which names what is wrong without quoting it."""
    known = _parameters(call.method)
    if known is None:
        raise Wrong(f"There is no {call.method}.")
    check_names(call, known)
    wrong = [name for name, needed in known.items() if needed and name not in call.parameters]
    made = {}
    for name, given in call.parameters.items():
        try:
            made[name] = _given(name, given)
        except (TypeError, ValueError, LookupError, AttributeError):  # PTB reads as if it were what it should be
            wrong.append(name)
    if wrong:
        raise Wrong(f"{call.method} is not called like this: {', '.join(wrong)}")
    return made


@cache
def _parameters(method: str) -> Mapping[str, bool] | None:
    """The parameters of a method of the Bot API, and whether each is needed; None where PTB has no such method. Those
    that can only be named are PTB's own."""
    made = getattr(Bot, method, None) if method.isalnum() else None
    found = inspect.signature(made).parameters if inspect.isfunction(made) else {}
    if "api_kwargs" not in found:
        return None
    places = [one for one in found.values() if one.kind is inspect.Parameter.POSITIONAL_OR_KEYWORD]
    return {one.name: one.default is inspect.Parameter.empty for one in places[1:]}


def _given(name: str, given: Any) -> Any:
    """PTB's own kind of a parameter. What is neither a word nor a number nor listed below is refused: whoever makes a
    call that needs more adds it. Raises what PTB does."""
    if isinstance(given, Upload):
        return InputFile(given.content, given.name)
    if name in KINDS:
        return KINDS[name](given)
    if not isinstance(given, str | int | float):
        raise TypeError
    return given


def _one(kind: type[TelegramObject]) -> Callable[[Any], TelegramObject]:
    """Reads an object, which must say the same afterwards."""

    def read(given: Any) -> TelegramObject:
        made = kind.de_json(given, None)
        if made.to_dict() != given:
            raise ValueError
        return made

    return read


def _several(kind: type[TelegramObject]) -> Callable[[Any], list[TelegramObject]]:
    read = _one(kind)
    return lambda given: [read(one) for one in given]


def _words(given: Any) -> list[str]:
    if not (isinstance(given, list | tuple) and all(isinstance(one, str) for one in given)):
        raise TypeError
    return list(given)


# Of a name or an address alone PTB would look for a file that is called so on this machine, and send that.
KINDS: Mapping[str, Callable[[Any], Any]] = {
    "photo": lambda name: PhotoSize(_word(name), "", 0, 0),
    "document": lambda name: Document(_word(name), ""),
    "reply_markup": _one(InlineKeyboardMarkup),
    "entities": _several(MessageEntity),
    "caption_entities": _several(MessageEntity),
    "link_preview_options": _one(LinkPreviewOptions),
    "commands": _several(BotCommand),
    "scope": _one(BotCommandScope),
    "allowed_updates": _words,
}


def _word(given: Any) -> str:
    return _words([given])[0]


# -- what comes back -------------------------------------------------------------------------------------------


class _Answered(TelegramError):
    """Not an error: an answer on its way out of PTB."""

    def __init__(self, answer: Answer) -> None:
        super().__init__("answered")
        self.answer = answer


async def _answered(under_way: Awaitable[Any]) -> Answer:
    """What the server said to a call. Raises what PTB's own error came from."""
    failure: BaseException
    try:
        await under_way
        raise AssertionError("PTB has read an answer")
    except _Answered as answered:
        return answered.answer
    except TelegramError as error:
        failure = error.__cause__ or error
    raise failure


class _AsItCame(BaseRequest):
    """PTB's way to the server, from which answers come back as they were given."""

    def __init__(self, way: BaseRequest, token: str) -> None:
        self._way = way
        self._token = token

    async def do_request(self, *given: Any, **named: Any) -> NoReturn:
        """Raises _Answered, or what the way does."""
        status, body = await self._way.do_request(*given, **named)
        raise _Answered(Answer(status, without_token(body, self._token)))

    @property
    def read_timeout(self) -> float | None:
        return self._way.read_timeout

    async def initialize(self) -> None:
        await self._way.initialize()

    async def shutdown(self) -> None:
        await self._way.shutdown()


class _Line(httpx.AsyncHTTPTransport):
    """The connections. An address comes with the stand-in, and leaves with the token."""

    def __init__(self, token: str) -> None:
        super().__init__(limits=httpx.Limits(max_connections=100))
        self._token = token

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Of an address that httpx has written down before."""
        path = request.url.raw_path.replace(STAND_IN.encode(), self._token.encode(), 1)
        url = request.url.copy_with(raw_path=path)
        return await super().handle_async_request(
            httpx.Request(
                request.method, url, headers=request.headers, stream=request.stream, extensions=request.extensions
            )
        )
