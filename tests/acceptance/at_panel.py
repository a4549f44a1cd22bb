"""What an organiser reads and downloads in the panel, in a real browser."""

from __future__ import annotations

from playwright.async_api import Locator, Page


async def counts(rows: Locator, column: int = 0) -> dict[str, int]:
    """A table of the page: what its rows are called, and the number in this column."""
    found = {}
    for row in await rows.all():
        found[plain(await row.locator("th").inner_text())] = int(await row.locator("td").nth(column).inner_text())
    return found


def plain(text: str) -> str:
    """Without what French typography made of it."""
    return " ".join(text.replace("’", "'").split())


async def download(page: Page, link: str) -> bytes:
    async with page.expect_download() as expected:
        await page.get_by_role("link", name=link).click()
    return (await (await expected.value).path()).read_bytes()
