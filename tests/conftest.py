"""What every test may ask for. The fixtures of a kind live together: browser.py, network.py, postgres.py."""

import gc
import os
from collections.abc import AsyncIterator
from pathlib import Path
from types import SimpleNamespace

import pytest
from hypothesis import HealthCheck, settings
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.database import Database
from tests.tables import make_tables

pytest_plugins = ["tests.browser", "tests.logs", "tests.memory", "tests.network", "tests.postgres"]

IN_CI = os.environ.get("CI") == "true"
ROOT = Path(__file__).parent.parent

# Two busy cores make times meaningless, so no deadlines. CI looks at the same examples each time: a landing must not
# depend on luck, and people's own runs are the ones that explore.
settings.register_profile(
    "quick", max_examples=25, deadline=None, derandomize=IN_CI, suppress_health_check=[HealthCheck.too_slow]
)
settings.register_profile("all", settings.get_profile("quick"), max_examples=500)
settings.load_profile("quick")

gc.disable()
"""Until all tests are collected: what is imported stays, and looking through it again and again costs a tenth."""


SPEAKING = (
    *(f"tests/storage/test_{name}.py" for name in ("audiences", "prepared", "reach", "similar")),
    *(f"tests/bot/test_{name}.py" for name in ("courier", "reception")),
)
"""Where the two databases are spoken with most differently: tried on PostgreSQL in the quick run as well."""
_NOTHING = SimpleNamespace(params={})


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--rewrite-talks", action="store_true", help="write what the bot answers now into tests/talks")
    parser.addoption("--crowd", type=int, default=150, help="how many people the long test of a broadcast writes to")
    parser.addoption("--kills", type=int, default=50, help="how often the long test of crashes kills the program")


@pytest.hookimpl(tryfirst=True)
def pytest_cmdline_main(config: pytest.Config) -> None:
    """Talks are rewritten by one process: what one test writes others read."""
    if config.getoption("--rewrite-talks"):
        config.option.numprocesses = 0


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """More than there are cores: talks wait for each other, for browsers and for processes of their own. Long tests
    fill a core and mind waiting, so beside them it is one more only."""
    more = 2 if config.option.markexpr == "not long" else 1
    return min(4, (os.cpu_count() or 1) + more)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """All but SPEAKING is tried on PostgreSQL with the long tests.

    Long tests come first, dealt out like cards: each process begins with its share of them (xdist cuts the list into
    as many pieces as there are processes), so that none has a long one left at the end."""
    for item in items:
        if "postgres" in getattr(item, "callspec", _NOTHING).params.values() and not item.nodeid.startswith(SPEAKING):
            item.add_marker("long")
    hands = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    long = [item for item in items if item.get_closest_marker("long") is not None]
    short = [item for item in items if item.get_closest_marker("long") is None]
    bounds = [len(short) * hand // hands for hand in range(hands + 1)]
    items[:] = [item for hand in range(hands) for item in (*long[hand::hands], *short[bounds[hand] : bounds[hand + 1]])]


def pytest_collection_finish() -> None:
    gc.freeze()
    gc.enable()


@pytest.fixture(params=["sqlite", "postgres"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An empty database, once on SQLite and once on PostgreSQL, as SQLAlchemy's URL."""
    if request.param == "sqlite":
        return f"sqlite+aiosqlite:///{tmp_path / 'palabre.db'}"
    url = request.getfixturevalue("postgres_url")
    assert isinstance(url, str)
    return url


@pytest.fixture
async def connection(database_url: str) -> AsyncIterator[AsyncConnection]:
    """One transaction on an empty database that has its tables."""
    database = Database(database_url)
    async with database.write() as opened:
        await make_tables(opened)
    async with database.write() as opened:
        yield opened
    await database.close()


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of real data beside the checkout. CI always has it; a newcomer's clone does not."""
    folder = ROOT.parent / "shared"
    if folder.is_dir():
        return folder
    if IN_CI:
        pytest.fail("../shared is not here, and CI is where it has to be")
    pytest.skip("skipped: ../shared not here")
