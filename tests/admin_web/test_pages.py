"""What holds for every page: anybody can read it, on any screen, and it carries nothing of its own but HTML."""

import re
from itertools import pairwise

import pytest
from playwright.async_api import Page
from sqlalchemy import update

from bot import broadcasting
from flows.module import Module
from storage import audit, broadcasts, consultations, similar
from storage.audit import NewEntry
from storage.models import Delivery
from storage.relays import PERSON
from storage.similar import Text
from tests.admin_web.conftest import Enter, Town
from tests.admin_web.gathering import report, write
from tests.admin_web.test_contacts import add_contacts
from tests.admin_web.test_failures import add_dead, add_delivery
from tests.admin_web.test_messages import crowd
from tests.admin_web.test_posters import add_poster
from tests.admin_web.test_relays import add, come
from tests.admin_web.walking import draw_up
from tests.admin_web.wishes import add_draft
from tests.browser import DESK, PHONE, assert_accessible

ONE = "/panel/consultations/{id}"
PAGES = [
    "/panel",
    "/panel/archive",
    "/panel/consultations/{archived}",
    ONE,
    f"{ONE}/edit",
    f"{ONE}/codes",
    f"{ONE}/steps/new",
    f"{ONE}/steps/new/wishes",
    f"{ONE}/steps/{{step}}",
    f"{ONE}/steps/{{petition}}/reply",
    "/panel/consultations/{draft}",
    "/panel/consultations/new",
    "/panel/settings/town",
    "/panel/settings/areas",
    "/panel/settings/hours",
    "/panel/settings/groups",
    "/panel/settings/groups/{group}",
    "/panel/people",
    "/panel/people/relays",
    "/panel/people/relays/{relay}",
    "/panel/people/contacts",
    "/panel/people/contacts/{contact}",
    "/panel/people/contacts/import",
    "/panel/people/contacts/letters",
    f"{ONE}/results",
    f"{ONE}/answers/change",
    f"{ONE}/try",
    f"{ONE}/posters",
    f"{ONE}/posters/print",
    f"{ONE}/rounds",
    f"{ONE}/rounds/{{round}}",
    f"{ONE}/rounds/{{round}}/print",
    "/panel/contributions",
    "/panel/contributions?list=reported",
    "/panel/contributions?list=hidden",
    "/panel/contributions/{text}",
    "/panel/contributions/{text}/merge?search=banc",
    "/panel/contributions/hide?id={text}",
    "/panel/contributions/new",
    "/panel/contributions/ballots",
    "/panel/team",
    "/panel/team/new",
    "/panel/team/{organiser}",
    "/panel/journal",
    "/panel/messages",
    "/panel/messages/new",
    "/panel/messages/{message}",
    "/panel/messages/{message}/edit",
    "/panel/messages/{sent}",
    "/panel/messages/{sent}/take-back",
    "/panel/failures",
    "/panel/doors?checked={door}",
    "/panel/doors/{door}/key",
    "/panel/doors/{door}/close",
    "/panel/settings",
    "/panel/password",
    "/montaubry",
    "/montaubry/centre-ville",
    "/nowhere/at/all",
]
OUTSIDE = ["/panel/sign-in", "/montaubry/centre-ville?language=en"]
LOST = """() => ["aria-labelledby", "aria-describedby", "aria-controls", "for"].flatMap(name =>
    [...document.querySelectorAll(`[${name}]`)].flatMap(element => element.getAttribute(name).split(" ")))
    .filter(id => !document.getElementById(id))"""
"""The ids that something on the page refers to and that are not there."""


@pytest.fixture
async def lived_in(served: Town, wishes: type[Module]) -> Town:
    """A town whose pages have something on them."""
    await add_poster(served)
    await add_relay(served)
    [luc, *_others] = await add_contacts(served)
    served.contact = luc.id
    await add_dead(served)
    await add_delivery(served, "failed", "reminder", "Bad Request")
    await served.open_telegram()
    await add_texts(served)
    await add_draft(served)
    await add_messages(served)
    await draw_up(served)
    return served


async def add_messages(town: Town) -> None:
    """A message to many that has left, with everything that can become of it, and a draft in two languages."""
    people = await crowd(town, 6)
    words = {"fr": "La mairie demande votre avis.", "en": "The town asks for your opinion."}
    async with town.database.write() as connection:
        content = broadcasts.Content(words, town.phase.id, {"fr": "Répondre"})
        made = [await broadcasts.write(connection, town.space.id, content, None, town.now) for _number in range(2)]
        await broadcasts.plan(connection, made[1].ref, None, town.space.zone, town.now)
    town.message, town.sent = made[0].id, made[1].id
    await broadcasting.go_on(town.database, {}, town.now)
    became = [("sent", None), ("failed", "blocked"), ("held", "uncertain"), ("cancelled", "stopped"), ("undone", None)]
    async with town.database.write() as connection:
        for person, (state, error) in zip(people, became, strict=False):
            mine = update(Delivery).where(Delivery.participant_id == person)
            await connection.execute(mine.values(state=state, error=error, lane="web:montaubry"))


async def add_relay(town: Town) -> None:
    """A person of a team by whom somebody came."""
    karim = await add(town, "Karim Haddad", PERSON, "Centre social")
    await come(town, karim)
    town.relay = karim.id


async def add_texts(town: Town) -> None:
    """A step more, which gathers texts: one to read, one reported, one hidden; and somebody did something."""
    async with town.database.write() as connection:
        phase = await consultations.add_phase(connection, town.consultation, "gathering", {}, moderation="before")
        signed = {"text": {"fr": "Une boîte aux lettres"}, "goal": 10}
        town.petition = (await consultations.add_phase(connection, town.consultation, "petition", signed)).id
        entry = NewEntry(town.space.id, town.organiser_id, "password", "organisers", town.organiser_id, town.now)
        await audit.note(connection, entry)
    await write(town, "Un banc devant la pharmacie", phase_id=phase.id)
    alike = await write(town, "Un banc devant la halle", "sent", phase_id=phase.id)
    await write(town, "Une publicité", "hidden", phase_id=phase.id, reason="advert")
    town.text = await write(town, "Des arceaux à vélos près de la halle", "sent", phase_id=phase.id)
    await report(town, town.text)
    async with town.database.write() as connection:
        await similar.index(connection, [Text(town.space.id, phase.id, alike, "Un banc devant la halle", "fr")])


def address(town: Town, path: str) -> str:
    return town.url + path.format(
        id=town.consultation.id, door=town.door, text=town.text, organiser=town.organiser_id, step=town.step,
        draft=town.draft, petition=town.petition, group=town.group, archived=town.archived,
        message=town.message, sent=town.sent, relay=town.relay, contact=town.contact, round=town.round,
    )  # fmt: skip


async def look(page: Page, scheme: str, size: dict[str, int]) -> None:
    # With less motion, or axe would look at colours half way through their transition.
    await page.emulate_media(color_scheme="dark" if scheme == "dark" else "light", reduced_motion="reduce")
    await page.set_viewport_size({"width": size["width"], "height": size["height"]})


async def test_every_page_is_whole_and_accessible_and_fits_on_the_smallest_phone(
    page: Page, lived_in: Town, enter: Enter
) -> None:
    await visit(page, address(lived_in, OUTSIDE[0]))
    await enter(page)
    for path in [OUTSIDE[1], *PAGES]:
        await visit(page, address(lived_in, path))


async def visit(page: Page, url: str) -> None:
    await look(page, "light", {"width": 320, "height": 640})
    answer = await page.goto(url)
    assert answer is not None
    await assert_whole(page, await answer.text(), url)
    assert await page.evaluate("document.documentElement.scrollWidth") <= 320, url
    await assert_accessible(page)


async def assert_whole(page: Page, html: str, url: str) -> None:
    """One question on top, headings in order, no style or script in the page, every reference resolved."""
    assert not re.search(r"<style|style=|<script(?! type=\"module\" src=)|\son\w+=|javascript:", html), url
    levels: list[int] = await page.eval_on_selector_all("h1, h2, h3", "all => all.map(h => +h.tagName[1])")
    assert levels.count(1) == 1, url
    assert all(after - before <= 1 for before, after in pairwise(levels)), url
    assert await page.evaluate(LOST) == [], url


@pytest.mark.long
async def test_every_page_is_accessible_by_night_and_on_a_desk(page: Page, lived_in: Town, enter: Enter) -> None:
    async def everywhere(paths: list[str]) -> None:
        for path in paths:
            await page.goto(address(lived_in, path))
            for scheme, size in (("light", PHONE), ("light", DESK), ("dark", PHONE), ("dark", DESK)):
                await look(page, scheme, size)
                await assert_accessible(page)

    await everywhere(OUTSIDE)
    await enter(page)
    await everywhere(PAGES)


@pytest.mark.parametrize("colour", ["#ffe600", pytest.param("#000000", marks=pytest.mark.long)])
async def test_a_town_may_have_any_colour(page: Page, lived_in: Town, enter: Enter, colour: str) -> None:
    async with lived_in.database.write() as connection:
        await connection.exec_driver_sql("UPDATE spaces SET colour = ?", (colour,))
    await enter(page)
    for path in (f"{ONE}/results", "/montaubry/centre-ville"):
        await page.goto(address(lived_in, path))
        for scheme in ("light", "dark"):
            await look(page, scheme, DESK)
            await assert_accessible(page)


@pytest.mark.long
async def test_every_page_turns_for_who_reads_from_right_to_left(page: Page, lived_in: Town, enter: Enter) -> None:
    await enter(page)
    await look(page, "light", PHONE)
    for path in PAGES:
        await page.goto(address(lived_in, path))
        await page.evaluate("document.documentElement.dir = 'rtl'")
        assert await page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"], path


async def test_the_keyboard_alone_reaches_everything_and_the_focus_is_seen(
    page: Page, lived_in: Town, enter: Enter
) -> None:
    await enter(page)
    await page.goto(address(lived_in, ONE))
    reached: list[str] = []
    while len(reached) < 60:
        await page.keyboard.press("Tab")
        name, outline = await page.evaluate(
            "[document.activeElement.innerText, getComputedStyle(document.activeElement).outlineStyle]"
        )
        if await page.evaluate("document.activeElement === document.body"):
            break
        assert outline != "none", name
        reached.append(name.strip())
    assert reached[0] == "Aller au contenu"
    assert {"Résultats", "Essayer", "Affiches"} <= set(reached)
