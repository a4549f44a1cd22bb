"""What `palabre check` says of a bot."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

from bot.telegram import webhook
from bot.telegram.api import Api, ApiError, Away, Call, NoAnswer, WrongKey
from bot.telegram.introducing import introduce
from storage.accounts import TAKEN
from storage.clock import utc_now
from storage.value import value

RECENT = timedelta(hours=1)
NEW_KEY = "have @BotFather make a new token, and set it where this one stands."


@value
class Looked:
    """What was found, and what to do where it is not well."""

    found: str
    todo: str | None = None


async def look(api: Api, account: str, base_url: str | None, error: str | None) -> Looked:
    """Ask the platform. `base_url` is where updates should be posted to, None where they are polled for; `error` is
    what a running house has noted on the account."""
    try:
        me = await introduce(api)
        info = await api.call(Call("getWebhookInfo", {}))
    except WrongKey:
        return Looked("its token is refused", f"Copy it once more; or {NEW_KEY}")
    except (Away, NoAnswer):
        return Looked("Telegram does not answer", "Does this machine reach it, and is telegram.api_url right?")
    except ApiError as failure:
        return Looked(f"Telegram refuses ({failure.description})", "Try again later.")
    name = f"{me.title}, @{me.name}"
    if error == TAKEN:
        return Looked(f"{name}, is used by another program at the same time", f"Stop that one; or {NEW_KEY}")
    info = info if isinstance(info, dict) else {}
    waiting = f"{info.get('pending_update_count', 0)} updates wait"
    return (
        _posted(name, waiting, info, webhook.address(base_url, account)) if base_url else _polled(name, waiting, info)
    )


def _polled(name: str, waiting: str, info: Mapping[str, Any]) -> Looked:
    if not info.get("url"):
        return Looked(f"{name}, is asked for what is new; {waiting}")
    todo = f"`palabre run` takes that back when it starts. If it runs already, another program has the token: {NEW_KEY}"
    return Looked(f"{name}, posts what is new to {_host(info)}", todo)


def _posted(name: str, waiting: str, info: Mapping[str, Any], address: str) -> Looked:
    if not info.get("url"):
        return Looked(f"{name}, posts nothing yet; `palabre run` sees to that; {waiting}")
    if info["url"] != address:
        todo = (
            f"`palabre run` corrects that when it starts. If it runs already, another program has the token: {NEW_KEY}"
        )
        return Looked(f"{name}, posts what is new to {_host(info)}", todo)
    if _failed_lately(info):
        why = info.get("last_error_message")
        return Looked(f"{name}, could not post what is new ({why}); {waiting}", "Can base_url be reached from outside?")
    return Looked(f"{name}, posts what is new to {address}; {waiting}")


def _host(info: Mapping[str, Any]) -> str:
    """Not the whole address: it may hold somebody's secret."""
    return urlsplit(str(info["url"])).hostname or "another address"


def _failed_lately(info: Mapping[str, Any]) -> bool:
    seconds = info.get("last_error_date")
    return isinstance(seconds, int) and utc_now().timestamp() - seconds < RECENT.total_seconds()
