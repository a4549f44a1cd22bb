"""What residents and those who pose as them send to a real house: texts that hide or turn, forged cookies and buttons.
Always a clear answer or a refusal, and nothing half written."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.acceptance.besieged import House, Resident, command, is_clear

pytestmark = [pytest.mark.usefixtures("unharmed"), pytest.mark.long]

# -- cookies ------------------------------------------------------------------------------------------------------

COOKIES = (
    *("palabre-talk=", "palabre-talk=" + "A" * 43, "palabre-talk=" + "x" * 7_000, "palabre-talk=\xff\xfe", "=;=;;;="),
    *(
        "palabre=",
        "palabre=" + "A" * 43,
        "palabre=' OR 1=1 --",
        "palabre=\xe9; palabre=b",
        "language=../../../etc/passwd",
    ),
    *('palabre-talk="a\\000b"', "palabre-talk=a; palabre-talk=b", "a" * 7_000, "language=" + "e" * 7_000),
)


@pytest.mark.parametrize("cookie", COOKIES, ids=range(len(COOKIES)))
def test_a_forged_cookie_is_nobody_s(house: House, cookie: str) -> None:
    before = house.rows()
    headers = {b"Cookie": cookie.encode("latin-1")}
    with house.client() as client:
        for path in ("/c/centre-ville", "/c/centre-ville/stream", "/panel", "/panel/settings", "/palabre"):
            response = client.get(path, headers=headers)
            is_clear(response)
            assert response.status_code in (200, 204, 303)
            assert "Déconnexion" not in response.text
        form = {"nonce": "n", "text": "bonjour", "last": "1"}
        is_clear(client.post("/c/centre-ville", data=form, headers=headers))
        assert client.post("/panel/language", data={"language": "en"}, headers=headers).status_code == 303
    assert house.rows() == before


# -- what residents send ------------------------------------------------------------------------------------------


@pytest.fixture
def resident(house: House) -> Iterator[Resident]:
    """Somebody who is asked the first question."""
    with house.client() as client:
        resident = Resident(house, client)
        resident.begin()
        yield resident


def until(resident: Resident, question: str) -> None:
    """Answer as people do until this is asked."""
    for text in ("À pied", "Courses, marché", "12", "hier", "Des bancs", "passer", "passer"):
        if question in resident.said():
            return
        resident.send(text=text)
    assert question in resident.said()


TEXTS = {
    "1 MB": "a" * 1_000_000,
    "100,000 characters": "é" * 100_000,
    "turned": "\u202egnp.oduas\u202c \u2066\u2067x\u2069",
    "invisible": "\u200b\u200c\u2060\ufeff\u00ad",
    "visible among invisible": "o\u200bu\u2060i\ufeff",
    "towers": "e" + "\u0301" * 5_000,
    "controls": "a\x01b\x07c\x1b[2Jd\x7fe\x85f",
    "no character": "\uffff\ufdd0\U0010ffff",
    "line ends": "a\r\nb\rc\u2028d\u2029e\x0bf\x0cg",
    "braces": "{answer} {0} {0.__class__} %s %(a)s {{7*7}} ${7*7} {% raw %}",
    "markup": "</textarea><script>alert(1)</script><img src=x onerror=alert(1)>",
    "statements": "'; DROP TABLE answers; -- \\",
    "formulas": "=cmd|' /C calc'!A0",
    "digits of others": "٣",
    "digits that are no number": "፩",
    "a list without end": "1," * 45_000,
    "a number without end": "9" * 4_000,
    "a power": "1e400",
    "a day that is none": "31/02/2027",
    "a year of its own": "1/1/99999",
    "many ats": "@" * 3_000 + ".fr",
    "a long name": "a" * 2_000 + "@" + "b." * 500 + "fr",
    "pluses": "+" * 2_000 + "33",
    "only spaces": " \u3000\u2003\t ",
}
QUESTIONS = (
    *("Comment venez-vous ?", "Pour quoi faire ?", "Combien de minutes ?", "Quand ?", "Votre idée ?", "Une photo ?"),
    *("Votre adresse ?", "Votre numéro ?"),
)


@pytest.mark.parametrize("question", QUESTIONS)
def test_whatever_is_written_is_answered_kept_clean_or_refused(house: House, resident: Resident, question: str) -> None:
    until(resident, question)
    for name, text in TEXTS.items():
        response = resident.send(text=text)
        is_clear(response)
        assert response.status_code in (303, 400, 413), name
        assert "<script>" not in resident.html
        assert "<img src=x" not in resident.html
        assert len(resident.said()) < 600, (name, resident.said())
        assert question in resident.said() or response.status_code == 303, name
        if question not in resident.said():
            resident.send(text="/retour")
        assert question in resident.said(), name
    assert house.halves() == []


def test_what_was_kept_of_it_is_exported_without_harm(house: House, resident: Resident) -> None:
    """Nothing turned, invisible or of control is left in a file that a town hall opens."""
    until(resident, "Votre idée ?")
    resident.send(text="=\u202e1+1\u200b\u0007\uffff fin")
    for _ in range(3):
        resident.send(text="passer")
    resident.send(tap=resident.button("Envoyer"))
    for format in ("csv", "json"):
        ended = command(
            *("export", "centre-ville", "--format", format, "--database", house.database_url), folder=house.folder
        )
        assert (ended.returncode, ended.stderr) == (0, "")
        assert not {"\u202e", "\u200b", "\x07", "\uffff"} & set(ended.stdout)
        assert ('"=1+1 fin"' if format == "json" else "'=1+1 fin") in ended.stdout


def test_a_button_of_somebody_else_s_talk_changes_nothing_of_either(house: House, resident: Resident) -> None:
    with house.client() as client:
        other = Resident(house, client)
        other.begin()
        before = house.rows()
        for tap in resident.buttons():
            is_clear(other.send(tap=tap))
            assert "Ce bouton est trop ancien." in other.html
            assert "Comment venez-vous ?" in other.said()
        resident.open()
        assert "Noté" not in resident.html
        after = house.rows()
    assert after["inbox"] - before["inbox"] == len(resident.buttons())
    assert {name for name in after if after[name] != before[name]} == {"inbox", "deliveries"}


TAPS = (
    *("AAAAAAAAAAA:visits:foot", "__________8:visits:foot", "gAAAAAAAAAA:visits:foot", "-1:visits:foot", "1:2:3"),
    *("{id}:visits:-1", "{id}:visits:99999999999999999999", "{id}:nothing:foot", "{id}::", "{id}:uses.-1:shop"),
    *(
        "{id}:uses.1:shop",
        "{id}:recap:send",
        "{id}:consent:no",
        "{id}:visits:-keep",
        "{id}:visits:\u202e",
        "{id}:idea:x",
    ),
    *(
        "!",
        "!!",
        "!nothing",
        "!stop",
        "!delete",
        "!\u202e",
        ":::::",
        "é" * 60,
        "{id}:agree:yes",
        "{id}:visits:foot:foot",
    ),
)


@pytest.mark.parametrize("tap", TAPS)
def test_a_forged_button_is_answered_and_answers_nothing(house: House, resident: Resident, tap: str) -> None:
    id = resident.buttons()[0].split(":")[0]
    is_clear(resident.send(tap=tap.replace("{id}", id)))
    assert "Noté" not in resident.html
    if tap not in ("!stop", "!delete", "{id}:consent:no"):
        resident.send(text="À pied")
        assert "Noté : à pied." in resident.html.replace("\N{NO-BREAK SPACE}", " ")
    assert house.halves() == []


@settings(
    max_examples=settings().max_examples,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    tap=st.text(max_size=64) | st.tuples(st.text(max_size=20), st.text(max_size=20)).map(lambda two: ":".join(two)),
    last=st.sampled_from(["", "-1", "0", str(2**63), "9" * 19, "x"]) | st.text(max_size=20),
    text=st.text(max_size=50),
    own=st.booleans(),
)
def test_whatever_the_fields_hold_the_talk_goes_on(
    house: House, resident: Resident, tap: str, last: str, text: str, *, own: bool
) -> None:
    """A value below the talk's own id and another's alike."""
    resident.open()
    mine = resident.buttons()
    forged = f"{mine[0].split(':')[0]}:{tap}"[:64] if own and mine else tap
    try:
        is_clear(resident.send(tap=forged, last=last, text=text))
    except UnicodeEncodeError:
        return  # half a character: no client can send it so
    assert house.complaints() == []
