"""Page 6: what residents wrote is read, shown, hidden with a reason; its author is told, and nobody else."""

from typing import Any

import httpx
import pytest
from playwright.async_api import Page, expect
from sqlalchemy import select, update

from flows.telling import word
from storage import consultations, moderation, organisers, roles, similar
from storage.models import Contribution, Delivery, Entry, Phase
from storage.moderation import Queue
from tests.admin_web.conftest import Enter, Town
from tests.admin_web.gathering import gather, report, write
from tests.admin_web.test_sign_in import key_of

LIST = "/panel/contributions"


async def post(client: httpx.AsyncClient, path: str, **data: Any) -> httpx.Response:
    key = key_of(await client.get("/panel/settings"))
    return await client.post(f"{LIST}{path}", data={"key": key, **data})


async def state_of(town: Town, id_: int) -> str:
    async with town.database.read() as connection:
        found = await connection.execute(select(Contribution.state).where(Contribution.id == id_))
    return str(found.scalar_one())


async def told(town: Town, language: str = "fr") -> list[tuple[int, str, str]]:
    """Whom a delivery waits for: (participant, kind, the words in this language)."""
    async with town.database.read() as connection:
        rows = await connection.execute(
            select(Delivery.participant_id, Delivery.kind, Delivery.body).order_by(Delivery.id)
        )
        return [(row[0], row[1], "\n".join(line.text for line in word(row[2], language).lines)) for row in rows]


async def entries(town: Town) -> list[tuple[str, int, dict[str, Any]]]:
    async with town.database.read() as connection:
        rows = await connection.execute(select(Entry.action, Entry.about_id, Entry.details).order_by(Entry.id))
        return [(row[0], row[1], row[2]) for row in rows]


async def colleague(connection: Any, town: Town) -> int:
    """Somebody else of the team, so that there is always an organiser."""
    return await organisers.create(
        connection, town.space.id, email="hugo@montaubry.example", name="Hugo", role="organiser", protected="x",
        now=town.now,
    )  # fmt: skip


@pytest.fixture
async def gathering(town: Town) -> Town:
    await gather(town)
    return town


async def test_the_queue_counts_what_is_to_read_and_the_menu_does_too(
    claire: httpx.AsyncClient, gathering: Town
) -> None:
    await write(gathering, "Un banc devant la pharmacie")
    await write(gathering, "Des arceaux", "sent")
    page = (await claire.get(LIST)).text
    assert "Un banc devant la pharmacie" in page
    assert "Des arceaux" not in page
    assert "<b>1<span" in page
    assert "Des arceaux" in (await claire.get(f"{LIST}?list=visible&search=ARCEAUX")).text
    assert "Aucun texte n’a ces mots" in (await claire.get(f"{LIST}?search=zzz")).text


async def test_showing_a_text_lets_others_see_it_and_is_noted(claire: httpx.AsyncClient, gathering: Town) -> None:
    idea = await write(gathering, "Un banc")
    answer = await post(claire, "/show", id=idea, back="list=read")
    assert answer.headers["location"] == f"{LIST}?list=read"
    assert await state_of(gathering, idea) == "sent"
    assert await entries(gathering) == [("show", idea, {})]


async def test_hiding_several_says_how_many_first_and_tells_each_author_alone(
    claire: httpx.AsyncClient, gathering: Town
) -> None:
    people = {}
    for text in ("Un premier texte", "Un second texte"):
        idea = await write(gathering, text, "sent")
        async with gathering.database.read() as connection:
            author = await connection.execute(select(Contribution.participant_id).where(Contribution.id == idea))
        people[idea] = (author.scalar_one(), text)
    table = await write(gathering, "D’une table", "sent", participant_id=None, origin="meeting")
    ids = [*people, table]
    asked = await claire.get(f"{LIST}/hide", params={"id": ids})
    assert "Cacher 3 textes et prévenir 2 personnes" in asked.text
    await post(claire, "/hide", id=ids, reason="person", note="Écrivez sans le nom.")
    await post(claire, "/hide", id=ids, reason="person", note="Encore une fois")
    assert [await state_of(gathering, id_) for id_ in ids] == ["hidden"] * 3
    found = await told(gathering)
    assert [(person, kind) for person, kind, _ in found] == [(person, "receipt") for person, _ in people.values()]
    for (_, _, words), (_, text) in zip(found, people.values(), strict=True):
        assert f"« {text} »" in words
        assert "La raison : On y reconnaît quelqu'un." in words
        assert "Écrivez sans le nom." in words
        assert "Vous pouvez le corriger" in words
        assert sum(other in words for _, other in people.values()) == 1
    assert "The reason: It names or points at a person." in (await told(gathering, "en"))[0][2]
    assert await entries(gathering) == [("hide", id_, {"reason": "person"}) for id_ in ids]


async def test_a_reason_is_asked_for_and_nothing_is_hidden_without(claire: httpx.AsyncClient, gathering: Town) -> None:
    idea = await write(gathering, "Un banc")
    for data in ({}, {"reason": "because"}, {"reason": "advert", "note": "x" * 301}):
        answer = await post(claire, "/hide", id=idea, **data)
        assert answer.status_code == 400
        assert 'role="alert"' in answer.text
    assert await state_of(gathering, idea) == "waiting"
    assert await told(gathering) == []
    assert await entries(gathering) == []


async def test_a_report_is_shown_and_settled(claire: httpx.AsyncClient, gathering: Town) -> None:
    idea = await write(gathering, "Un banc", "sent", read_at=gathering.now)
    await report(gathering, idea)
    assert "Il accuse quelqu’un" in (await claire.get(f"{LIST}?list=reported")).text
    await post(claire, "/settle", id=idea)
    await post(claire, "/settle", id=idea)
    assert "Rien n’est signalé" in (await claire.get(f"{LIST}?list=reported")).text
    assert await entries(gathering) == [("settle", idea, {"reports": 1})]


@pytest.mark.parametrize("kind", ["idea", "question", "why"])
async def test_whatever_residents_report_stands_in_one_list_with_their_reason(
    claire: httpx.AsyncClient, town: Town, kind: str
) -> None:
    module = {"idea": "ideas", "question": "questions", "why": "petition"}[kind]
    async with town.database.write() as connection:
        settings = {"text": {"fr": "Un passage"}, "goal": 20} if kind == "why" else {}
        await connection.execute(update(Phase).values(kind=module, settings=settings))
    text = await write(town, "Demandez à M. Dupont", "sent", kind=kind, read_at=town.now)
    await write(town, "Un banc", "sent", kind=kind, read_at=town.now)
    await report(town, text, "person")
    page = (await claire.get(f"{LIST}?list=reported")).text.replace("\xa0", " ")
    assert "Demandez à M. Dupont" in page
    assert "Signalé : « On y reconnaît quelqu’un »" in page
    assert "Un banc" not in page


@pytest.mark.parametrize("kind", ["idea", "question"])
async def test_a_text_that_was_hidden_and_is_shown_again_is_found_by_its_words_again(
    claire: httpx.AsyncClient, town: Town, kind: str
) -> None:
    async with town.database.write() as connection:
        await connection.execute(update(Phase).values(kind=f"{kind}s", settings={}))
    text = await write(town, "Des bancs devant la pharmacie", kind=kind)
    asked = similar.Asked(town.space.id, town.phase.id, "un banc à la pharmacie", "fr")

    async def found() -> list[int]:
        async with town.database.read() as connection:
            return [one["id"] for one in (await similar.similar(connection, [asked]))[0]]

    await post(claire, "/show", id=text)
    assert await found() == [text]
    await post(claire, "/hide", id=text, reason="twice")
    assert await found() == []
    await post(claire, "/show", id=text)
    assert await found() == [text]


async def test_pages_follow_one_another(claire: httpx.AsyncClient, gathering: Town) -> None:
    for number in range(21):
        await write(gathering, f"Idée numéro {number:02}")
    first, second = await claire.get(LIST), await claire.get(f"{LIST}?page=2")
    assert "Idée numéro 19" in first.text
    assert "Idée numéro 20" not in first.text
    assert "Idée numéro 20" in second.text


@pytest.mark.parametrize(
    ("query", "status"),
    [("?list=all", 404), ("?page=x", 400), ("?step=-1", 400), ("?page=999999999", 200), ("?consultation=12", 200)],
)
async def test_an_address_that_says_nonsense_is_answered(
    claire: httpx.AsyncClient, gathering: Town, query: str, status: int
) -> None:
    await write(gathering, "Un banc")
    assert (await claire.get(f"{LIST}{query}")).status_code == status


async def test_whoever_moderates_one_consultation_sees_and_moves_only_its_texts(
    claire: httpx.AsyncClient, gathering: Town
) -> None:
    idea = await write(gathering, "Un banc")
    async with gathering.database.write() as connection:
        await roles.give(connection, gathering.space.id, await colleague(connection, gathering), "organiser", {})
        here = {gathering.consultation.id: "moderator"}
        await roles.give(connection, gathering.space.id, gathering.organiser_id, "none", here)
    assert "Un banc" in (await claire.get(LIST)).text
    async with gathering.database.write() as connection:
        other = await consultations.create(
            connection, gathering.space.id, slug="other", title={}, topic={}, why={}, decides={}, opens_at=None,
            closes_at=None, answer_on=None, now=gathering.now,
        )  # fmt: skip
        elsewhere = {other.id: "moderator"}
        await roles.give(connection, gathering.space.id, gathering.organiser_id, "none", elsewhere)
    assert "Un banc" not in (await claire.get(LIST)).text
    assert "Un banc" not in (await claire.get(f"{LIST}?consultation={gathering.consultation.id}")).text
    assert (await claire.get(f"{LIST}/{idea}")).status_code == 404
    await post(claire, "/show", id=idea)
    await post(claire, "/hide", id=idea, reason="advert")
    assert await state_of(gathering, idea) == "waiting"


async def test_the_figure_is_on_the_page_and_on_the_public_one(claire: httpx.AsyncClient, gathering: Town) -> None:
    for state in ("sent", "sent", "sent", "hidden"):
        await write(gathering, "Un banc", state, read_at=gathering.now)
    async with gathering.database.read() as connection:
        figure = await moderation.figure(connection, Queue(gathering.space.id))
    assert (figure.texts, figure.hidden, figure.before) == (4, 1, 4)
    for path in (LIST, "/montaubry/centre-ville"):
        page = (
            (await claire.get(path)).text.replace("\N{NO-BREAK SPACE}", " ").replace("\N{NARROW NO-BREAK SPACE}", " ")
        )
        assert "4 textes jusqu’ici, non montrés : 1 (25 %)." in page


async def test_the_keyboard_goes_through_the_texts(page: Page, served: Town, enter: Enter) -> None:
    await gather(served)
    first, second = await write(served, "Un banc"), await write(served, "Un arbre")
    await enter(page)
    await page.goto(served.url + LIST)
    await page.keyboard.press("j")
    await page.keyboard.press("j")
    await page.keyboard.press("v")
    await expect(page.get_by_role("heading", name="Un arbre")).to_have_count(0)
    assert [await state_of(served, id_) for id_ in (first, second)] == ["waiting", "sent"]
    await page.wait_for_load_state()  # the keys of the page that came after
    await page.keyboard.press("m")
    await expect(page.get_by_role("heading", name="Pourquoi cacher ce texte")).to_be_visible()


async def test_several_texts_are_hidden_without_any_script(
    page_without_javascript: Page, served: Town, enter: Enter
) -> None:
    page = page_without_javascript
    await gather(served)
    ids = [await write(served, text) for text in ("Un banc", "Un arbre", "Un puits")]
    await enter(page)
    await page.goto(served.url + LIST)
    for place in (0, 2):
        await page.get_by_role("checkbox").nth(place).check()
    await page.get_by_role("button", name="Cacher les textes cochés").click()
    await page.get_by_text("C’est une publicité").click()
    await page.get_by_role("button", name="Cacher 2 textes et prévenir 2 personnes").click()
    assert [await state_of(served, id_) for id_ in ids] == ["hidden", "waiting", "hidden"]
