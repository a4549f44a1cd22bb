"""Questionnaires to try, and a person who begins them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from flows.messages import Attachment
from flows.modules.questionnaire import Questionnaire
from flows.questionnaires.file import read_file
from storage import contributions
from storage.contributions import NewContribution
from tests.flows.harness import PHASE, Harness

HEAD = """\
consultation: centre-ville
languages: [fr, en]
title: {fr: Le centre-ville et vous, en: The town centre and you}
topic: {fr: sur le centre-ville, en: about the town centre}
why: {fr: Pour choisir les travaux., en: To choose the works.}
questions:
"""
TOWN = """\
- id: visits
  kind: one_of
  text: {fr: "Venez-vous souvent au centre-ville ?", en: "Do you often come to the town centre?"}
  short: {fr: Venue au centre, en: Visits}
  choices:
    daily: {fr: Tous les jours, en: Every day}
    weekly: {fr: Chaque semaine, en: Every week}
    rarely: {fr: Moins souvent, en: Less often}
- id: transport
  kind: one_of
  text: {fr: "Comment venez-vous le plus souvent ?", en: "How do you mostly come?"}
  short: {fr: Transport, en: Transport}
  choices:
    foot: {fr: À pied, en: On foot}
    bike: {fr: À vélo, en: By bike}
    car: {fr: En voiture, en: By car}
    bus: {fr: En bus, en: By bus}
- id: reasons
  kind: several_of
  text: {fr: "Que venez-vous y faire ?", en: "What do you come for?"}
  short: {fr: Pour quoi faire, en: Reasons}
  max: 2
  choices:
    shopping: {fr: Mes courses, en: Shopping}
    market: {fr: Le marché, en: The market}
    people: {fr: Voir du monde, en: Seeing people}
    papers: {fr: Des papiers, en: Papers}
- id: seats
  kind: scale
  text: {fr: "Trouvez-vous facilement où vous asseoir ?", en: "Do you easily find a place to sit?"}
  short: {fr: Où s'asseoir, en: Seats}
  low: {fr: jamais, en: never}
  high: {fr: toujours, en: always}
- id: change
  kind: long_text
  required: false
  text: {fr: "Que faudrait-il changer en premier ?", en: "What should change first?"}
  short: {fr: À changer, en: To change}
  help: {fr: "Écrivez avec vos mots. Ne donnez le nom de personne.", en: "Use your own words. Give nobody's name."}
- id: square
  kind: yes_no
  no_opinion: true
  text:
    fr: Faut-il fermer la place aux voitures pendant le marché ?
    en: Should cars leave the square on market days?
  short: {fr: Place sans voitures pendant le marché, en: Square without cars}
"""


def module(questions: str = TOWN, head: str = HEAD) -> Questionnaire:
    return Questionnaire.load(read_file(head + questions).draft.questionnaire.to_settings())


def begun(questions: str = TOWN, language: str = "fr", head: str = HEAD, **phase: Any) -> Harness:
    given = {"topic": {"fr": "sur le centre-ville", "en": "about the town centre"}, **phase}
    harness = Harness(module(questions, head), language, phase=replace(PHASE, **given))
    harness.begin()
    return harness


ENGLISH = """\
consultation: trees
languages: [en]
title: Trees
topic: about trees
why: To plant them.
"""


def english(questions: str, **phase: Any) -> Harness:
    return begun(questions, "en", f"{ENGLISH}questions:\n", **phase)


EVERY_KIND = """\
- {id: name, kind: short_text, text: N1}
- {id: age, kind: number, text: N2, unit: years, max: 120}
- {id: born, kind: date, text: N3}
- {id: tree, kind: one_of, text: N4, other: true, choices: {oak: Oak, lime: Lime}}
- {id: uses, kind: several_of, text: N5, other: true, shuffle: true, choices: {shade: Shade, fruit: Fruit}}
- {id: order, kind: ranking, text: N6, choices: {red: Red, green: Green, blue: Blue}}
- {id: works, kind: grades, text: N7, items: {bench: Benches, lamp: Lamps}}
- {id: rate, kind: matrix, text: N8, items: {bench: Benches, lamp: Lamps}, min: 0, max: 3, low: bad}
- {id: spot, kind: place, text: N9, media: {kind: picture, address: "https://example.org/a.jpg", description: A map}}
- {id: look, kind: photo, text: N10}
- {id: mail, kind: email, text: N11}
- {id: call, kind: phone, text: N12}
"""
SAID: list[str | Attachment] = [
    *("Ada", "36 years", "12 May 1990", "a walnut", "shade, somewhere to sit", "2 3 1"),
    *("very good", "good", "3", "0", "by the mill", Attachment("file:1"), "ada@example.org", "02 61 91 00 12"),
]


def sent(h: Harness) -> list[NewContribution]:
    return [call.argument for call in h.calls if call.verb is contributions.put]


def module_of(h: Harness) -> Questionnaire:
    assert isinstance(h.module, Questionnaire)
    return h.module


BRANCHING = """\
- {id: hello, kind: section, text: Welcome.}
- {id: drives, kind: yes_no, text: Do you drive, short: Driving}
- {id: about, kind: section, text: Now about parking., when: {drives: yes}}
- {id: parks, kind: short_text, text: Where do you park, required: false, when: {drives: yes}}
- {id: rides, kind: yes_no, text: Do you take the bus, when: {drives: no}}
- {id: port, kind: yes_no, text: Is the port noisy, when: {area: port}}
- {id: bye, kind: section, text: That was all.}
"""
