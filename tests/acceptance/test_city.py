"""The processes of docs/deploy/city, as its compose file starts them, on one PostgreSQL of their own."""

from __future__ import annotations

from contextlib import AsyncExitStack
from datetime import timedelta
from pathlib import Path

import pytest
import yaml

from tests.acceptance.process import ROOT, palabre, running
from tests.tls import Issuer, handed_on, serve

COMPOSE = ROOT / "docs" / "deploy" / "city" / "compose.yaml"
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


@pytest.mark.long
async def test_the_processes_of_a_city_are_all_well_and_any_that_receives_answers(
    postgres_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    issuer = Issuer(tmp_path)
    (tmp_path / "town.yaml").write_text(FILE)
    (tmp_path / "backups").mkdir()
    (tmp_path / "database_url").write_text(postgres_url)
    services = yaml.safe_load(COMPOSE.read_text("utf-8"))["services"]
    ours = {name: said["command"][1:] for name, said in services.items() if said["image"].startswith("palabre")}
    imported = await palabre("import", "town.yaml", "--open", "--database", postgres_url, folder=tmp_path)
    assert imported.code == 0, imported.errors
    async with AsyncExitStack() as stack:
        houses = {
            name: await stack.enter_async_context(running(postgres_url, tmp_path, *words))
            for name, words in ours.items()
        }
        for name, house in houses.items():
            assert (await house.get("/readyz")).text == "ready\n", name
            page = await house.get("/c/centre-ville")
            assert (page.status_code == 200) is name.startswith("receive"), name
        certificate = issuer.issue(-DAY, 60 * DAY)
        for name in ("receive-1", "receive-2"):
            with serve(handed_on(houses[name].url), certificate) as address:
                settings = {
                    "PALABRE_BASE_URL": address,
                    "PALABRE_BACKUPS": "backups",
                    "CREDENTIALS_DIRECTORY": str(tmp_path),
                    "SSL_CERT_FILE": str(issuer.certificate),
                }
                assert (await palabre("backup", folder=tmp_path, environment=settings)).code == 0
                checked = await palabre("check", folder=tmp_path, environment=settings)
                assert checked.code == 0, checked.output
        for house in houses.values():
            assert await house.stop() == 0
