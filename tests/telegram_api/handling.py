"""One call from its arguments to its answer, with what goes wrong in between."""

from __future__ import annotations

import asyncio
import inspect
import json
import time
from collections.abc import Callable, Mapping
from typing import Any

from tests.telegram_api import menus, polling, sending
from tests.telegram_api.faults import Fault, Told
from tests.telegram_api.files import Upload
from tests.telegram_api.platform import Call, Platform
from tests.telegram_api.query import Query, integer
from tests.telegram_api.refusal import Refusal, too_many
from tests.telegram_api.state import Bot

METHODS: Mapping[str, Callable[[Query], Any]] = {
    "getme": menus.get_me,
    "getmycommands": menus.get_commands,
    "setmycommands": menus.set_commands,
    "deletemycommands": menus.delete_commands,
    "getfile": menus.get_file,
    "getupdates": polling.get_updates,
    "setwebhook": polling.set_webhook,
    "deletewebhook": polling.delete_webhook,
    "getwebhookinfo": polling.get_webhook_info,
    "sendmessage": sending.send_message,
    "sendphoto": sending.send_photo,
    "senddocument": sending.send_document,
    "editmessagetext": sending.edit_text,
    "editmessagecaption": sending.edit_caption,
    "editmessagereplymarkup": sending.edit_markup,
    "deletemessage": sending.delete_message,
    "answercallbackquery": sending.answer_callback,
    "sendchataction": sending.chat_action,
    **{f"getmy{what.replace('_', '')}": menus.getter(what) for what in menus.ABOUT},
    **{f"setmy{what.replace('_', '')}": menus.setter(what) for what in menus.ABOUT},
}
CUT = None
"""The answer that is none: the connection is closed."""


def find_bot(platform: Platform, token: str) -> Bot:
    """Whose token it is. To what can be none api.telegram.org answers 404 (the open-source server 401)."""
    number, colon, key = token.partition(":")
    if not (number.isdigit() and colon and key):
        raise Refusal(404, "Not Found")
    if token not in platform.bots:
        raise Refusal(401, "Unauthorized")
    return platform.bots[token]


async def handle(
    platform: Platform, token: str, method: str, arguments: dict[str, str], files: dict[str, Upload], begun: float
) -> Told | None:
    """Carry out a call whose request began to arrive at this monotonic second, and note it. None (CUT) when the bot
    gets no answer."""
    chat = integer(arguments.get("chat_id", ""))
    call = Call(begun, None, method.lower(), arguments, chat)
    platform.calls.append(call)
    try:
        call.bot = find_bot(platform, token)
    except Refusal as refusal:
        return _tell(platform, call, _refused(call, refusal))
    query = Query(platform, call.bot, call, arguments, files)
    fault = platform.faults.pick(call.bot.id, call.method, chat)
    call.fault = fault.name if fault else ""
    told = await (_fail(query, fault) if fault else _carry_out(query))
    return _tell(platform, call, told)


async def _fail(query: Query, fault: Fault) -> Told | None:
    """The call with this fault."""
    told = None
    if fault.done:
        told = await _carry_out(query)
    else:
        _wait_of(query)  # what is not carried out is nevertheless one too many while the bot has to be silent
    if fault.seconds:
        await asyncio.sleep(fault.seconds)
    if fault.cut:
        return CUT
    return _refused(query.call, fault.refusal) if fault.refusal else fault.told or told


async def _carry_out(query: Query) -> Told:
    """Do it, unless the bot has to be silent."""
    call = query.call
    try:
        wait = _wait_of(query)
        if wait is not None:
            raise too_many(wait)
        if call.method not in METHODS:
            raise Refusal(404, "Not Found: method not found")
        result = METHODS[call.method](query)
        if inspect.isawaitable(result):
            result = await result
    except Refusal as refusal:
        return _refused(call, refusal)
    call.done = True
    query.platform.called.ring()
    described = {"description": query.remark} if query.remark else {}
    return Told(200, json.dumps({"ok": True, "result": result, **described}).encode())


def _wait_of(query: Query) -> int | None:
    call = query.call
    return query.platform.rates.paused(query.bot.id, call.chat or 0, call.method, call.at)


def _refused(call: Call, refusal: Refusal) -> Told:
    """The error as the server writes it."""
    call.description = refusal.description
    body: dict[str, Any] = {"ok": False, "error_code": refusal.code, "description": refusal.description}
    if refusal.parameters:
        body["parameters"] = refusal.parameters
    return Told(refusal.code, json.dumps(body).encode(), retry_after=refusal.parameters.get("retry_after"))


def _tell(platform: Platform, call: Call, told: Told | None) -> Told | None:
    """The answer leaves now; a 429 is binding from here on."""
    platform.called.ring()
    call.answered = time.monotonic()
    call.told = told.status if told else None
    if told and told.retry_after and call.bot:
        platform.rates.pause(call.bot.id, call.answered, told.retry_after)
    return told
