"""What people are told of a contribution, short and in their language."""

from flows.moderating import QUOTED, REASONS, answered, hidden, quoted
from flows.run import Tell
from flows.telling import pack_tell, word
from flows.texts import Words
from storage import moderation

CONTACT = {"name": "Claire Morel", "phone": "02 61 91 00 12"}


def said(lines: tuple[object, ...], language: str) -> list[str]:
    return [line.text for line in word(pack_tell(Tell(1, lines)), language).lines]  # type: ignore[arg-type]


def test_every_reason_of_the_list_has_its_words_and_no_other() -> None:
    assert tuple(REASONS) == moderation.REASONS


def test_an_author_reads_what_is_hidden_why_and_what_to_do() -> None:
    assert said(hidden("Un banc,\n  vite", "advert", "Sans la marque.", CONTACT), "fr") == [
        "Votre texte n'est pas montré aux autres : « Un banc, vite »",
        "La raison : C'est une publicité.",
        "Un mot des personnes qui l'ont lu : Sans la marque.",
        "Vous pouvez le corriger jusqu'à la fermeture : écrivez « menu », puis « Ce que j'ai donné ». "
        "Nous le relisons.",
        "Vous n'êtes pas d'accord ? Appelez Claire Morel, 02 61 91 00 12.",
    ]
    assert len(said(hidden("Un banc", "advert", "", {}), "en")) == 3


def test_a_long_text_is_cut_after_a_word() -> None:
    cut = quoted("Des bancs devant la pharmacie, " * 20)
    assert len(cut) <= QUOTED
    assert cut.endswith("…")
    assert quoted("mot" * 100).endswith("…")


def test_an_answer_is_said_in_the_language_of_who_reads_it() -> None:
    lines = answered("Un banc", None, {"fr": "En juin.", "en": "In June."}, Words(fr="la mairie", en="the town hall"))
    assert said(lines, "en") == ["News from the town hall about: “Un banc”", "In June."]
    assert said(lines, "fr") == ["Des nouvelles de la mairie sur : « Un banc »", "En juin."]
