"""The demo's chat page and a terminal are two doors of one person: the real program, a browser's forms, and a pipe."""

from __future__ import annotations

import html
import re
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from tests.acceptance.process import palabre
from tests.acceptance.test_demo import opened

DATABASE = "sqlite:///demo/palabre.db"


@dataclass
class Page:
    """The chat page in a browser without JavaScript."""

    client: httpx.AsyncClient
    address: str
    shown: str = ""

    async def look(self) -> str:
        self.shown = (await self.client.get(self.address)).text
        return self.said

    async def send(self, **fields: str) -> str:
        """Send the page's form with these in it; what the page says then."""
        hidden = {name: self._field(name) for name in ("nonce", "last") if f'name="{name}"' in self.shown}
        answer = await self.client.post(self.address, data=hidden | fields)
        assert answer.status_code == 200
        self.shown = answer.text
        return self.said

    @property
    def said(self) -> str:
        """The words of the page, as they would be typed."""
        text = html.unescape(re.sub(r"<[^>]+>", " ", self.shown))
        return re.sub(r"\s+", " ", text.replace("’", "'"))

    def _field(self, name: str) -> str:
        found = re.search(rf'name="{name}"[^>]*value="([^"]*)"', self.shown)
        assert found is not None, name
        return html.unescape(found[1])


async def typed(folder: Path, *lines: str) -> list[str]:
    """What the robot says at the terminal to these lines."""
    text = "".join(f"{line}\n" for line in lines).encode()
    ended = await palabre("talk", "--as", "Jeanne", "--database", DATABASE, folder=folder, typed=text)
    assert (ended.code, ended.errors) == (0, "")
    return ended.output.split("\n\n")


@pytest.mark.long
async def test_a_talk_begun_on_the_chat_page_is_finished_in_a_terminal(tmp_path: Path) -> None:
    async with (
        opened(tmp_path) as told,
        httpx.AsyncClient(follow_redirects=True, headers={"Accept-Language": "fr"}) as client,
    ):
        page = Page(client, told["Chat page"])
        await page.look()
        await page.send(begin="yes")
        await page.send(text="Oui, commencer")
        assert "Question 2 sur" in await page.send(text="Tous les jours")
        said = await page.send(text="relier")
        [code] = set(re.findall(r"Votre code : (\w{4}-\w{4})", said.replace("\N{NARROW NO-BREAK SPACE}", " ")))
        assert re.search(r"http://127\.0\.0\.1:\d+/[a-z-]+", said), "it says where to write it"

        said_there = await typed(tmp_path, "bonjour", code.lower(), "Oui, relier", "À vélo")
        assert any("Voulez-vous relier cette conversation" in one for one in said_there)
        assert any("c'est maintenant une seule conversation" in one for one in said_there), said_there
        assert any(one.startswith("Noté : à vélo.") and "Question 3 sur" in one for one in said_there), said_there

        here = await page.look()
        assert "Une autre conversation vient d'être reliée à la vôtre." in here
        assert "Question 3 sur" in here, "the page shows the one history"
        assert "Question 2 sur" in await page.send(text="retour")
        back = await typed(tmp_path, "délier", "Page web", "Oui, délier")
        assert any("C'est fait. Je ne vous y écris plus." in one for one in back)
        gone = await page.look()
        assert "Question" not in gone.partition("Une conversation, sur cette page")[0], (
            "a stranger's page shows nothing"
        )
