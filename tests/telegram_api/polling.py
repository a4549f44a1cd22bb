"""How a bot hears: it polls, or says where to send."""

from __future__ import annotations

import asyncio
import ipaddress
import re
import time
from typing import Any
from urllib.parse import urlsplit

from tests.telegram_api.checks import parsed
from tests.telegram_api.mailbox import MOST
from tests.telegram_api.query import Query
from tests.telegram_api.refusal import Refusal, bad, too_many
from tests.telegram_api.state import Webhook

LONGEST_POLL = 50
"""Seconds."""
SAME, AT_ONCE = 3, 0.5
"""Seconds in which the same question again has to wait for its answer, and in which it gets one update only."""
BETWEEN_WEBHOOKS = 1.0
"""Seconds."""
PORTS = frozenset({80, 88, 443, 8443})
SECRET = re.compile(r"[A-Za-z0-9_-]*")
LONGEST_SECRET = 256
BY_WEBHOOK = (
    "Conflict: can't use getUpdates method while webhook is active; use deleteWebhook to delete the webhook first"
)
BY_SETTING = "Conflict: terminated by setWebhook request"
BY_ANOTHER = "Conflict: terminated by other getUpdates request; make sure that only one bot instance is running"


async def get_updates(query: Query) -> list[dict[str, Any]]:
    """What waits; when nothing does, up to `timeout` seconds for something. Only a call that waits ends the one before
    it, as on the server."""
    bot, poll, mailbox = query.bot, query.bot.poll, query.bot.mailbox
    if bot.webhook is not None:
        raise await _conflict(query, BY_WEBHOOK)
    offset, limit = query.number("offset", 0), query.number("limit", MOST, 1, MOST)
    timeout = query.number("timeout", 0, 0, LONGEST_POLL)
    _allow(query)
    now = time.monotonic()
    if offset == poll.offset and now < poll.began + SAME:
        timeout = max(timeout, SAME)
        limit = 1 if now < poll.began + AT_ONCE else limit
    poll.offset, poll.began = offset, now
    mine = None
    while not (found := mailbox.read(offset, limit)):
        if mine is None:
            mine = poll.waiting = object()
            mailbox.bell.ring()
        left = now + timeout - time.monotonic()
        if left <= 0 or query.platform.closing:
            break
        await mailbox.bell.heard(left)
        if poll.waiting is not mine:
            raise await _conflict(query, BY_ANOTHER if bot.webhook is None else BY_SETTING)
    return [update.json() for update in found]


async def _conflict(query: Query, sentence: str) -> Refusal:
    """409, held back while the last is recent, so that two bots with one token don't spin."""
    poll, now = query.bot.poll, time.monotonic()
    if now < poll.next_conflict:
        await asyncio.sleep(query.platform.conflict_pause)
    else:
        poll.next_conflict = now + query.platform.conflict_pause
    return Refusal(409, sentence)


def _allow(query: Query) -> None:
    """Which kinds of updates are made from now on: as before when it doesn't say, the usual when the list is empty."""
    given = parsed(query.arguments.get("allowed_updates", ""))
    if isinstance(given, list) and all(isinstance(kind, str) for kind in given):
        query.bot.mailbox.allowed = frozenset(kind.lower() for kind in given) or None


def set_webhook(query: Query) -> bool:
    """Send updates there from now on; an empty url is deleteWebhook."""
    url = query.arguments.get("url", "")
    if not url:
        return delete_webhook(query)
    poll, now = query.bot.poll, time.monotonic()
    if now < poll.next_webhook:
        raise too_many(1)
    poll.next_webhook = now + BETWEEN_WEBHOOKS
    if query.flag("drop_pending_updates"):
        query.bot.mailbox.clear()
    secret = query.arguments.get("secret_token", "")
    if len(secret) > LONGEST_SECRET:
        raise bad("secret token is too long")
    if not SECRET.fullmatch(secret):
        raise bad("secret token contains unallowed characters")
    ip = query.arguments.get("ip_address", "")
    _check_address(query, url, ip)
    _allow(query)
    hook = Webhook(url, secret, query.number("max_connections", 40, 1, 100), ip)
    query.remark = f"Webhook {'is already' if hook == query.bot.webhook else 'was'} set"
    if hook != query.bot.webhook:
        _redirect(query, hook)
    poll.waiting = None
    return True


def _redirect(query: Query, hook: Webhook | None) -> None:
    """Who sends and who polls finds out."""
    query.bot.webhook, query.bot.webhook_error = hook, None
    query.bot.mailbox.bell.ring()
    query.platform.changed.ring()


def _check_address(query: Query, url: str, ip: str) -> None:
    """Refuse an address that no update could be sent to."""
    try:
        parts = urlsplit(url if "://" in url else f"https://{url}")
        port = parts.port or (443 if parts.scheme == "https" else 80)
        if not parts.hostname or parts.scheme not in ("http", "https"):
            raise ValueError(url)
    except ValueError:
        raise bad("invalid webhook URL specified") from None
    if query.platform.http_allowed:
        return
    if parts.scheme != "https":
        raise bad("bad webhook: An HTTPS URL must be provided for webhook")
    if port not in PORTS:
        raise bad("bad webhook: Webhook can be set up only on ports 80, 88, 443 or 8443")
    try:
        address = ipaddress.ip_address(ip or parts.hostname)
    except ValueError:
        if ip:
            raise bad("bad webhook: Invalid IP address specified") from None
        return
    if address.version == 6:
        raise bad("bad webhook: IPv6-only addresses are not allowed")
    if not address.is_global:
        raise bad(f"bad webhook: IP address {address} is reserved")


def delete_webhook(query: Query) -> bool:
    if query.flag("drop_pending_updates"):
        query.bot.mailbox.clear()
    query.remark = f"Webhook {'was' if query.bot.webhook else 'is already'} deleted"
    _redirect(query, None)
    return True


def get_webhook_info(query: Query) -> dict[str, Any]:
    """How it goes."""
    bot, hook = query.bot, query.bot.webhook
    info: dict[str, Any] = {"url": hook.url if hook else "", "has_custom_certificate": False}
    info["pending_update_count"] = len(bot.mailbox.waiting())
    if bot.webhook_error:
        info["last_error_date"], info["last_error_message"] = bot.webhook_error
    if hook:
        info |= {"max_connections": hook.connections, "ip_address": hook.ip or "127.0.0.1"}
    if bot.mailbox.allowed is not None:
        info["allowed_updates"] = sorted(bot.mailbox.allowed)
    return info
