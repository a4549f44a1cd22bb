"""The way in from outside: is it https, does it lead here, and is the web server before us believed?"""

from __future__ import annotations

import socket
from collections.abc import Iterator
from datetime import datetime, timedelta
from ipaddress import ip_address

from bot import health
from bot.checks import Finding
from bot.checks.knocking import RENEW, Answer, NoAnswer, knock
from bot.config import OFFICIAL, Settings, is_loopback

SOON = timedelta(days=3)
"""A certificate that ends so soon is not being renewed: even those of six days are, two days before."""


def look(settings: Settings, now: datetime) -> Iterator[Finding]:
    """Settings first; then, where the address is https, knocks at it as a resident's browser would."""
    where = f"pages at {settings.address}, listening on {settings.host}:{settings.port}"
    if settings.is_public and not settings.address.startswith("https://"):
        yield Finding("settings", where, "Residents' answers would travel in clear: set base_url to https://...")
        return
    yield Finding("settings", where)
    if settings.address.startswith("https://"):
        yield from _https(settings, now)
    if settings.telegram.webhook and settings.telegram.api_url == OFFICIAL:
        yield from _webhook(settings)


def _https(settings: Settings, now: datetime) -> Iterator[Finding]:
    try:
        answer = knock(settings.address, "/healthz")
    except NoAnswer as nobody:
        yield Finding("https", nobody.why, nobody.todo)
        return
    finding = _answered(settings, answer, now)
    yield finding
    if answer.status == 200 and health.ASKED_BY in answer.headers:
        yield _proxy(settings, answer.headers[health.ASKED_BY])


def _answered(settings: Settings, answer: Answer, now: datetime) -> Finding:
    host = settings.host_outside
    if answer.status in (502, 503, 504):
        todo = f"Start `palabre run`; the web server has to ask port {settings.port}."
        return Finding("https", f"{host} answers, but not Palabre behind it ({answer.status})", todo)
    if answer.status in (301, 302, 303, 307, 308):
        todo = "Set base_url to the address where it ends."
        return Finding("https", f"{host} sends on to another address", todo)
    if answer.status != 200 or health.ASKED_BY not in answer.headers:
        return Finding(
            "https", f"another program answers at {host}", "Is the DNS right, and does the web server ask us?"
        )
    if answer.until is not None and answer.until - now < SOON:
        return Finding("https", f"the certificate of {host} ends on {answer.until:%Y-%m-%d}", RENEW)
    return Finding("https", f"{host} leads here, certificate until {answer.until:%Y-%m-%d}")


def _proxy(settings: Settings, asked_by: str) -> Finding:
    """Whether forwarded headers are believed from the right one only: tries at passwords are counted by them."""
    trusted = settings.trusted_proxies
    if asked_by != "https":
        todo = (
            "Everybody seems to come from the web server, so that a few wrong passwords shut the panel for all: set "
            "trusted_proxies to its address, and have it send X-Forwarded-For and X-Forwarded-Proto."
        )
        return Finding("web server", f"not believed; only {trusted} would be", todo)
    if "*" in trusted and not is_loopback(settings.host):
        todo = "Whoever reaches this port may pretend to be anybody: set trusted_proxies to the web server's address."
        return Finding("web server", "everybody is believed to be one", todo)
    return Finding("web server", f"believed about where people come from ({trusted})")


def _webhook(settings: Settings) -> Iterator[Finding]:
    """What Telegram could never reach; the port was looked at with the settings."""
    try:
        found = socket.getaddrinfo(settings.host_outside, settings.port_outside, type=socket.SOCK_STREAM)
    except OSError:
        return  # said already
    addresses = {str(address[4][0]) for address in found}
    if not any(ip_address(address).is_global for address in addresses):
        todo = "Telegram can't post there: give it a public address, or leave telegram.webhook unset."
        yield Finding("webhook", f"{settings.host_outside} is inside ({', '.join(sorted(addresses))})", todo)
