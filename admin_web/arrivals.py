"""By which ways people arrive, as the first page of the panel tells it: the doors, and the places of the posters."""

from __future__ import annotations

from collections.abc import Sequence

from admin_web.channels import channel_name
from flows.texts import Said, _, plural
from storage.arriving import Ways
from storage.value import value

MOST = 8
"""Places that are named; the others are counted together."""


@value
class Shown:
    """`sentences` say how many people, and how many for the first time."""

    sentences: Sequence[Said]
    channels: Sequence[tuple[Said, int]]
    places: Sequence[tuple[Said, int]]


def shown(ways: Ways) -> Shown | None:
    """None while nobody has come."""
    if not ways.people:
        return None
    said: list[Said] = [
        plural(
            "{count} person took part in what is open now.",
            "{count} people took part in what is open now.",
            ways.people,
        )
    ]
    if ways.first:
        said.append(
            plural(
                "{count} of them for the first time, as far as is known.",
                "{count} of them for the first time, as far as is known.",
                ways.first,
            )
        )
    return Shown(said, [(channel_name(name), people) for name, people in ways.channels], _places(ways.places))


def _places(places: Sequence[tuple[str, int]]) -> list[tuple[Said, int]]:
    named = [(name, people) for name, people in places if name]
    found: list[tuple[Said, int]] = list(named[:MOST])
    if rest := sum(people for _name, people in named[MOST:]):
        found.append((_("Other places"), rest))
    return [*found, *((_("Without a poster"), people) for name, people in places if not name)]
