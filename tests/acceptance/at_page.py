"""Somebody in front of the chat page, in a real browser: they read, tap, write, and wait for the reply as people do."""

from __future__ import annotations

from dataclasses import dataclass

from playwright.async_api import Locator, Page, expect

from admin_web.typography import typeset


@dataclass
class Resident:
    """One person at one page; it works the same with and without JavaScript."""

    page: Page

    async def begin(self, address: str) -> None:
        """Open the page and agree to answer."""
        await self.page.goto(address)
        await self.page.get_by_role("button", name="Commencer").click()
        await self.tap("Oui, commencer")

    async def tap(self, label: str) -> None:
        """Press the choice with this label."""
        last = await self._last()
        await self._choice(label).click()
        await self._answered(last)

    async def write(self, text: str) -> None:
        """Write this into the field and send it."""
        last = await self._last()
        await self.page.locator("#answer").fill(text)
        await self.page.locator("footer").get_by_role("button", name="Envoyer", exact=True).click()
        await self._answered(last)

    async def answer(self, *answers: str) -> None:
        """One after the other: by a tap where a choice reads so, otherwise in writing."""
        for one in answers:
            await (self.tap(one) if await self._choice(one).count() else self.write(one))

    async def is_asked(self, words: str) -> None:
        """The last message says this."""
        await expect(self.page.locator(".bubble").last).to_contain_text(typeset(words, "fr"))

    async def said(self) -> str:
        """The last message, as plain text."""
        found = await self.page.locator(".bubble").last.inner_text()
        return found.replace("\N{NO-BREAK SPACE}", " ").replace("’", "'")

    def _choice(self, label: str) -> Locator:
        return self.page.locator("form.choices").get_by_role("button", name=typeset(label, "fr"), exact=True)

    async def _last(self) -> str:
        """What tells a page from the one after the reply."""
        return await self.page.locator("input[name=last]").first.get_attribute("value") or ""

    async def _answered(self, last: str) -> None:
        await self.page.locator(f'input[name=last]:not([value="{last}"])').first.wait_for(state="attached")
