"""The tests' own tools: a guard that does not bite, or a page that cannot fail, would prove nothing."""

import asyncio
import socket
from pathlib import Path

import pytest
from playwright.async_api import Page, Route
from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine

from tests.browser import OpenPage, assert_accessible
from tests.network import LeftThisMachine
from tests.postgres import Cluster, running_postgres

STRICT = {"Content-Security-Policy": "default-src 'none'; script-src 'self'", "Content-Type": "text/html"}


def test_a_test_cannot_connect_to_another_machine() -> None:
    with socket.socket() as plain, pytest.raises(LeftThisMachine):
        plain.connect(("192.0.2.1", 80))
    with socket.socket(type=socket.SOCK_DGRAM) as datagrams, pytest.raises(LeftThisMachine):
        datagrams.sendto(b"hello", ("192.0.2.1", 80))


async def test_a_test_cannot_look_up_another_machine() -> None:
    with pytest.raises(LeftThisMachine):
        await asyncio.open_connection("example.org", 80)


async def test_a_test_can_connect_to_its_own_machine() -> None:
    server = await asyncio.start_server(lambda _reader, writer: writer.close(), "localhost", 0)
    async with server:
        reader, writer = await asyncio.open_connection("localhost", server.sockets[0].getsockname()[1])
        assert await reader.read() == b""
        writer.close()
        await writer.wait_closed()


async def test_a_database_is_empty_and_keeps_what_is_written(database_url: str) -> None:
    engine = create_async_engine(database_url)
    async with engine.begin() as connection:
        await connection.execute(text("CREATE TABLE word (said TEXT)"))
        await connection.execute(text("INSERT INTO word VALUES ('bonjour')"))
    async with engine.begin() as connection:
        assert (await connection.execute(text("SELECT said FROM word"))).scalars().all() == ["bonjour"]
    await engine.dispose()


def test_a_database_can_be_made_from_another(postgres_cluster: Cluster) -> None:
    first = postgres_cluster.create()
    second = postgres_cluster.create(template=first)
    assert first != second
    postgres_cluster.drop(second)
    postgres_cluster.drop(first)


def test_a_postgres_that_was_stopped_leaves_nothing_behind() -> None:
    with running_postgres(fsync=True) as cluster:
        assert cluster.answers()
    assert not cluster.sockets.exists()
    assert not Path(f"/proc/{cluster.pid}").exists()


async def test_a_page_that_is_well_made_passes(page: Page) -> None:
    await serve(page, '<html lang="fr"><title>Palabre</title><main><h1>Bonjour</h1></main></html>')
    await assert_accessible(page)


async def test_a_page_without_a_language_is_not_accessible(phone: Page) -> None:
    await serve(phone, "<html><title>Palabre</title><main><h1>Bonjour</h1></main></html>")
    with pytest.raises(AssertionError, match="html-has-lang"):
        await assert_accessible(phone)


async def test_a_page_without_javascript_runs_none(page_without_javascript: Page) -> None:
    await page_without_javascript.set_content("<script>document.body.append('ran')</script><p>quiet</p>")
    assert await page_without_javascript.inner_text("body") == "quiet"


async def test_pages_that_are_opened_apart_share_no_cookies(open_page: OpenPage) -> None:
    one, other = await open_page(), await open_page()
    await one.context.add_cookies([{"name": "who", "value": "one", "url": "http://localhost/"}])
    assert await other.context.cookies() == []


async def test_a_page_that_breaks_its_policy_or_raises_fails_its_test(page: Page, complaints: list[str]) -> None:
    await serve(page, "<script>1</script>")
    await page.evaluate("setTimeout(() => nothing())")
    await page.wait_for_timeout(100)
    policy, error = complaints
    assert "Content Security Policy" in policy
    assert "nothing is not defined" in error
    complaints.clear()


async def serve(page: Page, body: str) -> None:
    """Give the page a document under our strictest policy, without any server."""

    async def answer(route: Route) -> None:
        await route.fulfill(body=body, headers=STRICT)

    await page.route("http://localhost/", answer)
    await page.goto("http://localhost/")
