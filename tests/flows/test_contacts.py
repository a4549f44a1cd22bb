"""Lists of contacts as they come: encodings and separators, what a line has to say, and which are refused whole."""

from __future__ import annotations

import asyncio
import csv
import io
from datetime import UTC, date, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flows import contacts, exporting
from flows.contacts import MOST_BYTES, MOST_LINES, NotAList, Town, read, text_of, weigh
from flows.texts import translate
from storage.contacts import Before, Contact, NewContact
from storage.value import columns

TODAY = date(2027, 5, 10)
FAIR = "formulaire de la fête du 3 mai"
TOWN = Town(TODAY, {"la gare": "gare", "gare": "gare"}, {"benevoles": "benevoles"}, FAIR, "2027-05-03")


def one(line: str, header: str = "Nom;E-mail;Téléphone;Adresse postale;Quartier;Groupes;Étiquettes") -> NewContact:
    [found] = read(f"{header}\n{line}\n", TOWN).good.values()
    return found


def why(line: str, header: str = "nom;email;téléphone;adresse;quartier;groupe", town: Town = TOWN) -> str:
    lines = read(f"{header}\n{line}\n", town)
    assert lines.good == {}
    [refused] = lines.refused
    assert refused.line == 2
    return translate(refused.why, "fr")


def fault(text: str) -> str:
    with pytest.raises(NotAList) as caught:
        read(text, TOWN)
    return translate(caught.value.said, "fr")


def test_a_line_is_read_with_everything_it_says() -> None:
    line = "Jeanne Le  Goff;Jeanne@Montaubry.Example;02 61 91 00 12;3, rue Haute;La Gare;bénévoles;parents|vélo"
    assert one(line) == NewContact(
        "Jeanne Le Goff", FAIR, date(2027, 5, 3), "Jeanne@montaubry.example", "+33261910012", "3, rue Haute", "gare",
        ("benevoles",), ("parents", "vélo"),
    )  # fmt: skip


def test_other_names_of_columns_are_understood_and_unknown_ones_passed_over() -> None:
    header = "PRÉNOM,Nom,Courriel,Mobile,Adresse,Code postal,Ville,Pointure,Source du consentement,Date du consentement"
    found = one(
        'Luc,Morel,,"06 39 98 12 34","3, rue Haute",35000,Montaubry,44,lettre d\'information,12/04/2027', header
    )
    assert (found.name, found.phone, found.street) == ("Luc Morel", "+33639981234", "3, rue Haute, 35000 Montaubry")
    assert (found.source, found.agreed_on) == ("lettre d'information", date(2027, 4, 12))


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252"])
@pytest.mark.parametrize("separator", [";", ",", "\t"])
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_lists_come_as_spreadsheets_write_them(encoding: str, separator: str, newline: str) -> None:
    text = newline.join((separator.join(("Nom", "Téléphone")), separator.join(("Zoé Œuvré", "02 61 91 00 12")), ""))
    lines = read(text_of(text.encode(encoding)), TOWN)
    assert [(found.name, found.phone) for found in lines.good.values()] == [("Zoé Œuvré", "+33261910012")]


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (";a@b.example;;;;", "Le nom manque."),
        ("Luc;;;;;", "Il n’y a rien pour joindre cette personne"),
        ("Luc;a@b;;;;", "une adresse e-mail"),
        ("Luc;;12;;;", "numéro de téléphone"),
        ("Luc;;;rue Haute;Ailleurs;", "Il n’y a pas de quartier nommé Ailleurs"),
        ("Luc;;;rue Haute;;Experts", "Il n’y a pas de groupe nommé Experts"),
        (f"Luc;;;{'x' * 201};;", "Une case est trop longue"),
    ],
)
def test_a_line_that_can_not_be_kept_says_why(line: str, said: str) -> None:
    assert said in why(line)


@pytest.mark.parametrize(
    ("source", "day", "said"),
    [
        ("", "2027-05-03", "où cette personne a accepté"),
        (FAIR, "", "quel jour cette personne"),
        (FAIR, "3 mai", "Il manque l’année"),
        (FAIR, "hier", "Il manque l’année"),
        (FAIR, "2027-13-45", "Écrivez un jour"),
        (FAIR, "11/05/2027", "10"),
    ],
)
def test_a_line_without_where_and_when_they_agreed_is_refused(source: str, day: str, said: str) -> None:
    assert said in why("Luc;a@b.example;;;;", town=Town(TODAY, source=source, agreed_on=day))


@pytest.mark.parametrize(
    "header",
    [
        "Nom;Prénom;Adresse;Bureau de vote",
        "N° d'ordre;Nom;Adresse",
        "numéro d’ordre;nom;adresse",
        "Code du bureau de vote,Nom,Adresse",
        "Nom;Adresse;INE",
        "Liste électorale principale\nNom;Adresse",
        "Nom;Adresse\nLISTE ÉLECTORALE COMPLÉMENTAIRE;",
        "nom;adresse;Identifiant national d'électeur",
    ],
)
def test_an_electoral_roll_is_refused_with_the_reason(header: str) -> None:
    assert "liste électorale" in fault(f"{header}\nMorel;rue Haute;12\n")


@pytest.mark.parametrize("header", ["Nom;Adresse;Machine", "nom;adresse;Origine", "Nom;Adresse;Cuisine;Médecine"])
def test_a_word_that_only_looks_like_that_of_a_roll_is_none(header: str) -> None:
    assert len(read(f"{header}\nMorel;rue Haute;x\n", TOWN).good) == 1


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "Ce fichier est vide."),
        ("\n \n;;\n", "Ce fichier est vide."),
        ("Prénom;Ville\nLuc;Montaubry", "nommer les colonnes"),
        ("Nom;Ville\nLuc;Montaubry", "nommer les colonnes"),
        ('nom;adresse\nLuc;"rue', "La ligne 2 ne peut pas être lue"),
        ('nom;adresse\nZoé;"rue\nHaute"\nLuc;"rue" x', "La ligne 4 ne peut pas être lue"),
        ("nom;adresse\n" + "Luc;rue\n" * (MOST_LINES + 1), "Ce fichier est trop long : 10 000 lignes"),
    ],
)
def test_a_file_that_is_no_list_is_refused_whole(text: str, said: str) -> None:
    found = fault(text).replace("\N{NARROW NO-BREAK SPACE}", " ").replace("\N{NO-BREAK SPACE}", " ")
    assert said in found


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"PK\x03\x04\0\0", "CSV"),
        ("nom;adresse".encode("utf-16"), "CSV"),
        (b"nom;adresse\nLuc;rue\n" * (MOST_BYTES // 20 + 1), "2 Mo au plus"),
    ],
)
def test_a_file_that_is_no_text_or_too_large_is_refused(content: bytes, said: str) -> None:
    with pytest.raises(NotAList) as caught:
        text_of(content)
    assert said in translate(caught.value.said, "fr")


def test_lines_are_numbered_as_an_editor_counts_them() -> None:
    lines = read('\nnom;adresse\nZoé;"rue\nHaute"\n\n;x\nLuc;rue\n', TOWN)
    assert list(lines.good) == [3, 7]
    assert lines.good[3].street == "rue Haute"
    assert [refused.line for refused in lines.refused] == [6]


def test_whoever_agreed_no_more_needs_an_agreement_of_a_later_day() -> None:
    lines = read("nom;email;date de l'accord\nLuc;l@b.example;2027-05-04\nZoé;z@b.example;2027-05-05\n", TOWN)
    before = Before(frozenset(), {found.same: "2027-05-04" for found in lines.good.values()})
    preview = weigh(lines, before)
    assert [found.name for found in preview.new] == ["Zoé"]
    assert "retiré son accord le 04/05/2027" in translate(preview.refused[0].why, "fr")


# -- anything ------------------------------------------------------------------------------------------------------

NAMES = st.sampled_from(("Luc Morel", "Zoé Œuvré", "=cmd()", "-Jo", "Élise", "O'Neill", 'Le "Grand" Jo'))
HEADER = ("Nom", "E-mail", "Téléphone", "Adresse postale", "Étiquettes")
LINES = st.fixed_dictionaries(
    {
        "Nom": NAMES,
        "E-mail": st.sampled_from(("", "", "luc@b.example", "LUC@b.example", "zoe@b.example", "not at all")),
        "Téléphone": st.sampled_from(("", "", "02 61 91 00 12", "+33261910012", "06 39 98 12 34", "call me")),
        "Adresse postale": st.sampled_from(("", "3, rue Haute", "3 RUE haute; bis", "\n4 rue Basse")),
        "Étiquettes": st.sampled_from(("", "vélo", "vélo|parents")),
    }
)


@given(st.lists(LINES, max_size=12), st.sampled_from(";,\t"))
def test_every_line_is_new_there_or_refused_and_read_again_from_our_own_file_all_are_there(
    rows: list[dict[str, str]], separator: str
) -> None:
    file = io.StringIO()
    writer = csv.DictWriter(file, HEADER, delimiter=separator)
    writer.writeheader()
    writer.writerows(rows)
    lines = read(file.getvalue(), TOWN)
    nobody = Before(frozenset())
    preview = weigh(lines, nobody)
    assert len(preview.new) + preview.there + len(preview.refused) == len(rows)
    wrong = [row for row in rows if "not" in row["E-mail"] or "call" in row["Téléphone"] or not any(_reach(row))]
    assert len(preview.refused) == len(wrong)
    assert weigh(lines, Before(frozenset(found.same for found in preview.new))).new == []
    kept = [_kept(found, number) for number, found in enumerate(preview.new, 1)]
    for language in ("fr", "en"):
        again = read(asyncio.run(written(kept, language)), Town(TODAY))
        assert list(again.good.values()) == list(preview.new)
        assert again.refused == []


def _reach(row: dict[str, str]) -> list[str]:
    return [row[name].strip() for name in ("E-mail", "Téléphone", "Adresse postale")]


def _kept(found: NewContact, number: int) -> Contact:
    given: dict[str, Any] = {**columns(found), "agreed_on": found.agreed_on.isoformat()}
    return Contact(1, number, **given, imported_by=1, imported_at=datetime(2027, 5, 10, tzinfo=UTC))


async def written(kept: list[Contact], language: str) -> str:
    """Our own file, as it is downloaded."""
    file = io.BytesIO()
    await exporting.write(contacts.table(kept, language), file, "csv", ";")
    return text_of(file.getvalue())
