"""One HTTP body of requests from its bytes to its answer, with what goes wrong in between."""

from __future__ import annotations

import asyncio
import json
import time
from typing import Any

from tests.faults import Told
from tests.serving import LINES
from tests.signal_daemon.faults import Failure, Fault
from tests.signal_daemon.framing import answer, checked, named, parsed
from tests.signal_daemon.methods import OF_ACCOUNT, OF_DAEMON, SENDS, Asked
from tests.signal_daemon.platform import Call, Platform
from tests.signal_daemon.refusal import METHOD, PARAMS, REQUEST, Refusal, no_account
from tests.signal_daemon.state import Account

NOTHING = Told(201, b"")
"""The answer to notifications."""


class Broken(Exception):
    """The whole body is answered so: an HTTP error, or not at all (None)."""

    def __init__(self, told: Told | None) -> None:
        super().__init__()
        self.told = told


async def handle(platform: Platform, body: bytes, line: Any) -> Told | None:
    """Carry out what came by this connection. None when the client gets no answer: the connection is cut."""
    try:
        given = parsed(body)
    except Refusal as refusal:
        return _told(answer(None, error=refusal))
    if isinstance(given, dict) and ("result" in given or "error" in given):
        return NOTHING
    try:
        if isinstance(given, dict):
            one = await _one(platform, given, line)
            return _told(one) if one else NOTHING
        # The daemon carries them out side by side; here they keep their order.
        several = [one for part in given if (one := await _one(platform, part, line))]
        return _told(several) if several else NOTHING
    except Broken as broken:
        return broken.told
    finally:
        platform.called.ring()


def _told(shape: Any) -> Told:
    return Told(200, json.dumps(shape, ensure_ascii=False).encode())


async def _one(platform: Platform, given: Any, line: Any) -> dict[str, Any] | None:
    """One request; None for a notification. Broken when its fault is one of HTTP."""
    try:
        method, params, id = checked(given)
    except Refusal as refusal:
        return answer(named(given), error=refusal)
    call = Call(time.monotonic(), method, params if isinstance(params, dict) else {})
    platform.calls.append(call)
    try:
        if method in OF_DAEMON and isinstance(params, list):
            raise Refusal(REQUEST, "Cannot deserialize value of type `java.util.LinkedHashMap`")
        told = answer(id, result=await _carried_out(platform, call, line))
    except Refusal as refusal:
        told = answer(id, error=refusal)
    call.told, call.answered = told, time.monotonic()
    return told if "id" in given else None


async def _carried_out(platform: Platform, call: Call, line: Any) -> Any:
    """The result of a request that goes well. Refusal, or Broken, for one that does not."""
    account = _account(platform, call)
    if account is None:
        return OF_DAEMON[call.method](platform)
    asked = Asked(platform, account, call)
    whom = asked.several("recipient")
    call.account, call.whom = account.number, str(whom[0]) if whom else ""
    fault = platform.faults.pick(account.number, call.method.lower(), call.whom)
    call.fault = fault.name if fault else ""
    if call.method not in SENDS:
        return await _faulty(asked, fault)
    _must_be_alone(platform, call)
    platform.sending.add((call.account, line))
    try:
        await asyncio.sleep(platform.takes)
        return await _faulty(asked, fault)
    finally:
        platform.sending.discard((call.account, line))


async def _faulty(asked: Asked, fault: Fault | None) -> Any:
    """Carry it out, with this fault."""
    if fault is None:
        return _done(asked)
    if isinstance(fault.refusal, Refusal):
        raise fault.refusal
    result = None
    if isinstance(fault.refusal, Failure):
        asked.failure = fault.refusal
        _done(asked)
    if fault.done:
        result = _done(asked)
    await asyncio.sleep(fault.seconds)
    if fault.cut or fault.told:
        raise Broken(fault.told)
    return result


def _done(asked: Asked) -> Any:
    result = OF_ACCOUNT[asked.call.method](asked)
    asked.call.done = True
    asked.platform.called.ring()
    return result


def _must_be_alone(platform: Platform, call: Call) -> None:
    """One send at a time by an account; one whose client has hung up does not count."""
    if any(account == call.account and other in LINES for account, other in platform.sending):
        platform.violated("two at once", call.method)


def _account(platform: Platform, call: Call) -> Account | None:
    """Whose request it is; None for one to the daemon itself. The parameter is looked at before the method."""
    if call.method not in OF_ACCOUNT and call.method not in OF_DAEMON:
        raise Refusal(METHOD, "Method not implemented")
    name = call.params.get("account")
    if call.method == "listAccounts":
        return None
    if name is None:
        if call.method in OF_DAEMON:
            return None
        there = [account for account in platform.accounts.values() if account.registered]
        if len(there) != 1:
            raise Refusal(PARAMS, "Method requires valid account parameter")
        return there[0]
    account = platform.find(str(name))
    if account is None:
        raise no_account()
    return None if call.method in OF_DAEMON else account
