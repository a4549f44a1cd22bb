"""Counting answers: people, never messages; what is not sent is not counted; on both databases."""

from __future__ import annotations

from datetime import date, timedelta

from sqlalchemy import update

from storage import answers, texts
from storage.contributions import Part
from storage.models import Contribution
from storage.scope import Scope
from tests.crowd import MORNING, Crowd, opened, several


def scope(crowd: Crowd, **where: object) -> Scope:
    return Scope(crowd.space_id, crowd.phase_id, **where)  # type: ignore[arg-type]


async def test_people_are_counted_by_channel_and_by_place(database_url: str) -> None:
    async with opened(database_url) as connection:
        crowd = await Crowd.gather(connection)
        await crowd.sends("Monique", place="boulangerie")
        await crowd.sends("Karim", channel="telegram", place="boulangerie")
        await crowd.sends("Denise", channel="telegram")
        await crowd.begins("Luc", "q1")

        assert await answers.people(connection, scope(crowd)) == 3
        assert await answers.by_channel(connection, scope(crowd)) == [("telegram", 2), ("web", 1)]
        assert await answers.by_place(connection, scope(crowd)) == [("boulangerie", 2), ("", 1)]
        assert await answers.people(connection, scope(crowd, channel="telegram")) == 2
        assert await answers.people(connection, scope(crowd, channel="telegram", place="boulangerie")) == 1
        assert await answers.people(connection, scope(crowd, place="")) == 1


async def test_a_corrected_response_counts_once_with_its_last_answers(database_url: str) -> None:
    async with opened(database_url) as connection:
        crowd = await Crowd.gather(connection)
        await crowd.sends("Monique", Part("come", choice="daily"))
        await crowd.sends("Monique", Part("come", choice="weekly"))

        assert await answers.people(connection, scope(crowd)) == 1
        found = await answers.chosen(connection, scope(crowd), ["come"])
        assert [(row.choice, row.people) for row in found] == [("weekly", 1)]


async def test_somebody_who_replies_twice_is_one_person(database_url: str) -> None:
    async with opened(database_url) as connection:
        crowd = await Crowd.gather(connection)
        await crowd.sends("Monique", Part("come", choice="daily"), single=False)
        crowd.talks.pop("Monique")
        await crowd.sends("Monique", Part("come", choice="daily"), single=False)

        assert await answers.people(connection, scope(crowd)) == 1
        assert await answers.answered(connection, scope(crowd)) == {"come": 1}
        assert [row.people for row in await answers.chosen(connection, scope(crowd), ["come"])] == [1]


async def test_the_erased_still_count_one_each_and_the_withdrawn_do_not(database_url: str) -> None:
    async with opened(database_url) as connection:
        crowd = await Crowd.gather(connection)
        first = await crowd.sends("Monique", Part("come", choice="daily"))
        second = await crowd.sends("Karim", Part("come", choice="daily"))
        third = await crowd.sends("Denise", Part("come", choice="daily"))
        forget = update(Contribution).where(Contribution.id.in_([first, second]))
        await connection.execute(forget.values(participant_id=None, conversation_id=None))
        await connection.execute(update(Contribution).where(Contribution.id == third).values(state="withdrawn"))

        assert await answers.people(connection, scope(crowd)) == 2
        assert await answers.answered(connection, scope(crowd)) == {"come": 2}


async def test_another_phase_counts_apart(database_url: str) -> None:
    async with opened(database_url) as connection:
        here, there = await Crowd.gather(connection), await Crowd.gather(connection, slug="ailleurs")
        await here.sends("Monique", Part("come", choice="daily"))
        await there.sends("Karim", Part("come", choice="never"))

        assert [row.choice for row in await answers.chosen(connection, scope(here), ["come"])] == ["daily"]
        assert await answers.people(connection, scope(there)) == 1


async def test_choices_items_and_ranks_are_told_apart(database_url: str) -> None:
    async with opened(database_url) as connection:
        crowd = await Crowd.gather(connection)
        ranked = [Part("order", choice="trees", rank=1), Part("order", choice="bench", rank=2)]
        graded = [Part("grade", item="trees", choice="good"), Part("grade", item="bench", choice="poor")]
        await crowd.sends("Monique", *several("what", ["shop", "market"]), *ranked, *graded)
        await crowd.sends("Karim", *several("what", ["market"]), *graded[:1])

        found = {(row.question, row.item, row.choice, row.rank): row.people for row in await _chosen(crowd)}
        assert found == {
            ("what", None, "shop", None): 1,
            ("what", None, "market", None): 2,
            ("order", None, "trees", 1): 1,
            ("order", None, "bench", 2): 1,
            ("grade", "trees", "good", None): 2,
            ("grade", "bench", "poor", None): 1,
        }
        assert await answers.answered(connection, scope(crowd)) == {"what": 2, "order": 1, "grade": 2}
        items = await answers.answered_items(connection, scope(crowd))
        assert items == {("grade", "trees"): 2, ("grade", "bench"): 1}


async def _chosen(crowd: Crowd) -> list[answers.Chosen]:
    return await answers.chosen(crowd.connection, scope(crowd), ["what", "order", "grade"])


async def test_numbers_have_a_mean_a_median_and_bins(database_url: str) -> None:
    async with opened(database_url) as connection:
        crowd = await Crowd.gather(connection)
        for name, number in (("a", 5), ("b", 10), ("c", 20), ("d", 65), ("e", 5)):
            await crowd.sends(name, Part("minutes", number=number))

        found = await answers.summaries(connection, scope(crowd), ["minutes", "seat", "nothing"])
        assert found["minutes"] == answers.Summary(people=5, mean=21, median=10, low=5, high=65)
        assert "nothing" not in found
        assert await answers.spread(connection, scope(crowd), "minutes", [10, 20, 60]) == [2, 1, 1, 1]
        assert await answers.spread(connection, scope(crowd), "minutes", []) == [5]


async def test_the_median_of_an_even_number_lies_between_the_two_in_the_middle(database_url: str) -> None:
    async with opened(database_url) as connection:
        crowd = await Crowd.gather(connection)
        for name, number in (("a", 1), ("b", 2), ("c", 5), ("d", 100)):
            await crowd.sends(name, Part("minutes", number=number))

        [found] = (await answers.summaries(connection, scope(crowd), ["minutes"])).values()
        assert found.median == 3.5


async def test_days_given_are_spread_over_bins(database_url: str) -> None:
    async with opened(database_url) as connection:
        crowd = await Crowd.gather(connection)
        for name, day in (("a", "2026-12-31"), ("b", "2027-01-01"), ("c", "2027-03-06")):
            await crowd.sends(name, Part("bought", choice=day))

        assert await answers.days(connection, scope(crowd), "bought") == (date(2026, 12, 31), date(2027, 3, 6))
        assert await answers.days(connection, scope(crowd), "nothing") is None
        ends = [date(2027, 1, 1), date(2027, 2, 1)]
        assert await answers.spread_days(connection, scope(crowd), "bought", ends) == [1, 1, 1]


async def test_texts_are_paged_and_found_by_their_words(database_url: str) -> None:
    async with opened(database_url) as connection:
        crowd = await Crowd.gather(connection)
        for number, text in enumerate(("Un banc à l'ombre", "Des bancs et 100% d'ombre", "Rien")):
            folded = text.lower().replace("à", "a")
            at = MORNING + timedelta(days=number)
            await crowd.sends(f"p{number}", Part("change", text=text, folded=folded), at=at, place="poste")

        async def found(words: str, offset: int = 0, limit: int = 10) -> tuple[int, list[str]]:
            count, page = await texts.found(connection, scope(crowd), "change", words, offset, limit)
            return count, [written.text for written in page]

        assert await found("") == (3, ["Rien", "Des bancs et 100% d'ombre", "Un banc à l'ombre"])
        assert await found("", offset=1, limit=1) == (3, ["Des bancs et 100% d'ombre"])
        assert await found("ombre banc") == (2, ["Des bancs et 100% d'ombre", "Un banc à l'ombre"])
        assert await found("100%") == (1, ["Des bancs et 100% d'ombre"])
        assert await found("_") == (0, [])
        _, [last] = await texts.found(connection, scope(crowd), "change", "rien", 0, 1)
        assert (last.origin, last.place, last.at) == ("web", "poste", MORNING + timedelta(days=2))


async def test_the_unfinished_are_people_where_they_stopped_last(database_url: str) -> None:
    async with opened(database_url) as connection:
        crowd = await Crowd.gather(connection)
        await crowd.begins("Monique", "seat")
        await crowd.begins("Karim", "change", channel="telegram")
        await crowd.begins("Luc", "what")
        crowd.talks.pop("Luc")
        await crowd.begins("Luc", "seat")
        await crowd.begins("Denise", "seat")
        crowd.talks.pop("Denise")
        await crowd.sends("Denise")

        assert await answers.unfinished(connection, scope(crowd)) == {"seat": 2, "change": 1}
        assert await answers.unfinished(connection, scope(crowd, channel="telegram")) == {"change": 1}


async def test_days_are_those_of_the_town(database_url: str) -> None:
    async with opened(database_url) as connection:
        crowd = await Crowd.gather(connection)
        for name, hours in (("a", 0), ("b", 13), ("c", 14), ("d", 62)):  # from 10 h 40 in Montaubry
            await crowd.sends(name, at=MORNING + timedelta(hours=hours))

        assert await answers.by_day(connection, scope(crowd), "Europe/Paris") == [
            (date(2027, 3, 6), 2),
            (date(2027, 3, 7), 1),
            (date(2027, 3, 8), 0),
            (date(2027, 3, 9), 1),
        ]
        later = scope(crowd, since=MORNING + timedelta(hours=14))
        assert await answers.people(connection, later) == 2
        assert await answers.by_day(connection, scope(crowd, channel="paper"), "Europe/Paris") == []


async def test_an_export_reads_every_response_once_in_order(database_url: str) -> None:
    async with opened(database_url) as connection:
        crowd = await Crowd.gather(connection)
        parts = [Part("what", choice="shop"), Part("what", choice="market")]
        sent = [await crowd.sends(f"p{number}", *parts, fields={"come": number}) for number in range(7)]
        answers.CHUNK, whole = 3, answers.CHUNK
        try:
            found = [response async for response in answers.responses(connection, scope(crowd))]
        finally:
            answers.CHUNK = whole
        assert [response.id for response in found] == sent
        assert [response.fields["come"] for response in found] == list(range(7))
        assert all(response.parts == tuple(parts) for response in found)
