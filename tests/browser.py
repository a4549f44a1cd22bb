"""A real Chromium for the tests of the pages, through Playwright.

`page` is a desk, `phone` a narrow screen with touch, `page_without_javascript` says its name, and `open_page(...)`
makes any other, each with cookies of its own. All fail the test when a page raised an error or broke its own Content
Security Policy, even where nothing looked wrong; a test that means a page to do so looks at `complaints` and clears
them.
"""

import os
import shutil
from collections.abc import AsyncIterator, Awaitable, Iterator
from typing import Any, Protocol

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser, BrowserContext, ConsoleMessage, Page, async_playwright

DESK = {"width": 1280, "height": 800}
PHONE = {"width": 390, "height": 844}
FLAGS = [
    "--no-sandbox",  # tests run as root in CI, where Chromium's sandbox refuses to
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE localhost, EXCLUDE 127.0.0.1",
]


class OpenPage(Protocol):
    """Opens a blank page; the options are those of Playwright's `Browser.new_context`."""

    def __call__(self, **options: Any) -> Awaitable[Page]: ...


@pytest.fixture(scope="session")
def chromium_path() -> str:
    """The Chromium that scripts/test found, or one on the PATH for those who call pytest themselves."""
    path = os.environ.get("CHROMIUM") or shutil.which("chromium")
    if not path:
        pytest.fail("There is no Chromium: run scripts/test, which finds one or says how to install it.")
    return path


@pytest.fixture(scope="session")
async def chromium(chromium_path: str) -> AsyncIterator[Browser]:
    """One browser for all tests, which share an event loop for its sake; each has contexts of its own."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=chromium_path, args=FLAGS)
        yield browser
        await browser.close()


@pytest.fixture
def complaints() -> Iterator[list[str]]:
    """What the pages of this test complained of so far; whatever is left at its end fails it."""
    heard: list[str] = []
    yield heard
    assert not heard, "a page complained:\n" + "\n".join(heard)


@pytest.fixture
async def open_page(chromium: Browser, complaints: list[str]) -> AsyncIterator[OpenPage]:
    """A function that opens a page with cookies of its own."""

    def listen(message: ConsoleMessage) -> None:
        if "Content Security Policy" in message.text:
            complaints.append(message.text)

    contexts: list[BrowserContext] = []

    async def open_one(**options: Any) -> Page:
        context = await chromium.new_context(**{"viewport": DESK, "locale": "fr-FR", **options})
        contexts.append(context)
        context.set_default_timeout(10_000)
        page = await context.new_page()
        page.on("console", listen)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        return page

    yield open_one
    for context in contexts:
        await context.close()


@pytest.fixture
async def page(open_page: OpenPage) -> Page:
    """A page on a desk."""
    return await open_page()


@pytest.fixture
async def phone(open_page: OpenPage) -> Page:
    """A page on a phone."""
    return await open_page(viewport=PHONE, device_scale_factor=2, has_touch=True, is_mobile=True)


@pytest.fixture
async def page_without_javascript(open_page: OpenPage) -> Page:
    """A page of somebody whose browser runs no script."""
    return await open_page(java_script_enabled=False)


async def assert_accessible(page: Page) -> None:
    """Hold the page as it stands now to axe's rules; it needs a page that runs JavaScript."""
    results = await Axe().run(page)
    assert results.violations_count == 0, results.generate_report()
