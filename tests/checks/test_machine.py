"""`palabre check` looks at what the machine gives a house: room, a disk, backups, a clock."""

from __future__ import annotations

import os
import shutil
from collections import namedtuple
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

import pytest

from bot.checks import machine
from bot.config import Settings
from tests.tls import serve

NOW = datetime.now(UTC)
PUBLIC = "https://participe.example"


@pytest.mark.parametrize(
    ("file", "kind"),
    [
        ("/srv/palabre/palabre.db", "nfs4"),
        ("/srv/palabres/palabre.db", "ext4"),
        ("/mnt/a town/palabre.db", "cifs"),
        ("/var/lib/palabre/palabre.db", "xfs"),
    ],
)
def test_the_disk_of_a_file_is_the_one_mounted_nearest_to_it(file: str, kind: str, tmp_path: Path) -> None:
    mounts = tmp_path / "mountinfo"
    mounts.write_text(
        "27 1 254:0 / / rw,relatime - ext4 /dev/vda rw\n"
        "30 27 0:30 / /srv/palabre rw,relatime shared:1 - nfs4 store:/palabre rw\n"
        "31 27 0:31 / /mnt/a\\040town rw,relatime - cifs //store/town rw\n"
        "32 27 0:32 / /var/lib/palabre rw,relatime - nfs store:/old rw\n"
        "33 27 0:33 / /var/lib/palabre rw,relatime shared:2 master:3 - xfs /dev/vdb rw\n"
    )
    assert machine.kind_of_disk(Path(file), mounts) == kind


def test_the_disk_of_a_file_is_known_on_this_machine(tmp_path: Path) -> None:
    assert machine.kind_of_disk(tmp_path / "palabre.db")
    assert machine.kind_of_disk(tmp_path / "palabre.db", tmp_path / "nowhere") == ""


def test_a_file_on_another_machine_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine, "kind_of_disk", lambda _: "nfs4")
    [told] = [finding for finding in machine.beside(tmp_path / "palabre.db") if finding.what == "disk"]
    assert told.found.endswith("lies on another machine (nfs4)")
    assert "SQLite can't lock it" in (told.todo or "")


def test_a_disk_that_is_nearly_full_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage(10**11, 10**11 - 10**8, 10**8))
    [told] = [finding for finding in machine.beside(tmp_path / "palabre.db") if finding.what == "room"]
    assert (told.found, told.todo) == ("0.1 GB free", "Make room: a full disk keeps no answer.")


# -- backups ----------------------------------------------------------------------------------------------------------


def backups(**settings: object) -> list[tuple[str, bool]]:
    return [(one.found, one.todo is None) for one in machine.backed_up(Settings.model_validate(settings), NOW)]


def test_a_house_for_this_machine_needs_no_backup() -> None:
    assert backups() == []


def test_a_public_house_without_backups_is_told(tmp_path: Path) -> None:
    assert backups(base_url=PUBLIC) == [("nobody has said where they are", False)]
    assert backups(base_url=PUBLIC, backups=str(tmp_path)) == [(f"none in {tmp_path}", False)]
    assert backups(base_url=PUBLIC, backups=str(tmp_path / "nowhere")) == [(f"none in {tmp_path}/nowhere", False)]


@pytest.mark.parametrize(("hours", "well"), [(1, True), (47, True), (49, False)])
def test_the_last_backup_is_not_older_than_two_days(hours: int, well: bool, tmp_path: Path) -> None:
    for name, age in (("palabre-monday.gz", 200), ("palabre-sunday.gz", hours), ("notes.txt", 0)):
        (tmp_path / name).touch()
        moment = (NOW - timedelta(hours=age)).timestamp()
        os.utime(tmp_path / name, (moment, moment))
    last = f"{NOW - timedelta(hours=hours):%Y-%m-%d %H:%M} UTC"
    assert backups(base_url=PUBLIC, backups=str(tmp_path)) == [(f"2 in {tmp_path}, the last one of {last}", well)]


# -- the clock --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("ahead", "found", "well"),
    [(0, "right", True), (-60, "right", True), (600, "10 minutes slow", False), (-86_400, "1440 minutes fast", False)],
)
def test_a_clock_that_is_wrong_is_told(ahead: int, found: str, well: bool) -> None:
    theirs = format_datetime(NOW + timedelta(seconds=ahead), usegmt=True)
    with serve(lambda _: (404, {"Date": theirs}, b""), None) as address:
        [told] = machine.clock(address, NOW)
    assert (told.found, told.todo is None) == (found, well)


@pytest.mark.parametrize("written", ["", "yesterday"])
def test_a_server_that_tells_no_time_is_passed_over(written: str) -> None:
    with serve(lambda _: (200, {"Date": written}, b""), None) as address:
        assert list(machine.clock(address, NOW)) == []


def test_a_server_that_does_not_answer_is_passed_over() -> None:
    assert list(machine.clock("http://127.0.0.1:1", NOW)) == []
