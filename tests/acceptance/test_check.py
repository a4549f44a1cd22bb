"""`palabre check` of a real house behind a web server that speaks https, and what it says as things go wrong."""

from __future__ import annotations

import asyncio
import os
import shutil
import socket
import ssl
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

import httpx
import pytest

from tests.acceptance.process import palabre, running
from tests.tls import Issuer, handed_on, serve

CADDYFILE = Path(__file__).parent.parent.parent / "docs" / "deploy" / "Caddyfile"
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


@asynccontextmanager
async def caddy(folder: Path, house: str, issuer: Issuer) -> AsyncIterator[str]:
    """The real web server with our own file before this house, with a certificate of this issuer; its address."""
    program = shutil.which("caddy")
    if program is None:
        pytest.skip("skipped: there is no caddy here")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    both = issuer.issue(-DAY, 60 * DAY)
    site = CADDYFILE.read_text("utf-8").replace("\n\treverse_proxy", f"\n\ttls {both} {both}\n\treverse_proxy")
    (folder / "Caddyfile").write_text(f"{{\n\tadmin off\n\tauto_https disable_redirects\n}}\n{site}")
    variables = {"ADDRESS": f"https://localhost:{port}", "HOUSES": house.removeprefix("http://"), "HOME": str(folder)}
    process = await asyncio.create_subprocess_exec(
        *(program, "run", "--adapter", "caddyfile", "--config", str(folder / "Caddyfile")),
        env={"PATH": os.defpath, **variables},
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        assert process.stderr is not None
        while b"serving initial configuration" not in (line := await process.stderr.readline()):
            assert line, "it did not start"
        yield variables["ADDRESS"]
    finally:
        process.terminate()
        await process.communicate()


@pytest.mark.long
async def test_our_file_for_the_web_server_leads_to_a_house_that_believes_it(tmp_path: Path) -> None:
    issuer = Issuer(tmp_path)
    (tmp_path / "town.yaml").write_text(FILE)
    (tmp_path / "backups").mkdir()
    await palabre("import", "town.yaml", "--open", folder=tmp_path)
    await palabre("backup", "backups/a.gz", folder=tmp_path)
    async with running("sqlite:///palabre.db", tmp_path) as house, caddy(tmp_path, house.url, issuer) as address:
        settings = {"PALABRE_BASE_URL": address, "PALABRE_BACKUPS": "backups"}
        code, lines = await checked(tmp_path, {**settings, "SSL_CERT_FILE": str(issuer.certificate)})
        assert (code, wrong(lines)) == (0, []), lines
        believed = ssl.create_default_context(cafile=str(issuer.certificate))
        async with httpx.AsyncClient(base_url=address, verify=believed) as client:
            assert (await client.get("/metrics")).status_code == 404
            assert "Le centre-ville" in (await client.get("/c/centre-ville")).text
            spoofed = await client.get("/healthz", headers={"X-Forwarded-Proto": "http"})
            assert spoofed.headers["palabre-asked-by"] == "https"
