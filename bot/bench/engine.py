"""The engine alone: turns of one conversation with its state as JSON, no database."""

from __future__ import annotations

import time

from bot.bench.town import CHANNEL, SLUG, questionnaire
from flows.journal import DONE, KNOWN, Journal
from flows.messages import Incoming
from flows.module import Module, load
from flows.routing import Known, route
from flows.run import Scene
from flows.turn import Act, Errand, Turn
from storage.clock import utc_now
from storage.conversations import Record
from storage.participants import Person
from storage.phases import PhaseFacts, SpaceFacts

NAME = {"fr": "Banc d'essai", "en": "Bench"}
SPACE = SpaceFacts(1, SLUG, NAME, ["fr", "en"], "Europe/Paris", {}, {})
PHASE = PhaseFacts(5, 1, 6, SLUG, "questionnaire", {}, 1, NAME, NAME, {}, {}, "open", None, None, None)


def turns_per_second(questions: int, seconds: float = 0.6) -> float:
    """Whole talks from the first question to the last, again and again; turns a second on one core."""
    module = load("questionnaire", questionnaire(questions))
    talk(module, questions)
    turns, began = 0, time.perf_counter()
    while time.perf_counter() - began < seconds:
        talk(module, questions)
        turns += questions
    return turns / (time.perf_counter() - began)


def talk(module: Module, questions: int) -> None:
    """One person's answers, each through routing, the journal's JSON, the run, and the reply's JSON."""
    now = utc_now()
    person = Person(1, 2, "fr", None, [], 3, 4, CHANNEL.name, None)
    journal = Journal({"agreed": [KNOWN, "", False], "agree": [DONE, True]}).dumps()
    record = Record(1, 3, 2, 5, PHASE.kind, "open", "q1", journal, None, CHANNEL.name, None, now)
    scene = Scene(SPACE, PHASE, person, record.id, now, CHANNEL)
    for number in range(questions):
        incoming = Incoming(CHANNEL.name, SLUG, "p", str(number), now, text="2")
        errand = route(incoming, Known(person, CHANNEL, record)).errand or Errand(Act.SHOW)
        turn = Turn(scene, record.copy(), module, errand)
        turn.start()
        for message in turn.messages:
            message.pack()
        record = turn.record
    assert record.waiting == "recap", "every question was answered"
