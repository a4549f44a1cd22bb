from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flows.answers import Heard, Json, Misread, Reader
from flows.days import Day
from flows.messages import DOCUMENT, Attachment, Place
from flows.texts import Said, Words, translate
from flows.values import EmailAddress, Number, Phone, PhotoAnswer, PlaceAnswer, Scale

KM = Words(fr="km", en="km")
TODAY = date(2027, 3, 6)
EVERY: Sequence[Reader] = (
    Number(),
    Number(0, 100, whole=False, unit=KM),
    Number(most=-5),
    Day(TODAY),
    Day(TODAY, earliest=date(2027, 3, 1), latest=date(2027, 12, 31)),
    Scale(1, 5, low=Words(fr="jamais", en="never"), high=Words(fr="toujours", en="always")),
    Scale(0, 10),
    EmailAddress(),
    Phone(),
    PlaceAnswer(),
    PhotoAnswer(),
    PhotoAnswer(documents=True),
)


def read(reader: Reader, text: str, language: str = "fr") -> Json:
    return reader.read(Heard(text=text, language=language))


def said(text: Said | None, language: str = "fr") -> str:
    assert text is not None
    return translate(text, language)


def refused(reader: Reader, text: str, language: str = "en") -> str:
    with pytest.raises(Misread) as misread:
        read(reader, text)
    return translate(misread.value.reason, language)


@pytest.mark.parametrize(
    ("text", "language", "number"),
    [
        ("12", "fr", 12),
        ("12 km", "fr", 12),
        ("environ 12km.", "fr", 12),
        ("1 200,5", "fr", 1200.5),
        ("1 200", "fr", 1200),
        ("1.200", "fr", 1200),
        ("1,200", "fr", 1.2),
        ("1,200", "en", 1200),
        ("1,200.50", "en", 1200.5),
        ("1.200.000,5", "fr", 1200000.5),
        ("3.5", "fr", 3.5),
        ("-2", "fr", -2),
        ("12,0", "fr", 12),
    ],
)
def test_a_number_is_read_as_the_language_writes_it(text: str, language: str, number: float) -> None:
    assert read(Number(whole=False), text, language) == number


@pytest.mark.parametrize("text", ["", "beaucoup", "entre 3 et 5", "1h30", "12 34", "3/4", "1" * 40, "12,5,3"])
def test_what_is_not_one_number_is_asked_again(text: str) -> None:
    assert refused(Number(), text) == "Please write one number in digits, for example 12."


def test_a_whole_number_may_have_any_mark_of_thousands_and_no_decimals() -> None:
    assert read(Number(), "1,200") == read(Number(), "1.200") == 1200
    assert refused(Number(), "1,5") == "Please write a whole number, without decimals."


def test_a_number_out_of_range_is_told_the_range() -> None:
    assert refused(Number(0, 100), "101") == "Please write a number from 0 to 100."
    assert refused(Number(least=1), "0") == "Please write a number of at least 1."
    assert refused(Number(most=1000), "1001") == "Please write a number of at most 1,000."


def test_the_echo_of_a_number_has_its_unit() -> None:
    assert said(Number(unit=KM).echo(12)) == "12 km"
    assert said(Number(whole=False).echo(3.5)) == "3,5"


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("19/03/2027", "2027-03-19"),
        ("19.3.27", "2027-03-19"),
        ("19-03", "2027-03-19"),
        ("03/19/2027", "2027-03-19"),
        ("2027-03-19", "2027-03-19"),
        ("le 19 mars", "2027-03-19"),
        ("Vendredi 19 mars 2027", "2027-03-19"),
        ("1er août", "2027-08-01"),
        ("March 19", "2027-03-19"),
        ("March 19th, 2027", "2027-03-19"),
        ("the 3rd of Sept", "2027-09-03"),
        ("20 décembre", "2026-12-20"),
        ("12 mai 1957", "1957-05-12"),
        ("12/05/57", "1957-05-12"),
        ("demain", "2027-03-07"),
        ("Aujourd’hui", "2027-03-06"),
        ("yesterday", "2027-03-05"),
        ("29 février 2028", "2028-02-29"),
    ],
)
def test_a_day_is_read_as_people_write_it(text: str, day: str) -> None:
    assert read(Day(TODAY), text) == day


@pytest.mark.parametrize(
    "text", ["", "bientôt", "30 février 2027", "19", "avant le 19 mars", "19 jui", "mars", "1/2/3/4"]
)
def test_what_is_no_day_is_asked_again_with_an_example(text: str) -> None:
    assert refused(Day(TODAY), text) == "Please write a day, for example 06/03/2027."


def test_a_year_left_out_is_the_one_within_the_bounds() -> None:
    assert read(Day(TODAY, earliest=TODAY), "20 décembre") == "2027-12-20"
    assert read(Day(TODAY, earliest=date(2030, 1, 1)), "2 février") == "2030-02-02"


def test_a_day_out_of_bounds_is_told_them() -> None:
    first, last = date(2027, 3, 1), date(2027, 3, 31)
    between = "Please choose a day from Monday 1 March 2027 to Wednesday 31 March 2027."
    assert refused(Day(TODAY, first, last), "1/4/2027") == between
    assert refused(Day(TODAY, latest=last), "1/4/2027") == "Please choose a day until Wednesday 31 March 2027."
    assert refused(Day(TODAY, earliest=first), "1/2/2027") == "Please choose a day from Monday 1 March 2027 on."


def test_the_echo_of_a_day_has_its_name() -> None:
    assert said(Day(TODAY).echo("2027-03-19")) == "vendredi 19 mars 2027"


@given(
    st.dates(date(1900, 1, 1), date(2200, 12, 31)), st.sampled_from(["%d/%m/%Y", "%Y-%m-%d", "%d %B %Y", "%B %d %Y"])
)
def test_a_whole_date_is_read_back_in_every_way_of_writing_it(day: date, pattern: str) -> None:
    assert read(Day(TODAY), day.strftime(pattern)) == day.isoformat()


@pytest.mark.parametrize("text", ["2", "2/5", "2 sur 5", "2 out of 5", "2."])
def test_a_scale_takes_its_numbers(text: str) -> None:
    assert read(Scale(1, 5), text) == 2


def test_a_scale_is_tapped_or_answered_by_the_words_of_its_ends() -> None:
    scale = Scale(0, 10, low=Words(fr="jamais", en="never"), high=Words(fr="toujours", en="always"))
    assert scale.read(Heard(tap="10")) == 10
    assert read(scale, "Toujours") == 10
    assert read(scale, "never") == 0
    assert [translate(end, "en") for end in scale.ends()] == ["0 means never. 10 means always."]
    assert refused(scale, "11") == refused(scale, "2/5") == "Please choose a number from 0 to 10."


def test_the_labels_of_a_scale_are_its_numbers() -> None:
    assert [choice.label for choice in Scale(0, 3).choices()] == ["0", "1", "2", "3"]


def test_an_email_address_is_found_in_a_sentence() -> None:
    assert read(EmailAddress(), "c'est Claire@Example.org, merci") == "Claire@example.org"
    for wrong in ("claire", "claire@", "a@b.fr c@d.fr", "a b@c d.fr"):
        assert "name@example.org" in refused(EmailAddress(), wrong) or wrong == "a b@c d.fr"


@pytest.mark.parametrize(
    "text", ["02 61 91 00 12", "0261910012", "+33 2 61 91 00 12", "(0033) 2-61-91-00-12", "02.61.91.00.12"]
)
def test_a_phone_number_is_kept_in_one_form_and_shown_as_people_write_it(text: str) -> None:
    assert read(Phone(), text) == "+33261910012"
    assert said(Phone().echo("+33261910012")) == "02 61 91 00 12"


def test_a_foreign_number_keeps_its_country() -> None:
    assert said(Phone().echo(read(Phone(), "+32 2 555 12 12"))) == "+32 2 555 12 12"
    assert "whole phone number" in refused(Phone(), "12")


def test_a_place_is_a_point_or_words() -> None:
    assert PlaceAnswer().read(Heard(place=Place(48.8566, 2.3522))) == {"lat": 48.8566, "lon": 2.3522}
    assert read(PlaceAnswer(), "derrière la mairie") == {"text": "derrière la mairie"}
    assert "share a place" in refused(PlaceAnswer(), "")
    with pytest.raises(Misread):
        PlaceAnswer().read(Heard(place=Place(math.nan, 2)))


def test_a_photo_is_kept_by_its_reference() -> None:
    assert PhotoAnswer().read(Heard(attached=Attachment("file:1"))) == {"photo": "file:1"}
    assert refused(PhotoAnswer(), "voilà") == "Please send a photo."


def test_a_document_is_taken_where_it_is_asked_for() -> None:
    photo, plan = Heard(attached=Attachment("file:1")), Heard(attached=Attachment("file:2", DOCUMENT))
    either = PhotoAnswer(documents=True)
    assert [either.read(sent) for sent in (photo, plan)] == [{"photo": "file:1"}, {"document": "file:2"}]
    assert [said(either.echo(either.read(sent)), "en") for sent in (photo, plan)] == ["your photo", "your document"]
    assert refused(either, "voilà") == "Please send a photo or a PDF."
    with pytest.raises(Misread):
        PhotoAnswer().read(plan)


anything = st.text(max_size=60) | st.text("0123456789 .,-/@+'mars", max_size=30)


@pytest.mark.parametrize("reader", EVERY, ids=lambda reader: type(reader).__name__)
@given(text=anything, language=st.sampled_from(["fr", "en"]))
def test_anything_typed_is_an_answer_or_a_misread(reader: Reader, text: str, language: str) -> None:
    for heard in (Heard(text=text, language=language), Heard(tap=text, language=language)):
        try:
            value = reader.read(heard)
        except Misread as misread:
            assert len(translate(misread.reason, language)) <= 240  # noqa: PT017  (both outcomes are right)
        else:
            assert reader.echo(value) is None or said(reader.echo(value), language)


@given(st.integers(-(10**9), 10**9), st.sampled_from(["fr", "en"]))
def test_a_number_is_read_back_from_its_echo(number: int, language: str) -> None:
    echo: Callable[[Json], Said | None] = Number().echo
    assert read(Number(), said(echo(number), language), language) == number
