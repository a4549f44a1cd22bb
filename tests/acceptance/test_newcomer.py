"""A newcomer's first hour with `palabre demo`: they answer, correct, stop, restart the program, resume and send; then
they sign in as the organiser, compare figures with rows, try the conversation, and follow a poster."""

from __future__ import annotations

import json
import re
import signal
import sqlite3
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Locator, Page, expect

from admin_web.qr import qr
from bot.demo import content
from flows.questionnaires.questions import OneOf, Question, Scale, SeveralOf, YesNo
from flows.texts import translate
from tests.acceptance.at_page import Resident
from tests.acceptance.at_panel import counts, plain
from tests.acceptance.process import palabre
from tests.acceptance.test_demo import opened
from tests.browser import OpenPage

NEW_PASSWORD = "tilleul fontaine samedi brouette"
BEFORE_THE_SOUP = (
    *("Tous les jours", "À pied", "Retour", "À vélo", "Le marché", "Voir du monde", "2"),
    *("Les trottoirs sont trop hauts devant la pharmacie", "stop"),
)
AFTERWARDS = (
    *("continuer", "Sans avis", "Le vent de la gare", "À côté de l'école", "3 1 2 4", "Bien", "Passable", "Très bien"),
    *("Volontiers", "Plutôt oui", "Jamais", "Passer", "Calme", "Passer", "Passer", "Passer"),
    *("Corriger une réponse", "2", "À pied", "Envoyer", "Oui"),
)
LEFT = {
    "Venue au centre": "Tous les jours",
    "Transport": "À pied",
    "Pour quoi faire": "Le marché ; Voir du monde",
    "Où s'asseoir": 2,
    "À changer": "Les trottoirs sont trop hauts devant la pharmacie",
    "Place sans voitures pendant le marché": "Sans avis",
    "Gêne en chemin": "Autre",
    "Gêne en chemin : autre réponse": "Le vent de la gare",
    "Un banc": "À côté de l'école",
    "Le soir : La place du Marché": "Volontiers",
    "Idées pour la place : Un kiosque à musique": "Très bien",
    "En un mot": "Calme",
    "Photo": None,
    "E-mail": None,
}


@pytest.mark.long
async def test_a_newcomer_answers_restarts_resumes_and_finds_the_figures_right(
    tmp_path: Path, page: Page, open_page: OpenPage
) -> None:
    resident = Resident(page)
    async with opened(tmp_path, "--port", "0", by=signal.SIGTERM) as told:
        await resident.begin(told["Chat page"])
        await resident.answer(*BEFORE_THE_SOUP[:-1])
        await resident.is_asked("Faut-il fermer la place aux voitures pendant le marché ?")
        await resident.answer(BEFORE_THE_SOUP[-1])
        await resident.is_asked("Pour reprendre, écrivez « continuer ».")
    await expect(page.locator("[data-offline]")).to_be_visible()
    port = told["Panel"].split(":")[2].partition("/")[0]
    async with opened(tmp_path, "--port", port, by=signal.SIGTERM) as again:
        assert again == told
        await expect(page.locator("[data-offline]")).to_be_hidden()
        await resume(resident)
        organiser = await open_page()
        await sign_in(organiser, told)
        rows = await export(tmp_path)
        assert {name: rows[-1][name] for name in LEFT} == LEFT
        await check_figures(organiser, rows)
        await check_trying(organiser, tmp_path / "demo" / "palabre.db")
        await check_poster(organiser, await open_page(), tmp_path / "demo" / "palabre.db")
    async with opened(tmp_path, by=signal.SIGTERM) as third:
        assert third["Password"] == "the one you chose"


async def resume(resident: Resident) -> None:
    """In the same browser, without loading the page anew."""
    await resident.answer(AFTERWARDS[0])
    await resident.is_asked("Question 6 sur 16")
    assert "Vos 5 réponses sont gardées." in plain(await resident.page.get_by_role("log").inner_text())
    await resident.answer(*AFTERWARDS[1:])
    await resident.is_asked("Vous recevrez le résultat ici.")
    await resident.is_asked("Claire Morel, 02 61 91 00 12")


async def sign_in(page: Page, told: Mapping[str, str]) -> None:
    """With the one-time password, which is good for nothing but choosing another one."""
    await page.goto(told["Panel"])
    await page.get_by_label("Adresse e-mail").fill(told["E-mail"])
    await page.get_by_label("Mot de passe", exact=True).fill(told["One-time password"])
    await page.get_by_role("button", name="Se connecter").click()
    await page.get_by_label("Nouveau mot de passe").fill(NEW_PASSWORD)
    await page.get_by_role("button", name="Continuer").click()
    await expect(page.get_by_role("heading", level=1)).to_contain_text("Sur quelle consultation")
    await page.get_by_role("link", name="Le centre-ville et vous", exact=True).click()


async def export(folder: Path) -> list[dict[str, Any]]:
    database = f"sqlite:///{folder}/demo/palabre.db"
    ended = await palabre("export", "centre-ville", "--format", "json", "--database", database, folder=folder)
    assert (ended.code, ended.errors) == (0, "")
    rows: list[dict[str, Any]] = json.loads(ended.output)
    return rows


async def check_figures(page: Page, rows: Sequence[Mapping[str, Any]]) -> None:
    """What the page of results counts is what the exported rows hold."""
    await page.get_by_role("link", name="Résultats").click()
    await expect(page.locator(".figures .big dd")).to_have_text(str(len(rows)))
    doors = Counter(row["Arrivée par"] for row in rows)
    shown = [plain(text) for text in await page.locator(".figures dd").all_inner_texts()]
    assert shown[1 : 1 + len(doors)] == [str(people) for _door, people in doors.most_common()]
    for question in content.read_draft().questionnaire.questions:
        section = page.locator(f"section[aria-labelledby=q-{question.id}]")
        assert await people_shown(section) == people_in(question, rows), question.id
        if isinstance(question, COUNTED):
            shown_here = await counts(section.locator("tbody tr"))
            if isinstance(question, Scale):  # its ends say what they mean: "1, jamais"
                shown_here = {label.partition(",")[0]: people for label, people in shown_here.items()}
            assert shown_here == chosen_in(question, rows), question.id


async def people_shown(section: Locator) -> int:
    """How many people a figure says that it is about."""
    foot = section.locator("tfoot td")
    if await foot.count():
        return int(await foot.first.inner_text())
    said = re.search(r"(\d+) personnes?", plain(await section.inner_text()))
    return int(said[1]) if said else 0


COUNTED = OneOf | SeveralOf | YesNo | Scale
"""Kinds whose table has a line for each choice."""


def people_in(question: Question, rows: Sequence[Mapping[str, Any]]) -> int:
    name = translate(question.name, "fr")
    return sum(any(row[column] is not None for column in row if belongs(column, name)) for row in rows)


def belongs(column: str, name: str) -> bool:
    return column == name or column.startswith(f"{name} : ")


def chosen_in(question: Question, rows: Sequence[Mapping[str, Any]]) -> dict[str, int]:
    cells = [str(cell) for row in rows if (cell := row[translate(question.name, "fr")]) is not None]
    found = Counter(label for cell in cells for label in cell.split(" ; "))
    return {translate(option.label, "fr"): found[translate(option.label, "fr")] for option in question.options()}


async def check_trying(page: Page, file: Path) -> None:
    """A whole talk in the phone beside the page leaves no row behind, but the line that somebody tried."""
    before = rows_of(file)
    await page.go_back()
    await page.get_by_role("link", name="Essayer").click()
    for label in ("Oui, commencer", "Chaque semaine", "En voiture", "Retour", "En bus"):
        count = await page.locator(".bubble").count()
        await page.locator(".phone .choices").get_by_role("button", name=label, exact=True).click()
        await expect(page.locator(".bubble").nth(count + 1)).to_be_visible()
    await expect(page.locator(".bubble").last).to_contain_text("Corrigé : en bus.")
    assert {**rows_of(file), "audit": 0} == {**before, "audit": 0}


async def check_poster(page: Page, passer_by: Page, file: Path) -> None:
    """The poster's QR code is that of the address below it, which opens the public page and records nothing."""
    await page.get_by_role("link", name="Le centre-ville et vous").click()
    await page.get_by_role("link", name="Affiches").click()
    await page.get_by_role("row", name="Boulangerie").get_by_role("link").click()
    address = f"http://{plain(await page.locator('.poster-address').inner_text())}"
    drawn = await page.locator(".poster-scan svg path").get_attribute("d")
    wanted = re.search(r'<path d="([^"]+)"', qr(address, ""))
    assert wanted is not None
    assert drawn == wanted[1]
    before = rows_of(file)
    response = await passer_by.goto(address)
    assert response is not None
    assert response.status == 200
    await expect(passer_by.get_by_role("heading", level=1)).to_contain_text("Le centre-ville et vous")
    await expect(passer_by.get_by_role("link", name="Répondre ici")).to_have_attribute("href", "/c/boulangerie")
    assert await passer_by.context.cookies() == []
    assert {**rows_of(file), "audit": 0} == {**before, "audit": 0}


def rows_of(file: Path) -> dict[str, int]:
    """How many rows each table has."""
    connection = sqlite3.connect(file)
    tables = [name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
    found = {name: connection.execute(f'SELECT count(*) FROM "{name}"').fetchone()[0] for name in tables}
    connection.close()
    return found
