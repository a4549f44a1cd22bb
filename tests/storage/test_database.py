"""Opening SQLite."""

from __future__ import annotations

import asyncio
import threading
from pathlib import Path

import pytest
from sqlalchemy.exc import OperationalError

from storage.database import Database


def test_a_file_that_cannot_be_opened_is_an_error_and_no_traceback_of_a_thread(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    raised: list[object] = []
    monkeypatch.setattr(threading, "excepthook", raised.append)

    async def fail() -> None:
        with pytest.raises(OperationalError):
            async with Database(f"sqlite:///{tmp_path}").read():
                raise AssertionError("a folder was opened as a database")

    for _time in range(10):
        asyncio.run(fail())
    for thread in threading.enumerate():
        if thread is not threading.current_thread():
            thread.join(5)
    assert raised == []
