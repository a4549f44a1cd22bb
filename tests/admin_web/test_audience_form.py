"""Whom something is for: said in words, offered ready, narrowed by conditions, and read back as the rule it was."""

from __future__ import annotations

from html.parser import HTMLParser
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import insert, update
from starlette.datastructures import FormData

from admin_web import audience_form
from admin_web.audience_form import (
    ALL,
    ANY,
    EVERYBODY,
    ROWS,
    Age,
    Choice,
    NotAnAudience,
    Offers,
    Ready,
    Row,
    shown,
    typed,
)
from admin_web.audience_words import whom
from admin_web.forms import Form
from admin_web.site import _environment, _words
from flows.texts import _, translate
from storage import areas, audiences, groups, relays
from storage.models import Ballot, Contribution, Participant
from storage.naming import Named, Step
from storage.rules import (
    Aged,
    Agreed,
    AllOf,
    Answered,
    AnyOf,
    CameBy,
    FirstTime,
    InArea,
    InGroup,
    Not,
    ReachedBy,
    Rule,
    Speaks,
    Supports,
    Tagged,
    TookPart,
    Unfinished,
)
from tests.admin_web.conftest import NOW, Town

NAMES = Named(
    {"gare": {"fr": "La Gare", "en": "The Station"}, "bourg": {"fr": "Le Bourg"}},
    {"lettre": {"fr": "Lettre de mars"}},
    {
        11: Step(11, 1, {}, {"fr": "Le centre-ville et vous", "en": "The centre and you"}),
        12: Step(12, 1, {"fr": "Le vote"}, {"fr": "Le centre-ville et vous"}),
    },
    {901: "Un banc devant la poste"},
    {71: "Boulangerie"},
)
GARE, BOURG, TOOK, SHORT = InArea(("gare",)), InArea(("bourg",)), TookPart((11,)), FirstTime()


# -- in words ------------------------------------------------------------------------------------------------------

FRENCH = [
    (None, "tout le monde"),
    (AllOf((GARE, Not(TOOK))), "qui habitent La Gare et qui n’ont pas participé à « Le centre-ville et vous »"),
    (InArea(("gare", "bourg")), "qui habitent La Gare ou Le Bourg"),
    (Not(GARE), "qui n’ont pas dit habiter La Gare"),
    (TookPart((12,)), "qui ont participé à « Le centre-ville et vous : Le vote »"),
    (
        Unfinished((11, 99)),
        "qui ont commencé « Le centre-ville et vous » ou « ce qui n’existe plus » sans aller au bout",
    ),
    (
        AnyOf((InGroup(("lettre",)), AllOf((Tagged(("jury",)), SHORT)))),
        "qui font partie du groupe « Lettre de mars » ou (qui portent le mot « jury » et qui ont participé à une"
        " consultation au plus)",
    ),
    (
        Not(AnyOf((GARE, TOOK, Speaks(("fr",))))),
        "qui n’ont pas dit habiter La Gare, qui n’ont pas participé à « Le centre-ville et vous » et dont la langue ici"
        " n’est pas « Français »",
    ),
    (Not(Not(Supports((901,)))), "qui soutiennent « Un banc devant la poste »"),
    (CameBy((71,)), "qui sont venues par le code de « Boulangerie »"),
    (ReachedBy(("telegram", "web")), "que l’on joint par « Telegram » ou « Page web »"),
    (Not(Agreed((1,))), "qui n’ont pas accepté de participer à « Le centre-ville et vous »"),
    (Aged(18, None), "qui ont au moins 18 ans"),
    (Not(Aged(None, 25)), "qui n’ont pas dit avoir au plus 25 ans"),
    (InArea(("gare",), checked=True), "dont le code dit qu’elles habitent La Gare"),
]


@pytest.mark.parametrize(("rule", "said"), FRENCH)
def test_a_rule_is_a_sentence_in_french(rule: Rule | None, said: str) -> None:
    assert translate(whom(rule, NAMES), "fr") == (said if rule is None else f"les personnes {said}")


def test_and_in_english() -> None:
    rule = AllOf((GARE, Not(TOOK)))
    said = "people who live in The Station and who did not take part in “The centre and you”"
    assert translate(whom(rule, NAMES), "en") == said


@given(st.data())
def test_every_rule_has_words_and_its_opposite_has_others(data: st.DataObject) -> None:
    rule = data.draw(rules)
    for language in ("fr", "en"):
        yes, no = translate(whom(rule, NAMES), language), translate(whom(Not(rule), NAMES), language)
        assert yes != no
        assert "{" not in yes + no
        assert translate(whom(Not(Not(rule)), NAMES), language) == yes


# -- chosen and kept -----------------------------------------------------------------------------------------------

leaves: st.SearchStrategy[Rule] = st.sampled_from(
    [GARE, BOURG, TOOK, SHORT, Unfinished((11,)), InGroup(("lettre",)), Speaks(("fr",)), Supports((901,))]
)
ages = st.integers(-5, 2_000)
"""More than the form has."""
rules: st.SearchStrategy[Rule] = st.recursive(
    leaves | st.just(Answered("visits", ("daily",))) | st.builds(Aged, st.none() | ages, ages, st.booleans()),
    lambda inner: st.one_of(
        st.builds(AllOf, st.lists(inner, min_size=1, max_size=5).map(tuple)),
        st.builds(AnyOf, st.lists(inner, min_size=1, max_size=5).map(tuple)),
        st.builds(Not, inner),
    ),
    max_leaves=8,
)
READY = [
    Ready(EVERYBODY if rule is None else audience_form.written(rule), words, 3)
    for words, rule in audience_form.ready_ones(NAMES, [11])
]
years = st.just("") | st.integers(0, 120).map(str)
typed_ages = st.builds(Age, years, years, st.booleans(), st.booleans()).filter(
    lambda age: not (age.least and age.most) or int(age.least) <= int(age.most)
)
rows = st.builds(Row, st.just("") | leaves.map(audience_form.written), st.booleans())
choices = st.builds(
    Choice,
    st.sampled_from([one.id for one in READY]),
    st.sampled_from((ALL, ANY)),
    st.lists(rows, min_size=ROWS, max_size=ROWS).map(tuple),
    typed_ages,
)


@given(choices)
def test_what_was_chosen_is_shown_as_the_same_rule(choice: Choice) -> None:
    rule = choice.rule()
    assert shown(rule, READY).rule() == rule


@given(rules)
def test_any_rule_that_was_kept_stays_what_it_is(rule: Rule) -> None:
    choice = shown(rule, READY)
    assert choice.rule() == rule
    if choice.base not in {one.id for one in READY}:
        assert (choice.base, choice.narrowed) == (audience_form.written(rule), False), "or it would be two things"


def test_a_ready_audience_and_conditions_are_drawn_apart() -> None:
    rule = AllOf((Not(TOOK), AnyOf((GARE, Not(SHORT)))))
    choice = shown(rule, READY)
    assert choice.base == audience_form.written(Not(TOOK))
    assert (choice.join, choice.rows[1].no, choice.rows[2].leaf) == (ANY, True, "")


@pytest.mark.parametrize(
    "choice",
    [
        Choice(),
        Choice("nonsense"),
        Choice('{"took-part": "x"}'),
        Choice(EVERYBODY, ALL, (Row("[" * 3_000),)),
        Choice(EVERYBODY, age=Age("eighteen")),
        Choice(EVERYBODY, age=Age("60", "18")),
        Choice(
            '{"not":' * 10 + '{"area": "gare"}' + "}" * 10, ANY, (Row('{"area": "gare"}'), Row('{"area": "bourg"}'))
        ),
    ],
)
def test_what_makes_no_audience_is_said_and_never_everybody(choice: Choice) -> None:
    with pytest.raises(NotAnAudience) as refused:
        choice.rule()
    assert translate(refused.value.said, "fr")


def test_ready_audiences_come_first_and_in_this_order() -> None:
    said = [translate(one.words, "fr") for one in READY]
    assert said == [
        "Tout le monde",
        "Qui n’a pas encore participé à « Le centre-ville et vous »",
        "Qui a commencé « Le centre-ville et vous » sans aller au bout",
        "Qui a participé à « Le centre-ville et vous »",
        "Premières fois : qui a participé à une consultation au plus",
        "Qui habite La Gare",
        "Qui habite Le Bourg",
        "Groupe : Lettre de mars",
    ]


# -- drawn and sent ------------------------------------------------------------------------------------------------


class Filled(HTMLParser):
    """What a browser without scripts sends of a form as it was drawn."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.sent: list[tuple[str, str]] = []
        self.select: str | None = None
        self.first = False
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        given_ = dict(attrs)
        if tag == "input" and (given_.get("type") not in ("radio", "checkbox") or "checked" in given_):
            self.sent.append((given_["name"], given_["value"]))
        if tag == "select":
            self.select, self.first = given_["name"], True
            self.sent.append((given_["name"], ""))
        if tag == "option" and "selected" in given_:
            self.sent[-1] = (self.sent[-1][0], given_["value"])


def drawn(offers: Offers, choice: Choice, **faults: Any) -> str:
    macro = '{% import "audience.html" as a with context %}{{ a.draw("Pour qui ?", offers, choice, faults) }}'
    return _environment().from_string(macro).render(**_words("fr", None), offers=offers, choice=choice, faults=faults)


async def offered(town: Town, rule: Rule | None = None) -> Offers:
    async with town.database.read() as connection:
        return await audience_form.offers(connection, town.space.id, [town.phase.id], NOW, rule)


async def settle(town: Town) -> int:
    """People of two areas, one with a tag that another has as well; answers the id of an idea that both support."""
    person = {"space_id": town.space.id, "language": "fr", "groups": [], "channel": "web", "created_at": NOW}
    async with town.database.write() as connection:
        await areas.add(connection, town.space.id, "gare", {"fr": "La Gare"})
        await groups.add(connection, town.space.id, "lettre", {"fr": 'Lettre "de mars"'}, NOW)
        await relays.add(connection, town.space.id, relays.PLACE, "Boulangerie", None, NOW)
        many = [{**person, "id": id_, "area": "gare" if id_ < 3 else None, "tags": ["jury"]} for id_ in (1, 2, 3)]
        await connection.execute(insert(Participant), many)
        idea = {"space_id": town.space.id, "id": 901, "phase_id": town.phase.id, "key": "idea", "kind": "idea"}
        more = {"state": "sent", "text": "Un banc", "fields": {}, "origin": "web", "created_at": NOW, "updated_at": NOW}
        await connection.execute(insert(Contribution).values(**idea, **more))
        ballot = {"space_id": town.space.id, "phase_id": town.phase.id, "subject": "901", "value": "support"}
        await connection.execute(insert(Ballot), [{**ballot, "id": n, "voter": str(n), "cast_at": NOW} for n in (1, 2)])
    return 901


async def test_the_form_sends_back_what_it_shows_without_a_script(town: Town) -> None:
    idea = await settle(town)
    async with town.database.read() as connection:
        [relay] = [one.id for one in await relays.listed(connection, town.space.id)]
    took = TookPart((town.phase.id,))
    for rule in (
        None,
        Not(took),
        AllOf((Not(took), AnyOf((InArea(("gare",)), Not(Supports((idea,))))))),
        AllOf((CameBy((relay,)), Tagged(("jury",)), InGroup(("lettre",)))),
        AllOf((GARE, BOURG, TOOK, SHORT, Not(SHORT), Speaks(("fr",)))),
        AllOf((Not(took), AnyOf((InArea(("gare",)), Not(Aged(None, 25, True)))))),
        AllOf((Aged(18, 25), Aged(60, None))),
        InArea(("gone",)),
        Not(AllOf((GARE, TOOK))),
    ):
        offers = await offered(town, rule)
        page = drawn(offers, shown(rule, offers.ready))
        assert typed(Form(FormData(dict(Filled(page).sent)))).rule() == rule, page


async def test_each_ready_audience_says_for_how_many_it_is(town: Town) -> None:
    await settle(town)
    offers = await offered(town)
    page = " ".join(drawn(offers, shown(None, offers.ready)).replace("\N{NO-BREAK SPACE}", " ").split())
    for said in ("Tout le monde", "3 personnes", "Qui habite La Gare", "2 personnes"):
        assert said in page
    async with town.database.read() as connection:
        kept = [None if one.id == EVERYBODY else Choice(one.id).rule() for one in offers.ready]
        counts = await audiences.count(connection, town.space.id, kept, NOW)
    assert [one.people for one in offers.ready] == counts
    assert "Ont participé à" in page
    assert "Portent le mot jury" in page
    assert "Soutiennent l’idée Un banc" in page


async def test_a_rule_the_form_has_no_words_for_is_one_more_choice(town: Town) -> None:
    await settle(town)
    rule = Not(AllOf((InArea(("gare",)), SHORT)))
    offers = await offered(town, rule)
    page = drawn(offers, shown(rule, offers.ready))
    assert "Comme c’était" in page
    assert "qui n’ont pas dit habiter La Gare ou qui ont participé à plusieurs consultations" in page


async def test_a_mistake_is_said_at_the_form(town: Town) -> None:
    offers = await offered(town)
    page = drawn(offers, Choice(), audience=_("Choose whom it is for."))
    assert 'id="audience-fault"' in page
    assert "checked" not in page.split("<details")[0], "nobody is written to because nothing was chosen"


async def test_an_age_is_asked_for_where_the_year_of_birth_of_somebody_is_known(town: Town) -> None:
    await settle(town)
    assert "En années" not in drawn(await offered(town), Choice(EVERYBODY))
    async with town.database.write() as connection:
        await connection.execute(update(Participant).where(Participant.id == 1).values(born=NOW.year - 30))
    page = drawn(await offered(town), choice := Choice(EVERYBODY, age=Age("18", "30")))
    assert "Connu de 1 personne" in " ".join(page.replace("\N{NO-BREAK SPACE}", " ").split())
    sent = typed(Form(FormData(dict(Filled(page).sent))))
    assert sent == choice
    async with town.database.read() as connection:
        assert await audiences.count(connection, town.space.id, [sent.rule()], NOW) == [1]


async def test_what_one_person_alone_was_called_is_offered_to_nobody(town: Town) -> None:
    await settle(town)
    async with town.database.write() as connection:
        await connection.execute(update(Participant).where(Participant.id == 1).values(tags=["Mme Petit"]))
    assert "Mme Petit" not in drawn(await offered(town), Choice(EVERYBODY))
