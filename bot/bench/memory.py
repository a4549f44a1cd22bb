"""The memory of a running house: a real `palabre run`, asked for a page and its health."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Mapping
from pathlib import Path
from urllib.error import URLError

PATIENCE = 30.0
"""Seconds a house has to answer."""


def of_a_house() -> float:
    """Megabytes of resident memory after a few pages were answered."""
    with tempfile.TemporaryDirectory(prefix="palabre-bench-") as folder:
        return running({"PALABRE_DATABASE_URL": f"sqlite:///{Path(folder) / 'house.db'}"})


def running(settings: Mapping[str, str], warm: Callable[[], None] = lambda: None) -> float:
    """The same of a house with these settings, once `warm` returns."""
    port = free_port()
    command = [sys.executable, "-c", "from bot.commands import main; main()", "run"]
    with subprocess.Popen(
        command,
        env={**os.environ, **settings, "PALABRE_PORT": str(port)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as house:
        try:
            for path in ("/readyz", "/healthz", "/sign-in", "/metrics"):
                _ask(f"http://127.0.0.1:{port}{path}", house)
            warm()
            return _resident(house.pid)
        finally:
            house.terminate()
            house.wait(timeout=PATIENCE)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _ask(address: str, house: subprocess.Popen[bytes]) -> None:
    """Ask until answered, whatever the answer; RuntimeError when the house has ended."""
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            with urllib.request.urlopen(address, timeout=PATIENCE):
                return
        except URLError as error:
            if hasattr(error, "code"):
                return
            if house.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError("the house did not start") from error
            time.sleep(0.1)


def _resident(pid: int) -> float:
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    raise RuntimeError("no memory figure for this process")
