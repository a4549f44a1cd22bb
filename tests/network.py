"""No test leaves this machine: a channel tested against a real platform would be slow, flaky and a nuisance to it."""

import ipaddress
import sys
from collections.abc import Iterator
from typing import Any

import pytest


class LeftThisMachine(AssertionError):
    """A test wanted to connect to another machine. Give it recorded payloads, or a server on the loopback."""


def is_here(host: object) -> bool:
    """Whether a host, as given to connect, is this machine."""
    if isinstance(host, bytes):
        host = host.decode("idna")
    if not isinstance(host, str):
        return host is None
    name = host.partition("%")[0].rstrip(".").lower()
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return name in {"", "localhost"}


def is_literal(host: object) -> bool:
    """Whether a host is an address already, so that looking it up asks nobody."""
    try:
        ipaddress.ip_address(host.partition("%")[0] if isinstance(host, str) else "")
    except ValueError:
        return False
    return True


class Guard:
    """An audit hook, since it sees every way out of Python: asyncio, httpx, aiohttp and plain sockets alike.

    What C libraries do by themselves (libpq) and what browsers do it cannot see: our PostgreSQL listens on a unix
    socket, and our Chromium resolves no name.
    """

    def __init__(self) -> None:
        self.watching = False

    def __call__(self, event: str, arguments: tuple[Any, ...]) -> None:
        if not self.watching or not event.startswith("socket."):
            return
        if event in {"socket.connect", "socket.sendto", "socket.sendmsg"}:
            address = arguments[1]
            # A unix socket's address is a path, not a pair; sendto on a connected socket has none.
            if isinstance(address, tuple) and not is_here(address[0]):
                raise LeftThisMachine(f"{event} to {address}")
        elif event == "socket.getaddrinfo" and not (is_here(arguments[0]) or is_literal(arguments[0])):
            raise LeftThisMachine(f"{event} of {arguments[0]}")


GUARD = Guard()
sys.addaudithook(GUARD)  # a hook can't be taken away again, only told to look elsewhere


@pytest.fixture(scope="session", autouse=True)
def nobody_leaves_this_machine() -> Iterator[None]:
    """Guard the whole session."""
    GUARD.watching = True
    yield
    GUARD.watching = False
