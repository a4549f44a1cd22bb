"""The real input through the real doors: the Grand Débat's questionnaire on ecology is imported, answered in terminals
and on the page, exported, and read in the panel. Everything is a process, a pipe or a browser, as in a town."""

from __future__ import annotations

import csv
import io
import json
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import openpyxl
import pytest
from playwright.async_api import Page, expect

from flows.figures import Cell
from flows.questionnaires.file import read_file
from flows.questionnaires.questionnaire import Questionnaire
from flows.questionnaires.questions import Question
from flows.texts import translate
from storage import organisers, spaces
from storage.database import Database
from tests import grand_debat
from tests.acceptance.at_page import Resident
from tests.acceptance.at_panel import counts, download, plain
from tests.acceptance.grand_debat_people import (
    ANNE,
    FORMULAS,
    JEANNE,
    KARIM_BEGINS,
    KARIM_GOES_ON,
    LEFT,
    LUC,
    LUC_LATER,
    MONIQUE,
    PAUL,
)
from tests.acceptance.process import palabre, running

NAME = "transition-ecologique"
EMAIL, PASSWORD = "claire.morel@montaubry.example", "quatre mots sans rapport"
PARIS = ZoneInfo("Europe/Paris")


@pytest.fixture
def questionnaire(shared: Path) -> Questionnaire:
    return read_file(grand_debat.read(shared / "data" / "grand-debat", NAME)).draft.questionnaire


@pytest.mark.long
async def test_what_was_answered_by_any_door_is_exported_and_shown_to_the_letter(
    shared: Path, tmp_path: Path, questionnaire: Questionnaire, page: Page, page_without_javascript: Page
) -> None:
    (tmp_path / "ecology.json").write_text(grand_debat.read(shared / "data" / "grand-debat", NAME), "utf-8")
    imported = await palabre("import", "ecology.json", "--open", folder=tmp_path)
    assert imported.code == 0
    assert imported.output.startswith(f"{NAME} is there now in palabre: 16 questions, open.\n")
    await hire(tmp_path)
    began = datetime.now(UTC)
    async with running(f"sqlite:///{tmp_path}/palabre.db", tmp_path) as house:
        await answer_in_terminals(tmp_path)
        await answer_on_the_page(Resident(page), f"{house.url}/c/{NAME}", ANNE)
        luc = Resident(page_without_javascript)
        await answer_on_the_page(luc, f"{house.url}/c/{NAME}", LUC)
        await luc.answer(*LUC_LATER)
        exported = [await export(tmp_path, format) for format in ("csv", "json", "xlsx")]
        check_exports(questionnaire, exported, began)
        await sign_in(page, house.url)
        await check_results(page, questionnaire)
        await check_downloads(page, exported)
        assert await house.stop() == 0
    assert not [line for line in house.log if '"level": "error"' in line or "Traceback" in line]


async def hire(folder: Path) -> None:
    """An organiser who has chosen a password."""
    database = Database(f"sqlite:///{folder}/palabre.db")
    protected = await organisers.protect(PASSWORD)
    async with database.write() as connection:
        [space] = await spaces.listed(connection)
        who = await organisers.create(
            connection,
            space.id,
            email=EMAIL,
            name="Claire Morel",
            role="organiser",
            protected=protected,
            now=datetime.now(UTC),
        )
        await organisers.change_password(connection, space.id, who, protected)
    await database.close()


# -- answering ----------------------------------------------------------------------------------------------------


async def talk(folder: Path, name: str, lines: str, *more: str) -> list[str]:
    """The messages printed while these lines are piped in."""
    ended = await palabre("talk", "--as", name, *more, folder=folder, typed=lines.encode())
    assert (ended.code, ended.errors) == (0, "")
    return ended.output.rstrip("\n").split("\n\n")


async def answer_in_terminals(folder: Path) -> None:
    code = ("--code", NAME)
    assert (await talk(folder, "monique", MONIQUE))[-1].startswith("C'est envoyé. Merci.")
    stopped = await talk(folder, "karim", KARIM_BEGINS, *code)
    assert "Pour reprendre, écrivez « continuer »." in stopped[-1]
    resumed = await talk(folder, "karim", KARIM_GOES_ON)
    assert resumed[0] == "Vos 5 réponses sont gardées."
    assert resumed[1].startswith("Question 7 sur 15")
    assert resumed[-1].startswith("C'est envoyé. Merci.")
    assert (await talk(folder, "jeanne", JEANNE, *code))[-1].startswith("C'est envoyé. Merci.")
    assert "Question 3 sur 16" in (await talk(folder, "paul", PAUL, *code))[-1]


async def answer_on_the_page(resident: Resident, address: str, answers: Sequence[str]) -> None:
    await resident.begin(address)
    await resident.is_asked("Quel est aujourd'hui pour vous le problème concret")
    await resident.answer(*answers)
    await resident.is_asked("C'est envoyé. Merci.")


# -- what is exported ----------------------------------------------------------------------------------------------


async def export(folder: Path, format: str) -> bytes:
    ended = await palabre("export", NAME, "--format", format, "--output", f"out.{format}", folder=folder)
    assert (ended.code, ended.output) == (0, f"5 responses written to out.{format}.\n")
    return (folder / f"out.{format}").read_bytes()


def check_exports(questionnaire: Questionnaire, exported: Sequence[bytes], began: datetime) -> None:
    """The three files say the same, and nothing else than what was answered."""
    csv_, json_, xlsx = exported
    listed = [list(row.values()) for row in json.loads(json_)]
    check_moments(listed, began)
    header, expected = table(questionnaire)
    assert [list(row) for row in json.loads(json_)] == [header] * len(LEFT)
    assert [row[:1] + row[3:] for row in listed] == expected
    sheet = openpyxl.load_workbook(io.BytesIO(xlsx)).worksheets[0]
    assert [list(row) for row in sheet.iter_rows(values_only=True)] == [header, *listed]
    assert all(cell.data_type != "f" for row in sheet.iter_rows() for cell in row)
    written = list(csv.reader(io.StringIO(csv_.decode("utf-8-sig"), newline="")))
    assert csv_.startswith(b"\xef\xbb\xbf")
    assert written == [header, *([as_csv(cell) for cell in row] for row in listed)]


def table(questionnaire: Questionnaire) -> tuple[list[str], list[list[Cell]]]:
    """The header, and the rows without the moment they were sent at."""
    columns = [key for question in questionnaire.questions for key in (question.id, f"{question.id}+")]
    columns = [key for key in columns if key[-1] != "+" or getattr(by_id(questionnaire, key[:-1]), "other", False)]
    names = [translate(by_id(questionnaire, key.rstrip("+")).name, "fr") for key in columns]
    named = [f"{name} : autre réponse" if key[-1] == "+" else name for key, name in zip(columns, names, strict=True)]
    rows: list[list[Cell]] = []
    for number, (door, left) in enumerate(LEFT, 1):
        rows.append([number, door, None, *(left.get(key) for key in columns)])
    return ["Numéro", "Jour", "Heure", "Arrivée par", "Lieu", *named], rows


def by_id(questionnaire: Questionnaire, id: str) -> Question:
    return next(question for question in questionnaire.questions if question.id == id)


def check_moments(rows: Sequence[Sequence[Cell]], began: datetime) -> None:
    for row in rows:
        sent = datetime.strptime(f"{row[1]} {row[2]}", "%Y-%m-%d %H:%M").replace(tzinfo=PARIS)
        assert began - timedelta(minutes=1) <= sent <= datetime.now(UTC)


def as_csv(cell: Cell) -> str:
    return f"'{cell}" if cell in FORMULAS else "" if cell is None else str(cell)


# -- what the panel shows -------------------------------------------------------------------------------------------


async def sign_in(page: Page, url: str) -> None:
    await page.goto(f"{url}/panel")
    await page.get_by_label("Adresse e-mail").fill(EMAIL)
    await page.get_by_label("Mot de passe", exact=True).fill(PASSWORD)
    await page.get_by_role("button", name="Se connecter").click()
    await page.get_by_role("link", name="Résultats").click()
    await expect(page.locator(".figures .big dd")).to_have_text(str(len(LEFT)))


async def check_results(page: Page, questionnaire: Questionnaire) -> None:
    """Every figure of the page is what was answered, counted here by hand."""
    shown = await page.locator(".figures dd").all_inner_texts()
    assert [plain(text) for text in shown] == ["5", "3", "2", "6", "83 %"]
    for question in questionnaire.questions:
        section = page.locator(f"section[aria-labelledby=q-{question.id}]")
        given = [left[question.id] for _door, left in LEFT if question.id in left]
        if question.options():
            assert await counts(section.locator("tbody tr")) == chosen(question, given), question.id
            await expect(section.locator("tfoot td").first).to_have_text(str(len(given)))
        else:
            await expect(section).to_contain_text(f"{len(given)} personne{'s' if len(given) > 1 else ''}")
        own = f"{question.id}+" if question.options() else question.id
        quoted = await section.locator("blockquote").all_inner_texts()
        newest = [left[own] for _door, left in reversed(LEFT) if own in left]
        assert [plain(text) for text in quoted] == [plain(text) for text in newest[:3]], question.id
    stopped = page.locator("section[aria-labelledby=stopped] tbody tr").filter(
        has=page.locator("td:nth-child(3):not(:empty)")
    )
    assert await counts(stopped, column=1) == {translate(by_id(questionnaire, "q146").name, "fr"): 1}


def chosen(question: Question, given: Sequence[str]) -> dict[str, int]:
    found = Counter(label for cell in given for label in cell.split(" ; "))
    labels = [translate(option.label, "fr") for option in question.options()]
    assert set(found) <= set(labels)
    return {label: found[label] for label in labels}


async def check_downloads(page: Page, exported: Sequence[bytes]) -> None:
    """The panel's files are those of the command, but for the CSV that a French spreadsheet opens."""
    csv_, json_, _xlsx = exported
    assert await download(page, "Fichier JSON") == json_
    french = (await download(page, "Tableau CSV")).decode("utf-8-sig")
    rows = list(csv.reader(io.StringIO(french, newline=""), delimiter=";"))
    assert rows == list(csv.reader(io.StringIO(csv_.decode("utf-8-sig"), newline="")))
