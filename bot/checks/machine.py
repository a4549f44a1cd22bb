"""What the machine gives a house: room, a disk that SQLite can lock, backups, a clock."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from pathlib import Path

from bot.checks import Finding
from bot.checks.knocking import NoAnswer, knock
from bot.config import Settings

ENOUGH = 1_000_000_000
"""Bytes: the first talk of 80,000 people, twelve messages each. Below that little time is left to make room."""
YOUNG = timedelta(days=2)
"""Made every night, a backup is never older, unless one failed."""
OFF = timedelta(minutes=2)
"""What a clock may be wrong by: no closing time, reminder or certificate suffers from it."""
MOUNTS = Path("/proc/self/mountinfo")
OVER_A_NETWORK = {"nfs", "nfs4", "cifs", "smb3", "smbfs", "fuse.sshfs", "fuse.glusterfs", "glusterfs", "ceph", "afs"}
NOT_MADE = Finding("database", "not made yet; `palabre run` makes it")


def beside(file: Path) -> Iterator[Finding]:
    """What the machine gives a file of SQLite; ends with NOT_MADE where there is none yet."""
    file = file.absolute()
    yield _writable(file)
    yield _room(file.parent)
    if (kind := kind_of_disk(file)) in OVER_A_NETWORK:
        todo = "SQLite can't lock it there, and may lose answers: move it to a disk of this machine."
        yield Finding("disk", f"{file} lies on another machine ({kind})", todo)
    if not file.exists():
        yield NOT_MADE


def _writable(file: Path) -> Finding:
    for path in (file.parent, file):
        if path.exists() and not os.access(path, os.W_OK):
            return Finding("writing", f"{path} cannot be written", "Give it to the user who runs Palabre.")
    return Finding("writing", f"{file} can be written")


def _room(folder: Path) -> Finding:
    free = shutil.disk_usage(folder).free
    found = f"{free / 1e9:.1f} GB free"
    return Finding("room", found, None if free >= ENOUGH else "Make room: a full disk keeps no answer.")


def kind_of_disk(file: Path, mounts: Path = MOUNTS) -> str:
    """The file system that this file lies on, as the kernel calls it; "" where that is not known."""
    try:
        lines = [line.split(" ") for line in mounts.read_text().splitlines()]
    except OSError:
        return ""
    # Of those mounted in the same place the last one covers the others.
    kinds = {line[4].replace("\\040", " "): line[line.index("-") + 1] for line in lines}
    places = [place for place in map(str, [file, *file.parents]) if place in kinds]
    return kinds[places[0]] if places else ""


def backed_up(settings: Settings, now: datetime) -> Iterator[Finding]:
    """Whether a backup is young enough; where nobody else comes none is asked for."""
    if not settings.backups:
        if settings.is_public:
            todo = "Name a folder in the setting backups, and run `palabre backup` every night."
            yield Finding("backups", "nobody has said where they are", todo)
        return
    folder = Path(settings.backups).absolute()
    made = [file.stat().st_mtime for file in folder.glob("*.gz")]
    todo = "Does `palabre backup` run every night? Run it now, and read what it says."
    if not made:
        yield Finding("backups", f"none in {folder}", todo)
        return
    last = datetime.fromtimestamp(max(made), now.tzinfo)
    found = f"{len(made)} in {folder}, the last one of {last:%Y-%m-%d %H:%M} UTC"
    yield Finding("backups", found, None if now - last < YOUNG else todo)


def clock(address: str, now: datetime) -> Iterator[Finding]:
    """The clock beside that of this server, which is somebody else's; nothing where it does not answer."""
    try:
        theirs = parsedate_to_datetime(knock(address, "/").headers["date"])
        ours = theirs.astimezone(now.tzinfo) - now
    except (NoAnswer, KeyError, ValueError, TypeError):
        return
    if abs(ours) > OFF:
        todo = "Votes would open and close at the wrong time: `timedatectl set-ntp true`."
        yield Finding("clock", f"{abs(ours).total_seconds() / 60:.0f} minutes {'slow' if ours > OFF else 'fast'}", todo)
    else:
        yield Finding("clock", "right")
