import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage.rules import (
    Agreed,
    AllOf,
    Answered,
    AnyOf,
    BadRule,
    CameBy,
    Facts,
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
    from_json,
)
from storage.types import LARGEST_ID

names = st.text("abc_1", min_size=1, max_size=4)
several = st.lists(names, min_size=1, max_size=3).map(tuple)
ids = st.lists(st.integers(0, LARGEST_ID), min_size=1, max_size=3).map(tuple)
kept: st.SearchStrategy[Rule] = st.one_of(
    *(st.builds(leaf, several) for leaf in (Speaks, ReachedBy)),
    *(st.builds(leaf, ids) for leaf in (CameBy, TookPart, Unfinished, Supports, Agreed)),
    st.just(FirstTime()),
)
leaves: st.SearchStrategy[Rule] = st.one_of(
    st.builds(Answered, names, several),
    st.builds(InArea, several),
    st.builds(InGroup, several),
    st.builds(Tagged, several),
    kept,
)
rules: st.SearchStrategy[Rule] = st.recursive(
    leaves,
    lambda inner: st.one_of(
        st.builds(AllOf, st.lists(inner, min_size=1, max_size=3).map(tuple)),
        st.builds(AnyOf, st.lists(inner, min_size=1, max_size=3).map(tuple)),
        st.builds(Not, inner),
    ),
    max_leaves=6,
)
anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5) | st.just("all"), inner, max_size=3)
    ),
    max_leaves=10,
)


def test_an_answer_not_given_yet_leaves_it_open() -> None:
    rule = AllOf((Answered("walks", ("often", "daily")), Not(InArea(("port",)))))
    assert rule.judge(Facts()) is None
    assert rule.judge(Facts({"walks": ("daily",)})) is True
    assert rule.judge(Facts({"walks": ()})) is False
    assert rule.judge(Facts(area="port")) is False


def test_any_of_is_known_as_soon_as_one_holds() -> None:
    rule = AnyOf((Answered("walks", ("daily",)), InGroup(("shopkeepers",))))
    assert rule.judge(Facts(groups=["shopkeepers"])) is True
    assert rule.judge(Facts()) is None
    assert rule.judge(Facts({"walks": ["never"]})) is False


def test_several_names_in_one_object_mean_all_of_them() -> None:
    assert from_json({"walks": ["often", "daily"], "not": {"area": "port"}}) == AllOf(
        (Answered("walks", ("often", "daily")), Not(InArea(("port",))))
    )


@given(rules)
def test_a_rule_is_read_back_as_it_was_written(rule: Rule) -> None:
    assert from_json(rule.to_json()) == rule


@given(anything)
def test_anything_else_is_refused_by_name(data: object) -> None:
    try:
        from_json(data)
    except BadRule as refusal:
        assert str(refusal)  # noqa: PT017  (either outcome is right; a traceback is not)


@given(kept)
def test_what_only_the_database_keeps_is_not_known_to_whoever_judges_by_facts(rule: Rule) -> None:
    assert rule.judge(Facts(area="port", groups=["shopkeepers"])) is None
    assert Not(rule).judge(Facts()) is None, "so that it lets nobody in, said either way"


@pytest.mark.parametrize(
    "data",
    [{"took-part": "x"}, {"took-part": "²"}, {"took-part": []}, {"took-part": "9" * 5000}, {"first-time": False}],
)
def test_a_leaf_over_ids_wants_ids(data: object) -> None:
    with pytest.raises(BadRule):
        from_json(data)


def test_a_rule_nested_too_deep_is_refused() -> None:
    rule: dict[str, object] = {"area": "port"}
    for _ in range(20):
        rule = {"not": rule}
    with pytest.raises(BadRule):
        from_json(rule)
