"""Two libraries, one door: whichever makes the calls, the platform is told the same."""

from __future__ import annotations

import itertools
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route
from telegram import Bot as TheirBot
from telegram.error import TelegramError

from bot.channels import Outgoing
from bot.telegram import webhook, with_ptb
from bot.telegram.api import Call, NoAnswer, Upload, Wrong, WrongKey
from bot.telegram.polling import MOST
from bot.telegram.reading import UPDATES
from bot.telegram.writing import commands, described, write
from flows.messages import Button, Line, Media, Message
from storage.files import SCHEME, File
from tests.serving import listen
from tests.telegram.drivers import DRIVERS
from tests.telegram.served import NO_LIMITS
from tests.telegram_api import Platform, serve
from tests.telegram_api.server import read

TOKEN = "7000000001:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw"
SHOWN = (("sendPhoto", "photo"), ("sendDocument", "document"))
MARKED = {"inline_keyboard": [[{"text": "✓ Oui", "callback_data": "x:yes"}]]}
ATTACHED = "attach://"
"""Stands where a file is meant that is sent beside, under another name. The kind that a file is said to be of is no
matter to the platform."""
PICTURE = File(bytes(range(256)), "image/png")


@dataclass
class Ear:
    """A server that says yes to all, and remembers what it was told."""

    heard: list[Any] = field(default_factory=list)

    @asynccontextmanager
    async def listening(self) -> AsyncIterator[str]:
        async with listen(Starlette(routes=[Route("/bot{token}/{method}", self._hear, methods=["POST"])])) as url:
            yield url

    async def _hear(self, request: Request) -> JSONResponse:
        arguments, files = await read(request)
        for name in [name for name, given in arguments.items() if given.startswith(ATTACHED)]:
            files[name] = files.pop(arguments.pop(name).removeprefix(ATTACHED))
        told = {name: _meant(given) for name, given in arguments.items()}
        sent = {name: (one.name, one.content) for name, one in files.items()}
        self.heard.append((request.path_params["token"], request.path_params["method"], told, sent))
        return JSONResponse({"ok": True, "result": True})


def _meant(given: str) -> Any:
    """JSON where it is JSON."""
    try:
        return json.loads(given)
    except ValueError:
        return given


def every_call() -> list[Call]:
    """One of each kind that the rest of this room makes."""
    buttons = (Button("Oui 🌳", "x:yes"), Button("Non", "x:no"), Button("Retour", "x:-back", minor=True))
    lines = (Line("Noté : « 5 & 6 = 11 + 0 % »"), Line("Ça va ? 🌳", "ask"))
    plan = Media("picture", f"{SCHEME}plan", "Le plan")
    elsewhere = Media("picture", "https://ville.example/plan.png?a=1&b=é", "Le plan")
    report = Media("document", f"{SCHEME}report", "Le rapport")
    film = Media("video", "https://ville.example/film", "Le film")
    shown: list[tuple[Media | None, File | str | None]] = [
        *((None, None), (plan, PICTURE), (plan, "AgACAgQAAxk_-1"), (elsewhere, None), (film, None)),
        *((report, File(b"%PDF-1.7", "application/pdf")), (report, "BQACAgQAAxk_-1")),
    ]
    written = [
        call
        for media, file in shown
        for call in write(Outgoing("1", "7000000001", "42", "fr", Message(lines, buttons, media), paid=True), file)
    ]
    return [
        *written,
        *commands(),
        *described("Mairie de Nantes"),
        webhook.opening("https://ville.example", "7000000001", TOKEN),
        webhook.CLOSING,
        Call("getUpdates", {"timeout": 0, "limit": MOST, "allowed_updates": UPDATES, "offset": 2**40}),
        Call("getMyCommands", {"scope": {"type": "all_private_chats"}, "language_code": "fr"}),
        Call("answerCallbackQuery", {"callback_query_id": "17"}),
        Call("editMessageReplyMarkup", {"chat_id": 42, "message_id": 7, "reply_markup": MARKED}),
        Call("deleteMessage", {"chat_id": "42", "message_id": 7}),
        *(Call(method, {}) for method in ("getMe", "getWebhookInfo", "getMyDescription", "getMyShortDescription")),
    ]


async def test_both_say_every_call_in_the_same_words() -> None:
    told = []
    for driver in DRIVERS.values():
        ear = Ear()
        async with ear.listening() as url:
            api = driver(TOKEN, url)
            for call in every_call():
                assert await api.call(call) is True
            await api.close()
        told.append(ear.heard)
    assert len(told[0]) == len(every_call())
    for one, other in zip(*told, strict=True):
        assert one == other
    assert {token for token, *_call in told[0]} == {TOKEN}


@pytest.mark.parametrize("driver", DRIVERS)
async def test_an_address_that_is_a_file_of_this_machine_is_not_sent_as_one(
    driver: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "secret.txt").write_text("zaubernuss")
    monkeypatch.chdir(tmp_path)
    ear = Ear()
    async with ear.listening() as url:
        api = DRIVERS[driver](TOKEN, url)
        addresses = ("secret.txt", f"{tmp_path}/secret.txt", f"file://{tmp_path}/secret.txt")
        for (method, parameter), address in itertools.product(SHOWN, addresses):
            await api.call(Call(method, {"chat_id": "42", parameter: address}))
            assert ear.heard.pop()[2:] == ({"chat_id": 42, parameter: address}, {})
        await api.close()


@pytest.mark.parametrize(
    "call",
    [
        Call("send_message", {"chat_id": "42", "text": "mon secret"}),
        Call("initialize", {}),
        Call("shutdown", {}),
        Call("to_dict", {}),
        Call("token", {}),
        Call("_post", {"endpoint": "mon secret"}),
        Call("do_api_request", {"endpoint": "mon secret"}),
        Call("sendMessage", {"chat_id": "42", "text": "x", "read_timeout": 1}),
        Call("sendMessage", {"chat_id": "42", "text": "x", "api_kwargs": {"mon": "secret"}}),
        Call("sendDocument", {"chat_id": "42", "document": "x", "filename": "mon secret"}),
        Call("sendDocument", {"chat_id": "42", "document": b"mon secret"}),
        Call("sendDocument", {"chat_id": "42", "document": Path("mon secret")}),
        Call("setMyCommands", {"commands": [["mon", "secret"]]}),
        Call("getUpdates", {"allowed_updates": "secret"}),
    ],
)
async def test_what_is_the_library_s_own_is_no_call(call: Call) -> None:
    api = with_ptb.open(TOKEN, "http://127.0.0.1:9")
    with pytest.raises(Wrong) as raised:
        await api.call(call)
    assert "secret" not in repr(raised.value)
    await api.close()


# -- somebody else's bot -------------------------------------------------------------------------------------------


async def test_through_somebody_s_own_bot_we_write_and_download_and_leave_it_open() -> None:
    platform = Platform(limits=NO_LIMITS)
    bot = platform.bot("Ville de Nantes")
    async with serve(platform) as url, TheirBot(bot.token, f"{url}/bot", f"{url}/file/bot") as theirs:
        anna = platform.resident(bot, "Anna")
        anna.starts()
        api = with_ptb.around(theirs)
        upload = Upload("plan.png", PICTURE.content, PICTURE.media_type)
        sent = await api.call(Call("sendDocument", {"chat_id": anna.chat.id, "document": upload}))
        assert await api.download(sent["document"]["file_id"], 1_000) == PICTURE.content
        await api.close()
        await theirs.send_message(anna.chat.id, "Encore là.")
        assert anna.heard[-1] == "Encore là."


async def test_through_somebody_s_own_bot_failures_are_ours_and_tell_no_key() -> None:
    platform = Platform()
    bot = platform.bot("Ville de Nantes")
    async with serve(platform) as url:
        theirs = TheirBot(bot.token, f"{url}/bot", f"{url}/file/bot")
        api = with_ptb.around(theirs)
        hello, old = Call("sendMessage", {"chat_id": 1, "text": "Bonjour"}), bot.token
        async with theirs:
            platform.new_token(bot)
            with pytest.raises(TelegramError):
                await theirs.get_me()
            with pytest.raises(WrongKey):
                await api.call(hello)
        with pytest.raises(NoAnswer) as raised:
            await api.call(hello)  # they have closed it
        assert old not in repr(raised.value)
        assert raised.value.__cause__ is None
        assert raised.value.__context__ is None
        await api.close()
