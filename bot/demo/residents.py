"""The invented residents of the demo: what each of them answers, drawn from how people of their kind would.

Drawn with a fixed seed, so that every demo shows the same town. How somebody comes to the centre decides most of
what they say: who walks wants benches, who drives looks for parking.
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from storage.value import value

Json = Any
Weights = Mapping[str, float]

SEED = 2027
RESPONSES = 140
DAYS = 10
CENTRE = (46.9512, 2.6034)
"""Where the invented town would be: in the fields."""

TRANSPORT = {"foot": 44, "car": 33, "bike": 14, "bus": 9}
VISITS: Mapping[str, Weights] = {
    "foot": {"daily": 50, "weekly": 40, "rarely": 10},
    "car": {"daily": 15, "weekly": 50, "rarely": 35},
    "bike": {"daily": 40, "weekly": 45, "rarely": 15},
    "bus": {"daily": 20, "weekly": 50, "rarely": 30},
}
REASONS = {"errands": 40, "market": 34, "people": 22, "papers": 10}
SEATS = {"1": 21, "2": 32, "3": 26, "4": 14, "5": 7}
MARKET_CARS: Mapping[str, Weights] = {
    "foot": {"yes": 68, "no": 18, "none": 14},
    "car": {"yes": 31, "no": 56, "none": 13},
    "bike": {"yes": 84, "no": 8, "none": 8},
    "bus": {"yes": 52, "no": 20, "none": 28},
}
OBSTACLE = {"pavements": 38, "crossings": 24, "traffic": 15, "nothing": 13, "other": 10}
WORKS: Mapping[str, Weights] = {
    "foot": {"trees": 30, "benches": 38, "pavements": 27, "shelter": 5},
    "car": {"trees": 34, "benches": 22, "pavements": 36, "shelter": 8},
    "bike": {"trees": 30, "benches": 10, "pavements": 15, "shelter": 45},
    "bus": {"trees": 22, "benches": 46, "pavements": 27, "shelter": 5},
}
IDEAS: Mapping[str, Sequence[float]] = {
    "hall": (20, 26, 21, 15, 10, 8),
    "fountain": (34, 31, 18, 10, 4, 3),
    "bandstand": (9, 15, 22, 24, 17, 13),
}
GRADES = ("very_good", "good", "fair", "passable", "poor", "reject")
EVENING: Mapping[str, Weights] = {
    "square": {"gladly": 38, "mostly": 34, "hardly": 20, "never": 8},
    "street": {"gladly": 25, "mostly": 36, "hardly": 28, "never": 11},
    "station": {"gladly": 8, "mostly": 21, "hardly": 38, "never": 33},
}
CHANNEL = {"web": 56, "telegram": 29, "paper": 15}
PLACE = {"Boulangerie": 36, "La Poste": 22, "Pharmacie": 17, "École": 12, "": 13}
STOPS = {
    "consent": 4,
    "visits": 1,
    "transport": 1,
    "reasons.1": 2,
    "reasons.2": 1,
    "seats": 8,
    "to_change": 4,
    "market_cars": 1,
    "works.2": 3,
    "ideas.fountain": 2,
}
"""Where those who began and did not send were last asked something."""
NAMES = ("alice", "bruno", "chantal", "denis", "elise", "farid", "gisele", "hugo", "ines", "jean", "karim", "lucie")


@value
class Resident:
    """Somebody who answered, or began to: when (UTC), by which channel and poster, and what or as far as where."""

    at: datetime
    channel: str
    place: str | None
    answers: Mapping[str, Json]
    stopped_at: str | None = None


def residents(voices: Mapping[str, Any], now: datetime, zone: str) -> list[Resident]:
    """Everybody of the last ten days, the first one first."""
    draw = Draw(random.Random(SEED), now, ZoneInfo(zone), voices)
    everybody = [draw.responder() for _ in range(RESPONSES)]
    everybody += [draw.stopper(key) for key, count in STOPS.items() for _ in range(count)]
    return sorted(everybody, key=lambda resident: resident.at)


class Draw:
    """Chance with the habits of a town."""

    def __init__(self, chance: random.Random, now: datetime, zone: ZoneInfo, voices: Mapping[str, Any]) -> None:
        self.chance = chance
        self.now = now
        self.zone = zone
        self.voices = voices
        self.said = {way: self._shuffled(texts) for way, texts in voices["change"].items()}

    def _shuffled(self, texts: Sequence[str]) -> list[str]:
        return self.chance.sample(texts, len(texts))

    def one(self, weights: Weights) -> str:
        return self.chance.choices(list(weights), list(weights.values()))[0]

    def several(self, weights: Weights, count: int) -> list[str]:
        """So many different ones, the likelier the earlier."""
        keys = {key: self.chance.random() ** (1 / weight) for key, weight in weights.items()}
        return sorted(keys, key=lambda key: keys[key], reverse=True)[:count]

    def maybe(self, probability: float) -> bool:
        return self.chance.random() < probability

    def moment(self) -> datetime:
        """A waking hour of the last days, more often at the end of the afternoon."""
        while True:
            day = self.now.astimezone(self.zone) - timedelta(days=self.chance.triangular(0, DAYS, DAYS * 0.6))
            hour = int(self.chance.triangular(8, 22, 17.5))
            at = day.replace(hour=hour, minute=self.chance.randrange(60), second=0, microsecond=0)
            if at < self.now:
                return at.astimezone(self.now.tzinfo)

    def stopper(self, key: str) -> Resident:
        channel = self.one({name: weight for name, weight in CHANNEL.items() if name != "paper"})
        return Resident(self.moment(), channel, self.one(PLACE) or None, {}, key)

    def responder(self) -> Resident:
        at, channel = self.moment(), self.one(CHANNEL)
        place = None if channel == "paper" else self.one(PLACE) or None
        return Resident(at, channel, place, {**self.way(), **self.opinions(channel, at.date())})

    def way(self) -> dict[str, Json]:
        """How they come and what for; and what depends on it."""
        transport = self.one(TRANSPORT)
        obstacle = self.one(OBSTACLE)
        reasons = self.several(REASONS, 2 if self.maybe(0.7) else 1)
        other = {"other": self.chance.choice(self.voices["obstacle"])}
        return {
            "visits": self.one(VISITS[transport]),
            "transport": transport,
            "reasons": reasons,
            "to_change": self.change(transport),
            "market_cars": self.one(MARKET_CARS[transport]),
            "obstacle": other if obstacle == "other" else obstacle,
            "parking": int(min(45, max(1, self.chance.gauss(9, 6)))),
            "works": self.several(WORKS[transport], len(WORKS[transport])),
        }

    def change(self, transport: str) -> str | None:
        """Nobody says what somebody else said."""
        left = self.said[transport]
        return left.pop() if left and self.maybe(0.45) else None

    def opinions(self, channel: str, today: date) -> dict[str, Json]:
        """What doesn't depend on how they come. Nobody sends a photo: the demo has none to show."""
        ideas = {idea: self.chance.choices(GRADES, weights)[0] for idea, weights in IDEAS.items()}
        name = self.chance.choice(NAMES)
        last = today - timedelta(days=int(self.chance.expovariate(1 / 9)))
        return {
            "seats": int(self.one(SEATS)),
            "bench": self.bench(channel) if self.maybe(0.6) else None,
            "ideas": ideas if self.maybe(0.85) else None,
            "evening": {place: self.one(weights) for place, weights in EVENING.items()},
            "bought": last.isoformat() if self.maybe(0.8) else None,
            "word": self.chance.choice(self.voices["word"]) if self.maybe(0.6) else None,
            "photo": None,
            "email": f"{name}.{self.chance.randrange(100, 999)}@example.org" if self.maybe(0.22) else None,
            "phone": f"+336399800{self.chance.randrange(10, 99)}" if self.maybe(0.08) else None,
        }

    def bench(self, channel: str) -> Json:
        """Most write where, some send a point within a few hundred metres; nobody does on paper."""
        if channel == "paper" or self.maybe(0.7):
            return {"text": self.chance.choice(self.voices["bench"])}
        latitude, longitude = CENTRE
        return {
            "lat": round(latitude + self.chance.gauss(0, 0.002), 5),
            "lon": round(longitude + self.chance.gauss(0, 0.003), 5),
        }
