"""Ideas through the real Reception: what others see and when, and what is said where something is not taken."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from typing import Any

import pytest
from sqlalchemy import update

from flows.figures import Filter, Page, PhaseRef
from flows.forms import Faults
from flows.messages import DOCUMENT, Attachment, Incoming
from flows.modules.ideas import Ideas
from storage import attached, files, models, supporting
from storage.ballots import NewBallot
from storage.database import Database
from storage.files import File
from storage.models import Contribution, Follow, Participant, Report
from storage.refusals import Gone
from storage.supporting import OwnText
from tests.bot.town import Town, furnish
from tests.tables import make_tables

THEMES = [{"id": "street", "label": {"en": "The street"}}, {"id": "trees", "label": {"en": "Trees"}}]
BENCH = "Des bancs devant la pharmacie"
SEEN = "Everybody can see it with your idea. Please avoid faces and names."


@pytest.fixture
async def house(database_url: str) -> AsyncIterator[Town]:
    database = Database(database_url)
    try:
        async with database.write() as connection:
            await make_tables(connection)
        yield await furnish(database, Ideas.load({}))
    finally:
        await database.close()


def asks(house: Town, **settings: Any) -> None:
    house.reception.around.modules[house.phase_id, 1] = Ideas.load(settings)


async def rules(house: Town, **values: Any) -> None:
    async with house.database.write() as connection:
        await connection.execute(update(models.Phase).values(**values))


async def says(house: Town, sender: str, *texts: str) -> list[str]:
    """Begin at the code and type these; answers the lines read last."""
    lines = await house.hears(sender, code="centre")
    for text in texts:
        lines = await house.hears(sender, text)
    return lines


async def proposes(house: Town, sender: str, text: str) -> list[str]:
    await house.begin(sender)
    return await says(house, sender, "Propose an idea", text, "/skip", "Send")


async def figures(house: Town) -> Mapping[str, Any]:
    async with house.database.read() as connection:
        ref = PhaseRef(house.space_id, house.phase_id)
        module = house.reception.around.modules[house.phase_id, 1]
        assert isinstance(module, Ideas)
        found = await module.results(connection, ref, Filter())
    return {figure.id: figure for figure in found.figures}


async def test_a_text_to_be_read_first_is_shown_to_nobody_but_its_author(house: Town) -> None:
    await rules(house, moderation="before")
    assert "Others see this text after it was read over." in await proposes(house, "ada", BENCH)
    assert await says(house, "ada", "What I have given") == [
        "This is what you have given.",
        f"1. Idea: “{BENCH}” (sent, visible after it was read)",
        "To see or change one, choose its number.",
    ]
    await house.begin("bob")
    assert await says(house, "bob", "Read the ideas") == ["There is no idea here yet."]
    await house.hears("bob", "I have finished")
    assert "Would you like to say more: why, for whom, how?" in await says(house, "bob", "Propose an idea", BENCH)
    async with house.database.write() as connection:
        await connection.execute(update(Contribution).values(state="sent"))
    await house.begin("eve")
    assert "Is it the same idea as yours?" in await says(house, "eve", "Propose an idea", "Un banc à la pharmacie")


async def test_what_was_hidden_is_corrected_and_read_again_before_others_see_it(house: Town) -> None:
    await proposes(house, "ada", BENCH)
    async with house.database.write() as connection:
        await connection.execute(update(Contribution).values(state="hidden", reason="twice", read_at=house.now))
    assert "Why: It says the same as another" in await says(house, "ada", "What I have given", "1")
    await house.hears("ada", "Correct the text")
    lines = await house.hears("ada", "Un kiosque au parc")
    assert lines[:2] == ["It is corrected.", "Others see this text after it was read over."]
    assert await house.rows(Contribution.text, Contribution.state, Contribution.read_at) == [
        ("Un kiosque au parc", "waiting", None)
    ]
    async with house.database.write() as connection:
        await connection.execute(update(Contribution).values(state="sent"))
    await house.begin("bob")
    await says(house, "bob", "Read the ideas", "Read in another way", "Search")
    assert "1. Un kiosque au parc: 0 supporters" in await house.hears("bob", "kiosques")


async def test_ideas_collected_in_private_are_shown_once_the_organiser_publishes_them(house: Town) -> None:
    asks(house, private=True)
    assert "For now nobody but the organisers reads it." in await proposes(house, "ada", BENCH)
    await house.begin("bob")
    await says(house, "bob")
    assert [button.label for button in house.last("bob").buttons] == ["Propose an idea", "What I have given"]
    assert await house.hears("bob", "Propose an idea") == ["What is your idea? One sentence is enough."]
    assert await house.hears("bob", BENCH) == ["Would you like to say more: why, for whom, how?"]
    asks(house)
    await house.begin("eve")
    assert f"1. {BENCH}: 0 supporters" in await says(house, "eve", "Read the ideas")


async def test_what_is_too_much_for_a_day_is_kept_and_sent_the_next(house: Town) -> None:
    await rules(house, per_day=1)
    await proposes(house, "ada", BENCH)
    lines = await proposes(house, "ada", "Un arbre place du marché")
    assert lines[0] == "I take 1 text in 24 hours from each person. This one was not sent. Please come back tomorrow."
    assert (await house.hears("ada", "Try to send it again"))[0] == lines[0]
    house.later(hours=25)
    assert (await house.hears("ada", "Try to send it again"))[0] == "It is sent. Thank you."
    assert len(await house.rows(Contribution.id)) == 2


async def test_somebody_reports_an_idea_once_and_may_follow_it(house: Town) -> None:
    await proposes(house, "ada", BENCH)
    await house.begin("bob")
    lines = await says(
        house, "bob", "Read the ideas", "1", "Something else", "Report this idea", "It names or points at a person"
    )
    assert lines[0].startswith("Thank you. A moderator will look at it.")
    await house.hears("bob", "Something else")
    assert "Report this idea" not in [button.label for button in house.last("bob").buttons]
    await house.hears("bob", "Follow this idea")
    assert await house.count(Report) == await house.count(Follow) == 1
    await house.hears("bob", "Something else")
    await house.hears("bob", "Follow it no longer")
    assert await house.count(Follow) == 0


async def test_of_several_ideas_that_are_alike_one_is_read_by_its_number(house: Town) -> None:
    for sender, text in (("ada", BENCH), ("bob", "Un banc à la pharmacie du marché")):
        await house.begin(sender)
        await says(house, sender, "Propose an idea", text)
        if "No, it is different" in [button.label for button in house.last(sender).buttons]:
            await house.hears(sender, "No, it is different")
        await house.hears(sender, "/skip")
        await house.hears(sender, "Send")
    await house.begin("eve")
    lines = await says(house, "eve", "Propose an idea", "Mettre un banc devant la pharmacie")
    assert lines[0] == "2 ideas like yours exist already:"
    assert sorted(line[3:] for line in lines[1:3]) == sorted(
        [f"{BENCH}: 0 supporters", "Un banc à la pharmacie du marché: 0 supporters"]
    )
    assert (await house.hears("eve", "1"))[0] == f"“{lines[1][3:].partition(':')[0]}”"
    assert (await house.hears("eve", "I support it"))[0] == "It is done. You are the first to support this idea."
    assert (await house.hears("eve", "non merci"))[0].startswith("To take back your support")


async def test_nobody_supports_their_own_idea_nor_one_that_is_gone(house: Town) -> None:
    await proposes(house, "ada", BENCH)
    [idea], [ada] = await house.rows(Contribution.id), await house.rows(Participant.id)
    await house.begin("bob")
    bob = (await house.rows(Participant.id))[1]

    def ballot(voter: int, value: str | None = "support") -> NewBallot:
        return NewBallot(house.space_id, house.phase_id, voter, str(idea), value, house.now, change=True)

    async with house.database.write() as connection:
        assert [type(one) for one in await supporting.support(connection, [ballot(ada), ballot(bob)])] == [OwnText, int]
        await connection.execute(update(Contribution).values(state="hidden"))
        [no, back] = await supporting.support(connection, [ballot(bob), ballot(bob, None)])
    assert isinstance(no, Gone)
    assert back == 0


async def test_equal_support_shares_its_rank_and_the_others_follow(house: Town) -> None:
    for number, text in enumerate(("Une fontaine", "Un jardin", "Un kiosque", "Un préau")):
        await proposes(house, f"a{number}", text)
    people = await house.rows(Participant.id)
    first, second, third, _fourth = await house.rows(Contribution.id)
    async with house.database.write() as connection:
        for idea, voter in ((first, 1), (second, 2), (second, 3), (third, 0), (third, 3)):
            cast = NewBallot(house.space_id, house.phase_id, people[voter], str(idea), "support", house.now)
            assert isinstance((await supporting.support(connection, [cast]))[0], int)
    support = (await figures(house))["-support"]
    assert [(row.label.values["rank"], row.people) for row in support.rows] == [(1, 2), (1, 2), (3, 1), (4, 0)]
    assert support.people == 4


async def test_the_organisers_own_questions_are_asked_counted_and_exported(house: Town) -> None:
    question = {
        "kind": "one_of",
        "id": "who",
        "text": {"en": "For whom?"},
        "choices": [{"id": "all", "label": {"en": "Everybody"}}, {"id": "kids", "label": {"en": "Children"}}],
    }
    asks(house, themes=THEMES, questions=[question])
    await house.begin("ada")
    await says(house, "ada", "Propose an idea", BENCH, "/skip", "Trees")
    await house.hears("ada", "Children")
    assert (await house.hears("ada", "Send"))[0] == "It is sent. Thank you."
    found = await figures(house)
    assert {row.id: row.people for row in found["who"].rows} == {"kids": 1, "all": 0}
    assert {row.id: row.people for row in found["-themes"].rows} == {"street": 0, "trees": 1}
    module = house.reception.around.modules[house.phase_id, 1]
    assert isinstance(module, Ideas)
    async with house.database.read() as connection:
        ref = PhaseRef(house.space_id, house.phase_id)
        header, row = [row async for row in module.table(connection, ref, "en")]
        texts = await module.texts(connection, ref, "-ideas", Filter(), Page("pharmacie", 0, 10))
    assert dict(zip(header, row, strict=True))[header[-1]] == "Children"
    assert dict(zip(header, row, strict=True))["Theme"] == "Trees"
    assert [text.text for text in texts[1]] == [BENCH]


async def test_a_number_under_the_idea_corrects_that_line_and_never_sends(house: Town) -> None:
    await house.begin("ada")
    assert "1. Idea: Un banc" in await says(house, "ada", "Propose an idea", "Un banc", "/skip")
    assert "Your answer was: Un banc." in await house.hears("ada", "1")
    assert await house.rows(Contribution.id) == []
    assert f"1. Idea: {BENCH}" in await house.hears("ada", BENCH)
    await house.hears("ada", "send it")
    assert await house.rows(Contribution.text) == [BENCH]


async def test_back_leads_from_an_idea_to_the_list_and_yes_supports_it(house: Town) -> None:
    await proposes(house, "ada", BENCH)
    await house.begin("bob")
    assert "Nobody supports it yet." in await says(house, "bob", "Read the ideas", "1")
    assert f"1. {BENCH}: 0 supporters" in await house.hears("bob", "back")
    await house.hears("bob", "1")
    assert "It is done. You are the first to support this idea." in await house.hears("bob", "yes")


async def test_a_draft_waits_until_it_is_sent(house: Town) -> None:
    await house.begin("ada")
    await says(house, "ada", "Propose an idea", BENCH)
    house.later(days=3)
    assert (await says(house, "ada"))[-1] == "Would you like to say more: why, for whom, how?"


def test_settings_that_cannot_be_used_say_what_is_wrong() -> None:
    with pytest.raises(Faults, match="themes"):
        Ideas.load({"themes": [{"id": f"t{number}", "label": {"en": "A theme"}} for number in range(10)]})
    with pytest.raises(Faults, match="criteria"):
        Ideas.load({"criteria": THEMES[:1]})
    with pytest.raises(Faults, match="questions"):
        Ideas.load({"questions": [{"kind": "riddle", "id": "q", "text": {"en": "What?"}}]})


async def test_a_document_comes_with_an_idea_is_told_of_and_goes_with_its_author(house: Town) -> None:
    asks(house, photo=True)
    plan = File(b"%PDF-1.7 a kiosk", DOCUMENT)
    reference = files.reference_of(plan.content)
    async with house.database.write() as connection:
        await files.put(connection, house.space_id, reference, plan, house.now)
    await house.begin("ada")
    lines = await says(house, "ada", "Propose an idea", BENCH, "/skip")
    assert lines == ["Would you like to send a photo or a document (PDF)?", SEEN]
    assert await house.hears("ada", attached=Attachment(reference, DOCUMENT)) == [
        "Noted: your document.",
        "Would you like to send another one? 3 at most.",
    ]
    assert "3. Photos or documents: 1 document" in await house.hears("ada", "no")
    await house.hears("ada", "Send")
    [fields] = await house.rows(Contribution.fields)
    assert fields["attached"] == [{"document": reference}]
    module = house.reception.around.modules[house.phase_id, 1]
    assert isinstance(module, Ideas)
    async with house.database.read() as connection:
        table = module.table(connection, PhaseRef(house.space_id, house.phase_id), "en")
        header, row = [list(cells) async for cells in table]
    assert row[header.index("Photos or documents")] == "1 document"
    await says(house, "ada", "What I have given", "1")
    shown = house.last("ada").media
    assert shown is not None
    assert (shown.kind, shown.description) == ("document", "The document sent with this idea")
    await house.hears("ada", "/delete")
    await house.hears("ada", "Yes, erase everything")
    assert await house.count(models.File) == 0
    async with house.database.read() as connection:
        assert await attached.shown(connection, house.space_id, shown.address) is None
    assert reference not in str(await house.rows(Contribution.fields))


def album(house: Town, *names: str) -> list[Incoming]:
    """What the platform brings when somebody sends several at once: a message each."""
    kinds = {"plan": DOCUMENT}
    return [
        house.incoming("ada", attached=Attachment(f"street:1:{name}", kinds.get(name, "image/jpeg"))) for name in names
    ]


async def test_several_photos_in_a_second_all_come_with_the_idea_and_nobody_is_scolded(house: Town) -> None:
    asks(house, photo=True)
    await house.begin("ada")
    await says(house, "ada", "Propose an idea", BENCH, "/skip")
    house.street.sent.clear()
    await house.keep(*album(house, "square", "plan", "bench"))
    await house.deliver()
    heard = house.street.texts("ada")
    assert heard[:4] == [
        "Noted: your photo.",
        "Would you like to send another one? 3 at most.",
        "Noted: your document.",
        "Would you like to send another one? 3 at most.",
    ]
    assert "3. Photos or documents: 2 photos, 1 document" in heard[4:]
    await house.hears("ada", "Send")
    [fields] = await house.rows(Contribution.fields)
    assert fields["attached"] == [
        {"photo": "street:1:square"}, {"document": "street:1:plan"}, {"photo": "street:1:bench"},
    ]  # fmt: skip
    assert "Sent with it: 2 photos, 1 document." in await says(house, "ada", "What I have given", "1")
    assert house.last("ada").media is None, "their bytes are not here yet"


async def test_what_was_sent_along_is_corrected_as_one_answer(house: Town) -> None:
    asks(house, photo=True)
    await house.begin("ada")
    await says(house, "ada", "Propose an idea", BENCH, "/skip")
    await house.keep(*album(house, "square", "bench"))
    await house.hears("ada", "no")
    assert await house.hears("ada", "3") == [
        "Would you like to send a photo or a document (PDF)?",
        "Your answer was: your photo.",
        SEEN,
    ]
    await house.keep(*album(house, "plan"))
    await house.hears("ada", "no")
    await house.hears("ada", "Send")
    [fields] = await house.rows(Contribution.fields)
    assert fields["attached"] == [{"document": "street:1:plan"}]


async def test_what_came_with_an_idea_is_taken_away_by_its_author(house: Town) -> None:
    asks(house, photo=True)
    square = File(b"a square", "image/jpeg")
    reference = files.reference_of(square.content)
    async with house.database.write() as connection:
        await files.put(connection, house.space_id, reference, square, house.now)
    await house.begin("ada")
    await says(house, "ada", "Propose an idea", BENCH, "/skip")
    await house.hears("ada", attached=Attachment(reference))
    for text in ("no", "Send"):
        await house.hears("ada", text)
    await says(house, "ada", "What I have given", "1")
    shown = house.last("ada").media
    assert shown is not None
    assert (await house.hears("ada", "Take the files away"))[0] == "It is corrected."
    assert [fields["attached"] for fields in await house.rows(Contribution.fields)] == [[]]
    await house.hears("ada", "1")
    assert house.last("ada").media is None
    assert "Take the files away" not in [button.label for button in house.last("ada").buttons]
    async with house.database.read() as connection:
        assert await attached.shown(connection, house.space_id, shown.address) is None


async def test_where_ideas_are_collected_in_private_it_is_said_that_they_may_be_published(house: Town) -> None:
    asks(house, photo=True, private=True)
    await house.begin("ada")
    lines = await says(house, "ada", "Propose an idea", BENCH, "/skip")
    assert lines == [
        "Would you like to send a photo or a document (PDF)?",
        "It may be published later with your idea. Please avoid faces and names.",
    ]
