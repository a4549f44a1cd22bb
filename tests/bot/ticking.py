"""A process that does what is due and sends it, over and over, at a time that runs fast: it is there to be killed."""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import time
from collections.abc import Mapping
from datetime import datetime, timedelta
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

from bot.channels import Outgoing, Receive
from bot.courier import Courier
from bot.jobs import Jobs, all_jobs
from bot.reception import Reception
from flows import module
from flows.module import Module
from flows.rendering import Capabilities
from storage.database import Database
from tests.bot.town import NOON, one_question
from tests.flows.harness import Flow

A_DAY = 6.0
"""Seconds."""
STREET = Capabilities("street", safe_again=True)


def clock(began: float) -> datetime:
    """The time it is in the town, which `began` at that second."""
    return NOON + timedelta(days=(time.time() - began) / A_DAY)


class Street:
    """A channel that writes what it sends into a file, which outlives it."""

    capabilities = STREET

    def __init__(self, sent: Path) -> None:
        self.file = os.open(sent, os.O_WRONLY | os.O_APPEND | os.O_CREAT)

    async def send(self, outgoing: Outgoing) -> str | None:
        line = "\t".join((outgoing.key, outgoing.sender, outgoing.message.lines[0].text))
        os.write(self.file, f"{line}\n".encode())
        await asyncio.sleep(0.002)
        return outgoing.key

    async def run(self, receive: Receive) -> None:
        raise NotImplementedError


def begin(url: str, sent: Path, began: float) -> BaseProcess:
    """One more of them, forked from a server that has loaded the program already."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([__name__])
    process = context.Process(target=_live, args=(url, sent, began), daemon=True)
    process.start()
    return process


def _live(url: str, sent: Path, began: float) -> None:
    module.load = _one_question
    asyncio.run(_tick(url, sent, began))


def _one_question(kind: str, settings: Mapping[str, Any]) -> Module:
    return Flow(one_question)


async def _tick(url: str, sent: Path, began: float) -> None:
    database, street = Database(url), Street(sent)

    def now() -> datetime:
        return clock(began)

    reception = Reception(database, {"street": STREET}, now)
    courier = Courier(database, {"street": street}, now)
    jobs = Jobs(all_jobs(database, reception, courier, timedelta(days=30)), now)
    while True:
        await jobs.tick(now())
        while await courier.deliver():
            pass
        await asyncio.sleep(0.02)
