from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from flows.figures import Reports
from flows.module import catalog
from flows.modules.questionnaire import Questionnaire
from flows.rendering import Capabilities, render
from storage import contributions, wishes
from storage.contributions import NewContribution, Part
from storage.refusals import AlreadySent, Closed
from tests.flows.harness import Harness
from tests.flows.questionnaires import BRANCHING, ENGLISH, EVERY_KIND, SAID, begun, english, module, module_of, sent


def answer_all(h: Harness) -> list[str]:
    for label in ("Tous les jours", "À pied", "Le marché", "Voir du monde", "2"):
        h.tap(label)
    h.hear("Les trottoirs sont trop hauts devant la pharmacie")
    return h.tap("Oui")


def test_the_first_talk_as_it_was_imagined() -> None:
    h = begun(answer_on=date(2027, 4, 8), decides={"fr": "Le conseil municipal", "en": "The town council"})
    assert h.begin() == ["Question 1 sur 6", "Venez-vous souvent au centre-ville ?"]
    assert h.buttons == ["Tous les jours", "Chaque semaine", "Moins souvent"]
    assert h.tap("Tous les jours") == [
        "Noté : tous les jours.",
        "Question 2 sur 6",
        "Comment venez-vous le plus souvent ?",
    ]
    assert h.tap("En voiture")[:2] == ["Noté : en voiture.", "Question 3 sur 6"]
    assert h.tap("Retour") == [
        "Question 2 sur 6",
        "Comment venez-vous le plus souvent ?",
        "Votre réponse était : en voiture.",
    ]
    assert h.tap("À pied") == [
        "Corrigé : à pied.",
        "Question 3 sur 6",
        "Que venez-vous y faire ? Deux réponses au plus.",
    ]
    assert h.tap("Le marché") == ["Noté : le marché.", "Une autre réponse ?"]
    assert h.buttons == ["Mes courses", "Voir du monde", "Des papiers", "C'est tout", "Retour"]
    assert h.hear("voir du monde") == [
        "Noté : le marché, voir du monde.",
        "Question 4 sur 6",
        "Trouvez-vous facilement où vous asseoir ?",
        "1 veut dire jamais. 5 veut dire toujours.",
    ]
    assert h.messages[-1].progress == (4, 6)
    assert h.hear("2") == [
        "Noté : 2 sur 5.",
        "Question 5 sur 6",
        "Que faudrait-il changer en premier ?",
        "Écrivez avec vos mots. Ne donnez le nom de personne.",
    ]
    assert h.buttons == ["Passer", "Retour"]
    assert h.hear("Les trottoirs sont trop hauts devant la pharmacie") == [
        "Noté. Merci.",
        "Question 6 sur 6",
        "Faut-il fermer la place aux voitures pendant le marché ?",
    ]
    assert h.tap("Oui")[1:] == [
        "Voici vos réponses. Elles ne sont pas encore envoyées.",
        "1. Venue au centre : tous les jours",
        "2. Transport : à pied",
        "3. Pour quoi faire : le marché, voir du monde",
        "4. Où s'asseoir : 2 sur 5",
        "5. À changer : Les trottoirs sont trop hauts devant la pharmacie",
        "6. Place sans voitures pendant le marché : oui",
    ]
    assert h.buttons == ["Envoyer", "Corriger une réponse"]
    assert h.tap("Corriger une réponse") == ["Laquelle ?"]
    assert h.buttons == ["1", "2", "3", "4", "5", "6", "Aucune"]
    assert h.tap("1") == ["Venez-vous souvent au centre-ville ?", "Votre réponse était : tous les jours."]
    assert h.buttons == ["Tous les jours", "Chaque semaine", "Moins souvent", "Ne rien changer"]
    assert h.tap("Chaque semaine") == ["Corrigé : chaque semaine.", "Les autres réponses n'ont pas changé."]
    assert h.buttons == ["Envoyer", "Corriger une réponse", "Tout relire"]
    assert h.tap("Envoyer") == [
        "C'est envoyé. Merci.",
        "Pour changer une réponse jusqu'au vendredi 19 mars, 20 h, écrivez « corriger ».",
        "Le conseil municipal en parle le jeudi 8 avril.",
        "Voulez-vous recevoir le résultat ici ?",
    ]
    assert h.tap("Oui") == [
        "C'est noté. Vous recevrez le résultat ici.",
        "Pour parler à une personne : Claire Morel, 02 61 91 00 12, du lundi au vendredi, de 9 h à 12 h.",
    ]
    assert h.record.state == "ended"


def test_what_is_announced_is_how_many_questions_and_minutes() -> None:
    h = begun()
    h = Harness(module(), "fr", consented=False, phase=h.phase)
    assert h.begin()[1] == "Je pose 6 questions sur le centre-ville. Il faut environ 3 minutes."


def test_the_response_holds_the_answers_and_their_parts() -> None:
    h = begun()
    answer_all(h)
    h.tap("Envoyer")
    (given,) = sent(h)
    assert given.fields == {
        "visits": "daily",
        "transport": "foot",
        "reasons": ["market", "people"],
        "seats": 2,
        "change": "Les trottoirs sont trop hauts devant la pharmacie",
        "square": "yes",
    }
    assert given.parts[2:5] == (
        Part("reasons", choice="market"),
        Part("reasons", choice="people"),
        Part("seats", choice="2", number=2),
    )
    assert given.key == "response"
    assert given.single


def test_whoever_took_part_is_asked_whether_to_send_the_result() -> None:
    h = begun(answer_on=date(2027, 4, 8))
    answer_all(h)
    assert h.tap("Envoyer")[2] == "Le résultat sort le jeudi 8 avril."
    h.tap("Oui")
    [wish] = [call.argument for call in h.calls if call.verb is wishes.note]
    assert wish.wanted


def test_everything_can_be_read_again_after_a_correction() -> None:
    h = begun()
    answer_all(h)
    h.tap("Corriger une réponse")
    h.tap("2")
    h.tap("En bus")
    assert h.tap("Tout relire")[2] == "2. Transport : en bus"


def test_an_answer_looked_at_again_may_stay_as_it_is() -> None:
    h = begun()
    before = answer_all(h)[1:]
    h.hear("corriger")
    h.hear("4")
    assert h.tap("Ne rien changer") == before
    h.hear("corriger")
    assert h.tap("Aucune") == before


def test_of_a_long_answer_its_beginning_is_shown_when_it_is_corrected() -> None:
    h = begun()
    answer_all(h)
    h.tap("Corriger une réponse")
    assert h.hear("5")[1] == "Votre réponse était : Les trottoirs sont trop hauts devant la pharmacie."
    h.hear("Les trottoirs sont trop hauts devant la pharmacie, et il n'y a pas un banc avant la place")
    h.tap("Corriger une réponse")
    assert h.hear("5")[1] == "Votre réponse était : Les trottoirs sont trop hauts devant la pharmacie, et il (…)."


def test_a_question_of_several_answers_is_corrected_whole() -> None:
    h = begun()
    answer_all(h)
    h.tap("Corriger une réponse")
    assert h.tap("3") == ["Que venez-vous y faire ?", "Votre réponse était : le marché, voir du monde."]
    assert h.buttons == ["Changer", "Ne rien changer"]
    assert h.tap("Changer")[-1] == "Que venez-vous y faire ? Deux réponses au plus."
    h.tap("Des papiers")
    assert h.tap("C'est tout")[4] == "3. Pour quoi faire : des papiers"
    h.tap("Corriger une réponse")
    h.tap("3")
    assert h.tap("Ne rien changer")[3] == "3. Pour quoi faire : des papiers"


def test_what_was_sent_is_corrected_until_closing() -> None:
    h = begun(answer_on=date(2027, 4, 8))
    answer_all(h)
    h.tap("Envoyer")
    h.tap("Non")
    assert h.hear("corriger")[1] == "1. Venue au centre : tous les jours"
    h.tap("Corriger une réponse")
    h.tap("1")
    h.tap("Moins souvent")
    assert h.tap("Envoyer")[-2] == "C'est noté. Vous ne le recevrez pas."
    assert [given.fields["visits"] for given in sent(h)] == ["daily", "rarely"]
    assert {given.key for given in sent(h)} == {"response"}


def test_questions_follow_the_answers_and_sections_are_said_with_the_next_one() -> None:
    h = english(BRANCHING)
    assert h.begin() == ["Welcome.", "Question 1 of 3", "Do you drive"]
    assert h.hear("yes") == ["Noted: yes.", "Now about parking.", "Question 2 of 2", "Where do you park"]
    assert h.skip() == [
        "That was all.",
        "Here are your answers. They are not sent yet.",
        "1. Driving: yes",
        "2. Where do you park: no answer",
    ]


def test_a_correction_asks_what_it_makes_necessary_and_drops_what_it_does_not() -> None:
    h = english(BRANCHING)
    h.hear("yes")
    h.hear("By the church")
    h.tap("Correct an answer")
    h.hear("1")
    assert h.tap("No") == ["Corrected: no.", "Question 2 of 2", "Do you take the bus"]
    assert "2. Do you take the bus: yes" in h.tap("Yes")
    h.tap("Send")
    (given,) = sent(h)
    assert given.fields == {"drives": "no", "rides": "yes"}
    assert [part.question for part in given.parts] == ["drives", "rides"]


def test_a_correction_that_drops_a_question_shows_everything_again() -> None:
    h = english("- {id: drives, kind: yes_no, text: A}\n- {id: parks, kind: yes_no, text: B, when: {drives: yes}}")
    h.hear("yes")
    h.hear("no")
    h.tap("Correct an answer")
    h.tap("1")
    assert h.tap("No") == ["Corrected: no.", "Here are your answers. They are not sent yet.", "1. A: no"]


def test_those_it_is_not_for_are_told_a_true_number_of_questions() -> None:
    h = english(BRANCHING)
    h = Harness(h.module, "en", consented=False, phase=replace(h.phase, topic={"en": "about trees"}))
    assert h.begin()[1] == "I ask at most 3 questions about trees. It takes about 1 minute."


def test_every_kind_is_asked_answered_and_read_back() -> None:
    h = english(EVERY_KIND)
    for said in SAID:
        lines = h.hear(said) if isinstance(said, str) else h._route(attached=said)
    assert lines[2:] == [
        "1. N1: Ada",
        "2. N2: 36 years",
        "3. N3: Saturday 12 May 1990",
        "4. N4: a walnut",
        "5. N5: shade, somewhere to sit",
        "6. N6: 1. green, 2. blue, 3. red",
        "7. N7: benches: very good, lamps: good",
        "8. N8: benches: 3, lamps: 0",
        "9. N9: by the mill",
        "10. N10: your photo",
        "11. N11: ada@example.org",
        "12. N12: 02 61 91 00 12",
    ]
    h.tap("Send")
    (given,) = sent(h)
    assert given.fields["works"] == {"bench": "very_good", "lamp": "good"}
    assert given.fields["rate"] == {"bench": "3", "lamp": "0"}
    assert given.fields["look"] == {"photo": "file:1"}
    assert given.parts == module_of(h).settings.parts(given.fields)


def test_a_picture_is_described_in_the_language_spoken() -> None:
    h = english(
        '- {id: spot, kind: place, text: A, media: {kind: picture, address: "https://example.org", description: A map}}'
    )
    media = h.messages[-1].media
    assert media is not None
    assert media.description == "A map"


@pytest.mark.parametrize(
    ("refusal", "line"),
    [
        (Closed(), "Your answers could not be sent."),
        (AlreadySent(), "Your answers were sent before. To change them, write “correct”."),
    ],
)
def test_a_refusal_says_what_to_do(refusal: Exception, line: str) -> None:
    def refuse(_given: NewContribution) -> int:
        raise refusal

    h = english("- {id: a, kind: yes_no, text: A}")
    h.verbs = {contributions.put: refuse}
    h.hear("yes")
    lines = h.tap("Send")
    assert lines[0] == line
    assert lines[-1].startswith("To talk to a person: Claire Morel")
    assert h.record.sent_at is None


def test_all_answers_there_are_are_named_where_no_opinion_is_one() -> None:
    both, three = "- {id: a, kind: yes_no, text: A}", "- {id: a, kind: yes_no, no_opinion: true, text: A}"
    assert english(both).hear("peut-être")[0] == "I did not understand. Please answer yes or no."
    h = english(three)
    assert h.hear("peut-être")[0] == "I did not understand. Please answer yes, no or no opinion."
    (text,) = render(h.messages[-1], Capabilities("words", buttons=False), "en").texts
    assert text.endswith("\nSend YES, NO or NO OPINION.")
    h.hear("NO OPINION")
    assert h.answers["a"] == "none"


def test_several_replies_are_each_a_conversation_of_its_own() -> None:
    several = begun(BRANCHING, "en", f"{ENGLISH}replies: several\nquestions:\n")
    assert module_of(several).repeatable
    several.hear("no")
    several.hear("no")
    several.tap("Send")
    assert not sent(several)[0].single


JOURNALS: list[tuple[Mapping[str, Any], tuple[int, int]]] = [
    ({"consent": "yes"}, (0, 6)),
    ({"visits": "daily", "transport": "car", "reasons.1": "market"}, (3, 3)),
    ({"visits": "daily", "transport": "car", "reasons.1": ["market", "people"], "seats": 2, "change": None}, (4, 1)),
]


@pytest.mark.parametrize(("answers", "left"), JOURNALS)
def test_how_many_answers_are_kept_and_questions_left(answers: Mapping[str, Any], left: tuple[int, int]) -> None:
    found = module().left(answers)
    assert (found.kept, found.questions) == left


def test_it_is_in_the_catalog_and_has_results() -> None:
    assert catalog()["questionnaire"] is Questionnaire
    assert isinstance(module(), Reports)
