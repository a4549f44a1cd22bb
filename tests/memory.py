"""Where the files of tests lie: in memory, where it has room. None of them has to survive a power cut."""

import os
import tempfile
from pathlib import Path

MEMORY = Path("/dev/shm")
ROOM = 2 * 2**30  # bytes: what two PostgreSQLs and a hundred SQLites want, and as much again


def pytest_configure() -> None:
    """Unless somebody has named another folder."""
    if "TMPDIR" not in os.environ and holds_us():
        os.environ["TMPDIR"] = tempfile.tempdir = str(MEMORY)


def holds_us() -> bool:
    """Whether there is room, and programs may run there; containers often have too little of both."""
    if not os.access(MEMORY, os.W_OK):
        return False
    found = os.statvfs(MEMORY)
    return found.f_bavail * found.f_frsize > ROOM and not found.f_flag & os.ST_NOEXEC
