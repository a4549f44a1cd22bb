"""A town with one consultation, and the web application served on the loopback as it will be."""

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
import uvicorn
from playwright.async_api import Page
from starlette.applications import Starlette

from admin_web.application import build
from admin_web.doors import Doors, Introduced, NotIntroduced
from flows import module
from flows.messages import Button, Incoming, Line, Message
from flows.module import Module
from storage import accounts, consultations, organisers, spaces
from storage.accounts import KEY, Account
from storage.consultations import Consultation, Phase
from storage.database import Database
from storage.spaces import Space
from tests.admin_web.made_up import MadeUp
from tests.admin_web.wishes import in_the_catalog
from tests.tables import make_tables

NOW = datetime(2027, 3, 10, 9, 12, tzinfo=UTC)
EMAIL = "claire.morel@montaubry.example"
PASSWORD = "quatre mots sans rapport"


@dataclass
class Town:
    """The house a test looks at: its database, its clock (which the test may move), and what it was told."""

    database: Database
    space: Space
    consultation: Consultation
    phase: Phase
    organiser_id: int
    application: Starlette
    now: datetime = NOW
    heard: list[Incoming] = field(default_factory=list)
    robots: dict[str, Introduced] = field(default_factory=dict)
    door: int = 0
    text: int = 0
    step: int = 0
    draft: int = 0
    petition: int = 0
    group: int = 0
    archived: int = 0
    message: int = 0
    sent: int = 0
    relay: int = 0
    contact: int = 0
    round: int = 0
    changed: asyncio.Event = field(default_factory=asyncio.Event)
    closing: bool = False
    url: str = ""

    def pass_time(self, **units: float) -> None:
        self.now += timedelta(**units)

    def clock(self) -> datetime:
        return self.now

    async def receive(self, incoming: Incoming) -> None:
        self.heard.append(incoming)

    async def preview(
        self, _space_id: int, _consultation_id: int, _language: str, steps: Sequence[str]
    ) -> list[tuple[bool, Message]]:
        """A talk of one question, so that pages have something to draw."""
        asked = Message(
            (Line("Bonjour."), Line("Êtes-vous d'accord ?", "ask")), (Button("Oui", "x"), Button("Non", "y"))
        )
        talk = [(False, asked)]
        for step in steps:
            talk += [(True, Message((Line(step),))), (False, Message((Line(f"Noté : {step}.", "echo"),)))]
        return talk

    async def introduce(self, _channel: str, token: str) -> Introduced:
        """A platform that knows the keys of `robots`."""
        if token not in self.robots:
            raise NotIntroduced(KEY)
        return self.robots[token]

    async def open_telegram(self, token: str | None = "7000000001:sesame", **values: Any) -> Account:
        """The door of a robot, as though its key had been taken; `values` change what is said of it."""
        named = {"name": "montaubry_bot", "title": "Montaubry participe", **values}
        async with self.database.write() as connection:
            account = await accounts.put(
                connection, self.space.id, "telegram", "7000000001", token=token, now=self.now, **named
            )
        self.door = account.id
        return account

    async def watch(self) -> AsyncIterator[None]:
        """Ends when the house closes, so that no stream keeps it open."""
        while await self.changed.wait() and not self.closing:
            self.changed.clear()
            yield


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    """An empty database of ours, in a real file."""
    opened = Database(f"sqlite+aiosqlite:///{tmp_path / 'palabre.db'}")
    async with opened.write() as connection:
        await make_tables(connection)
    yield opened
    await opened.close()


@pytest.fixture(scope="session")
async def protected() -> str:
    """Claire's password as it is kept. To make it is slow on purpose, and so done once."""
    return await organisers.protect(PASSWORD)


@pytest.fixture
async def town(database: Database, protected: str) -> Town:
    """Montaubry, with an open consultation and Claire, whose password is chosen."""
    async with database.write() as connection:
        space = await create_space(connection)
        organiser_id = await organisers.create(
            connection, space.id, email=EMAIL, name="Claire Morel", role="organiser", protected=protected, now=NOW
        )
        await organisers.change_password(connection, space.id, organiser_id, protected)
        consultation, phase = await create_consultation(connection, space)
    town = Town(database, space, consultation, phase, organiser_id, Starlette())
    town.application = build(
        database,
        Doors(town.receive, town.preview, town.watch, town.introduce),
        base_url="http://montaubry.example",
        clock=town.clock,
        load_module=lambda kind, settings: MadeUp() if kind == "made_up" else module.load(kind, settings),
    )
    return town


async def create_space(connection: Any) -> Space:
    return await spaces.create(
        connection,
        slug="montaubry",
        name={"fr": "Montaubry"},
        languages=["fr", "en"],
        zone="Europe/Paris",
        colour="#1f4f93",
        contact={
            "name": "Claire Morel",
            "phone": "02 61 91 00 12",
            "hours": {"fr": "du lundi au vendredi, de 9 h à 12 h", "en": "Monday to Friday, 9 am to noon"},
        },
        privacy={"fr": "Les réponses sont gardées un an.", "en": "Answers are kept for a year."},
        now=NOW,
    )


async def create_consultation(connection: Any, space: Space) -> tuple[Consultation, Phase]:
    opened = datetime(2027, 3, 1, 7, tzinfo=UTC)
    consultation = await consultations.create(
        connection,
        space.id,
        slug="centre-ville",
        title={"fr": "Le centre-ville et vous", "en": "The town centre and you"},
        topic={"fr": "sur le centre-ville", "en": "about the town centre"},
        why={"fr": "Vos réponses aident à choisir les travaux de 2028.", "en": "Your answers help choose."},
        decides={"fr": "Le conseil municipal, le jeudi 8 avril, en séance publique.", "en": "The town council."},
        does={"fr": "Les travaux de 2028 suivent vos réponses.", "en": "The works of 2028 follow your answers."},
        opens_at=opened,
        closes_at=datetime(2027, 3, 19, 19, tzinfo=UTC),
        answer_on=date(2027, 4, 8),
        now=datetime(2027, 2, 22, 9, tzinfo=UTC),
    )
    await consultations.open_now(connection, consultation, opened)
    found = await consultations.find(connection, space.id, consultation.id)
    assert found is not None
    return found, await consultations.add_phase(connection, found, "made_up", {})


@pytest.fixture
def wishes() -> Iterator[type[Module]]:
    """A way of taking part with every kind of field stands in the catalog."""
    yield from in_the_catalog()


@pytest.fixture
async def client(town: Town) -> AsyncIterator[httpx.AsyncClient]:
    """A browser without a screen: it keeps cookies, and speaks French."""
    transport = httpx.ASGITransport(town.application, raise_app_exceptions=False)
    async with httpx.AsyncClient(
        transport=transport, base_url="http://montaubry.example", headers={"Accept-Language": "fr"}
    ) as opened:
        yield opened


@pytest.fixture
async def claire(client: httpx.AsyncClient) -> httpx.AsyncClient:
    """The same, signed in."""
    await client.post("/panel/sign-in", data={"email": EMAIL, "password": PASSWORD})
    return client


@pytest.fixture
async def served(town: Town) -> AsyncIterator[Town]:
    """The town with its application on a port of this machine, for real browsers."""
    listening = socket.create_server(("127.0.0.1", 0))  # browsers may knock before the server answers
    config = uvicorn.Config(town.application, log_level="error", timeout_graceful_shutdown=1)
    server = uvicorn.Server(config)
    running = asyncio.create_task(server.serve([listening]))
    town.url = f"http://127.0.0.1:{listening.getsockname()[1]}"
    yield town
    town.closing = server.should_exit = True
    town.changed.set()
    await running


Enter = Callable[[Page], Awaitable[None]]


@pytest.fixture
def enter(served: Town) -> Enter:
    """Signs a page in, by the form."""

    async def enter_panel(page: Page) -> None:
        await page.goto(f"{served.url}/panel/sign-in")
        await page.get_by_label("Adresse e-mail").fill(EMAIL)
        await page.get_by_label("Mot de passe", exact=True).fill(PASSWORD)
        await page.get_by_role("button", name="Se connecter").click()
        await page.wait_for_url("**/panel")

    return enter_panel
