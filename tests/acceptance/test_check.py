"""`palabre check` of a real house behind a web server that speaks https, and what it says as things go wrong."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path

import pytest

from tests.acceptance.process import palabre, running
from tests.tls import Issuer, handed_on, serve

FILE = """\
consultation: centre-ville
languages: [fr]
title: Le centre-ville
topic: sur le centre-ville
why: Vos réponses comptent.
questions:
  - {id: idea, kind: short_text, text: Votre idée}
"""
DAY = timedelta(days=1)


async def checked(folder: Path, environment: Mapping[str, str]) -> tuple[int, list[str]]:
    ended = await palabre("check", folder=folder, environment=environment)
    assert ended.errors == ""
    return ended.code, ended.output.splitlines()


def wrong(lines: list[str]) -> list[str]:
    """What is wrong, each by its first words."""
    return [line.removeprefix("wrong  ").partition(":")[0] for line in lines if line.startswith("wrong")]


@pytest.mark.long
async def test_a_public_house_becomes_well_step_by_step(tmp_path: Path) -> None:
    issuer = Issuer(tmp_path)
    (tmp_path / "town.yaml").write_text(FILE)
    (tmp_path / "backups").mkdir()
    assert (await palabre("import", "town.yaml", "--open", folder=tmp_path)).code == 0
    async with running("sqlite:///palabre.db", tmp_path) as house:
        port = house.url.rpartition(":")[2]
        with serve(handed_on(house.url), issuer.issue(-DAY, 60 * DAY)) as address:
            settings = {"PALABRE_BASE_URL": address, "PALABRE_HOST": "0.0.0.0", "PALABRE_PORT": port}
            code, lines = await checked(tmp_path, settings)
            assert (code, wrong(lines)) == (1, ["https", "backups"])
            settings |= {"SSL_CERT_FILE": str(issuer.certificate), "PALABRE_BACKUPS": "backups"}
            assert wrong((await checked(tmp_path, settings))[1]) == ["backups"]
            assert (await palabre("backup", folder=tmp_path, environment=settings)).code == 0
            code, lines = await checked(tmp_path, settings)
            assert (code, wrong(lines)) == (0, []), lines
            assert len(lines) < 24, "it is more than a screen"
            assert await house.stop() == 0
            code, lines = await checked(tmp_path, settings)
            assert wrong(lines) == ["https"]
            assert f"the web server has to ask port {port}." in "\n".join(lines)


@pytest.mark.long
async def test_a_web_server_that_the_house_does_not_believe_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    issuer = Issuer(tmp_path)
    (tmp_path / "town.yaml").write_text(FILE)
    await palabre("import", "town.yaml", "--open", folder=tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(issuer.certificate))
    (tmp_path / "palabre.toml").write_text('trusted_proxies = "10.0.0.0/24"\n')
    async with running("sqlite:///palabre.db", tmp_path) as house:
        with serve(handed_on(house.url), issuer.issue(-DAY, 60 * DAY)) as address:
            _, lines = await asyncio.wait_for(checked(tmp_path, {"PALABRE_BASE_URL": address}), 60)
    assert wrong(lines) == ["web server"]
