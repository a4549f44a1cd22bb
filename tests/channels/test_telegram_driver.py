"""The drivers: every call arrives as it was meant, and whatever goes wrong is one of our errors, which tells
nobody the token."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
import ssl
import traceback
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any, TypeAlias

import pytest

from bot.telegram.api import (
    Api,
    ApiError,
    Away,
    Call,
    NoAnswer,
    Shut,
    TooFast,
    Upload,
    Wrong,
    WrongKey,
)
from flows.messages import Button, Line, Message
from storage.files import File
from tests.channels.test_telegram_replies import refusal
from tests.telegram.drivers import DRIVERS, Driver
from tests.telegram_api import Platform, Resident, faults, serve

TOKEN = "7000000001:AAHsecretsecretsecretsecretsecret_-x"
HELLO = Call("sendMessage", {"chat_id": 11, "text": "Bonjour"})
UPDATES = Call("getUpdates", {"timeout": 0})
SOON = timedelta(seconds=1)


@pytest.fixture(params=DRIVERS)
def driver(request: pytest.FixtureRequest) -> Driver:
    return DRIVERS[request.param]


Behave: TypeAlias = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
"""What a server does once a whole request was read."""


# -- servers that misbehave --------------------------------------------------------------------------------------


@asynccontextmanager
async def behaving(behave: Behave, context: ssl.SSLContext | None = None) -> AsyncIterator[str]:
    """A server that reads a request and then does this; its address."""

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            head = (await reader.readuntil(b"\r\n\r\n")).lower()
            length = head.partition(b"content-length:")[2].partition(b"\r\n")[0]
            await reader.readexactly(int(length or 0))
            await behave(reader, writer)
        writer.close()

    server = await asyncio.start_server(connected, "127.0.0.1", 0, ssl=context)
    async with server:
        yield f"{'https' if context else 'http'}://127.0.0.1:{server.sockets[0].getsockname()[1]}"


def saying(status: int, body: bytes, kind: str = "application/json", more: str = "") -> Behave:
    async def say(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = f"HTTP/1.1 {status} X\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\n{more}\r\n"
        writer.write(head.encode() + body)
        await writer.drain()

    return say


async def hang_up(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.close()


async def break_off(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b'HTTP/1.1 200 OK\r\nContent-Length: 900\r\n\r\n{"ok":true,"res')
    await writer.drain()


async def say_nothing(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
    await reader.read()


async def babble(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"\x00\x01 this is no HTTP\r\n\r\n")
    await writer.drain()


@asynccontextmanager
async def opened(driver: Driver, url: str) -> AsyncIterator[Api]:
    api = driver(TOKEN, url, timeout=SOON)
    try:
        yield api
    finally:
        await api.close()


async def failing(driver: Driver, url: str, call: Call = HELLO, patience: timedelta | None = None) -> Exception:
    """The error of this call, which leads to no error of a library."""
    async with opened(driver, url) as api:
        with pytest.raises((ApiError, Away, NoAnswer)) as raised:
            await api.call(call, patience=patience)
    return discreet(raised.value)


def discreet(error: Exception) -> Exception:
    """The same error, once it is seen that it gives nothing away."""
    told = traceback.TracebackException.from_exception(error, capture_locals=True)
    for text in (str(error), repr(error), "".join(told.format()), repr(vars(error))):
        assert TOKEN not in text
        assert "secretsecret" not in text
    assert error.__cause__ is None
    assert error.__context__ is None
    return error


# -- what must not be told --------------------------------------------------------------------------------------

PAGE = f"<html><h1>Bad Gateway</h1>/bot{TOKEN}/sendMessage</html>".encode()


async def test_a_token_that_is_quoted_back_goes_no_further(driver: Driver) -> None:
    async with behaving(saying(400, refusal(400, f"Bad Request: no /bot{TOKEN}/sendMessage"))) as url:
        assert str(await failing(driver, url)) == "Bad Request: no /botTOKEN/sendMessage"
    async with behaving(saying(502, PAGE, "text/html")) as url:
        assert type(await failing(driver, url)) is NoAnswer


async def test_a_redirect_is_not_followed(driver: Driver) -> None:
    """It would take the token somewhere else."""
    moved = saying(302, b"", "text/html", "Location: http://127.0.0.1:9/\r\n")
    async with behaving(moved) as url:
        assert type(await failing(driver, url)) is Away


# -- what becomes of the connection ------------------------------------------------------------------------------


@pytest.mark.parametrize("behave", [hang_up, break_off, say_nothing, babble])
@pytest.mark.parametrize("call", [HELLO, UPDATES], ids=["message", "updates"])
async def test_a_call_that_has_left_and_is_not_answered_is_in_doubt(driver: Driver, behave: Behave, call: Call) -> None:
    async with behaving(behave) as url:
        assert type(await failing(driver, url, call)) is NoAnswer


async def test_a_server_that_refuses_the_connection_is_away(driver: Driver) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        assert type(await failing(driver, f"http://127.0.0.1:{unused.getsockname()[1]}")) is Away


async def test_a_server_without_an_address_is_away(driver: Driver, monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*_given: Any, **_more: Any) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    with monkeypatch.context() as patched:
        patched.setattr(socket, "getaddrinfo", unknown)
        assert type(await failing(driver, "http://nowhere.invalid")) is Away
    assert type(await failing(driver, "http://:1")) is Away


async def test_a_server_that_does_not_take_the_connection_is_away(driver: Driver) -> None:
    """Its queue is full: the connection is never made, and the call has not left."""
    with socket.socket() as full:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        where = full.getsockname()
        waiting = [socket.socket() for _ in range(4)]
        for one in waiting:
            one.setblocking(False)
            one.connect_ex(where)
        assert type(await failing(driver, f"http://127.0.0.1:{where[1]}", patience=SOON)) is Away
        for one in waiting:
            one.close()


async def test_a_server_that_is_not_whom_it_claims_to_be_is_away(driver: Driver) -> None:
    async with behaving(hang_up) as url:
        assert type(await failing(driver, url.replace("http:", "https:"))) is Away


async def test_a_call_waits_as_long_as_it_says(driver: Driver) -> None:
    async def slowly(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(1.5)
        await saying(200, b'{"ok": true, "result": []}')(reader, writer)

    async with behaving(slowly) as url, opened(driver, url) as api:
        assert await api.call(UPDATES, patience=timedelta(seconds=10)) == []
        with pytest.raises(NoAnswer):
            await api.call(UPDATES)


# -- misuse ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "call",
    [
        Call("sendMesage", {"chat_id": 11, "text": "mon secret"}),
        Call("response", {"ok": True}),
        Call("sendMessage", {"chat_id": 11}),
        Call("sendMessage", {"chat_id": 11, "text": ["mon secret"]}),
        Call("sendMessage", {"chat_id": 11, "txt": "mon secret"}),
        Call("sendMessage", {"chat_id": 11, "text": "x", "reply_markup": {"inline_keyboard": "mon secret"}}),
        Call("sendMessage", {"chat_id": 11, "text": "mon secret \ud800"}),
    ],
)
async def test_a_call_that_the_api_does_not_know_is_refused_here_without_a_word_of_a_resident(
    driver: Driver, call: Call
) -> None:
    error = await failing(driver, "http://127.0.0.1:9", call)
    assert type(error) is Wrong
    assert "secret" not in repr(error)


@pytest.mark.parametrize("token", ["", "abc", "1:", ":abc", "1:a b", "1:abc/../2:def", "1:abc?x=1", "١:abc", "1:é"])
def test_what_can_not_be_a_token_opens_nothing(driver: Driver, token: str) -> None:
    with pytest.raises(WrongKey) as raised:
        driver(token)
    assert not token or token not in str(raised.value)


# -- before the platform -----------------------------------------------------------------------------------------


@asynccontextmanager
async def talking(driver: Driver) -> AsyncIterator[tuple[Api, Platform, Resident]]:
    """Our driver before the stub of the platform, and somebody who has pressed Start."""
    platform = Platform()
    bot = platform.bot("Ville de Nantes")
    async with serve(platform) as url:
        api = driver(bot.token, url)
        anna = platform.resident(bot, "Anna")
        anna.starts("plage")
        yield api, platform, anna
        await api.close()


async def test_updates_come_as_they_are_of_whatever_shape(driver: Driver) -> None:
    strange = b'{"ok":true,"result":[{"update_id":1,"hologram":{"from":7}},{"update_id":2,"message":"?"},3,null]}'
    async with behaving(saying(200, strange)) as url, opened(driver, url) as api:
        assert await api.call(UPDATES) == [
            {"update_id": 1, "hologram": {"from": 7}},
            {"update_id": 2, "message": "?"},
            3,
            None,
        ]


PROMPT = Message((Line("Ça va ? 🌳", "ask"),), (Button("Oui", "x:yes"), Button("Retour", "x:-back", minor=True)))


async def test_a_resident_hears_what_is_sent_and_its_buttons(driver: Driver) -> None:
    async with talking(driver) as (api, _platform, anna):
        [update] = await api.call(Call("getUpdates", {"timeout": 0, "allowed_updates": ["message"]}))
        assert update["message"]["text"] == "/start plage"
        keyboard = {"inline_keyboard": [[{"text": "Oui", "callback_data": "x:yes"}]]}
        text = {"text": "Ça va ? 🌳", "entities": [{"type": "bold", "offset": 0, "length": 7}]}
        preview = {"link_preview_options": {"is_disabled": True}}
        sent = await api.call(
            Call("sendMessage", {"chat_id": str(anna.chat.id), **text, **preview, "reply_markup": keyboard})
        )
        assert anna.heard == ["Ça va ? 🌳"]
        assert sent["entities"] == text["entities"]
        assert sent["reply_markup"] == keyboard


async def test_a_file_goes_there_and_comes_back(driver: Driver) -> None:
    picture = File(bytes(range(256)) * 500, "image/png")
    async with talking(driver) as (api, _platform, anna):
        upload = Upload("plan.png", picture.content, picture.media_type)
        sent = await api.call(Call("sendDocument", {"chat_id": anna.chat.id, "document": upload, "caption": "Le plan"}))
        name = sent["document"]["file_id"]
        assert await api.download(name, len(picture.content)) == picture.content
        with pytest.raises(Wrong):
            await api.download(name, len(picture.content) - 1)
        with pytest.raises((Wrong, Shut)):
            await api.download("nothing", 1)


@pytest.mark.parametrize("behave", [hang_up, say_nothing])
async def test_a_download_that_fails_gives_nothing_away(driver: Driver, behave: Behave) -> None:
    """The server knows the file, and doesn't hand it out."""
    known = saying(200, b'{"ok":true,"result":{"file_path":"photos/a.jpg"}}')

    async def server(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.append(1)
        await (known if len(asked) == 1 else behave)(reader, writer)

    asked: list[int] = []
    async with behaving(server) as url, opened(driver, url) as api:
        with pytest.raises(NoAnswer) as raised:
            await api.download("AgAC", 10)
    discreet(raised.value)


async def test_a_file_larger_than_it_was_said_to_be_is_not_read_to_its_end(driver: Driver) -> None:
    async def server(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        body = b"x" * 5_000_000 if asked else b'{"ok":true,"result":{"file_path":"photos/a.jpg","file_size":3}}'
        asked.append(1)
        await saying(200, body)(reader, writer)

    asked: list[int] = []
    async with behaving(server) as url, opened(driver, url) as api:
        with pytest.raises(Wrong):
            await api.download("AgAC", 1_000)


async def test_the_platform_s_faults_are_told_apart(driver: Driver) -> None:
    async with talking(driver) as (api, platform, anna):
        platform.limits.per_chat = None
        hello = Call("sendMessage", {"chat_id": anna.chat.id, "text": "Bonjour"})
        expected = [
            (faults.wait(2), TooFast),
            (faults.blocked(), Shut),
            (faults.deactivated(), Shut),
            (faults.unknown_chat(), Shut),
            (faults.broken(500), Away),
            (faults.broken(502, page=True), NoAnswer),
            (faults.cut_before(), NoAnswer),
            (faults.cut_after(), NoAnswer),
        ]
        for fault, kind in expected:
            platform.faults.script(fault)
            with pytest.raises(kind) as raised:
                await api.call(hello)
            assert type(raised.value) is kind


async def test_nothing_is_left_open(driver: Driver, caplog: pytest.LogCaptureFixture) -> None:
    """An unclosed session would be a ResourceWarning, which fails the test, and a line in the log."""
    caplog.set_level(logging.DEBUG)
    async with behaving(saying(200, b'{"ok":true,"result":true}')) as url, opened(driver, url) as api:
        assert await api.call(Call("getMe", {})) is True
    assert TOKEN not in caplog.text
    assert "Unclosed" not in caplog.text


def test_the_api_does_not_show_its_token(driver: Driver) -> None:
    api = driver(TOKEN)
    assert "secret" not in repr(api) + str(api) + repr(vars(api))
