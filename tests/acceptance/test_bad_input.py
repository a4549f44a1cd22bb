"""What no honest browser sends, against a real house: always a clear answer or a refusal, never a trace of the program,
never a row half written, and those who only read go on."""

from __future__ import annotations

import json
from pathlib import Path
from urllib.parse import urlencode

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.acceptance.besieged import FORM, MARKS, TOWN, House, is_clear
from tests.bot.command_line import Palabre, palabre

__all__ = ["palabre"]


pytestmark = [pytest.mark.usefixtures("unharmed"), pytest.mark.long]

# -- requests that are none ---------------------------------------------------------------------------------------

RAW = {
    "noise": b"\x00\xff\xfe" * 300,
    "a handshake": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\x00" * 200,
    "another protocol": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "no version": b"GET /\r\n\r\n",
    "an unknown version": b"GET / HTTP/9.9\r\nHost: a\r\n\r\n",
    "no host": b"GET /palabre HTTP/1.1\r\n\r\n",
    "a header without a colon": b"GET / HTTP/1.1\r\nHost a\r\n\r\n",
    "a null in a header": b"GET / HTTP/1.1\r\nHost: a\r\nCookie: a\x00b\r\n\r\n",
    "a folded header": b"GET / HTTP/1.1\r\nHost: a\r\n Cookie: b\r\n\r\n",
    "a header of 200 kB": b"GET / HTTP/1.1\r\nHost: a\r\nCookie: " + b"a" * 200_000 + b"\r\n\r\n",
    "10,000 headers": b"GET / HTTP/1.1\r\nHost: a\r\n" + b"X: y\r\n" * 10_000 + b"\r\n",
    "a negative length": b"POST /c/centre-ville HTTP/1.1\r\nHost: a\r\nContent-Length: -5\r\n\r\nnonce",
    "two lengths": b"POST /c/centre-ville HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nnonce=",
    "a length in other digits": "POST /c/centre-ville HTTP/1.1\r\nHost: a\r\nContent-Length: ٥\r\n\r\nnonce".encode(),
    "a length and chunks": b"POST /c/centre-ville HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n"
    b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /panel HTTP/1.1\r\n\r\n",
    "a broken chunk": b"POST /c/centre-ville HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
    b"zz\r\nabc\r\n0\r\n\r\n",
    "half a body": b"POST /c/centre-ville HTTP/1.1\r\nHost: a\r\nContent-Type: " + FORM.encode() + b"\r\n"
    b"Content-Length: 500\r\n\r\nnonce=abc&begin=yes",
    "half a multipart": b"POST /c/centre-ville HTTP/1.1\r\nHost: a\r\nContent-Type: multipart/form-data; boundary=x\r\n"
    b'Content-Length: 500\r\n\r\n--x\r\nContent-Disposition: form-data; name="nonce"\r\n\r\nab',
    "a path of bytes": b"GET /\xff\xfe\x80 HTTP/1.1\r\nHost: a\r\n\r\n",
    "a path upwards": b"GET /static/../../../etc/passwd HTTP/1.1\r\nHost: a\r\n\r\n",
    "no path": b"GET  HTTP/1.1\r\nHost: a\r\n\r\n",
    "a star": b"OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n",
    "somebody else's address": b"GET http://evil.example/panel HTTP/1.1\r\nHost: evil.example\r\n\r\n",
    "a tunnel": b"CONNECT evil.example:443 HTTP/1.1\r\nHost: evil.example\r\n\r\n",
    "an upgrade": b"GET /c/centre-ville/stream HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n",
}


@pytest.mark.parametrize("request_", RAW.values(), ids=RAW)
def test_what_is_no_request_is_refused_and_leaves_nothing(house: House, request_: bytes) -> None:
    before = house.rows()
    answer = house.send(request_)
    assert not answer.startswith(b"HTTP/1.1 5"), answer
    assert b"Traceback" not in answer
    assert b"root:" not in answer
    assert house.rows() == before


# -- addresses and methods ----------------------------------------------------------------------------------------

PATHS = (
    *("/..", "//", "/./c/centre-ville", "/c/", "/c/..", "/c/%2e%2e", "/c/%2e%2e%2fpanel", "/c/centre-ville/", "/%ff"),
    *("/c/%00", "/c/centre-ville%00", "/c/" + "x" * 5_000, "/c/%F0%9F%98%80", "/c/ %0d%0aSet-Cookie:a=b", "/%E2%80%AE"),
    *("/static/..%2f..%2fpalabre.toml", "/static/%2e%2e/", "/static/palabre.css/", "/static/nothing", "/town/x.css"),
    *("/town/..%2fpalabre.css", "/palabre/%2e%2e/", "/palabre/centre-ville/x", "/p/%00", "/p/'; DROP TABLE codes; --"),
    *(
        "/panel/consultations/-1",
        "/panel/consultations/1.5",
        "/panel/consultations/%EF%BC%91%EF%BC%92",
        "/panel/consultations/0x10",
    ),
    *("/panel/consultations/99999999999999999999/results", "/panel/sign-in?next=//evil.example", "/panel/nothing"),
    *("/c/centre-ville/sent/..%2f..", "/c/centre-ville/sent/" + "f" * 64, "/c/centre-ville/stream?last=-1"),
    *("/files/centre/" + "f" * 64, "/files/centre/..%2f..", "/files/%00/x", "/files/centre/%25%5f", "/files/x/y/z"),
    *("/?language=../../etc", "/palabre?language=%00", "/palabre?language=%ff", "/palabre?language=" + "x" * 9_000),
    *("/readyz/", "/metrics?name[]=x", "/favicon.ico", "/.env", "/.git/config", "/wp-login.php"),
)
METHODS = ("HEAD", "OPTIONS", "PUT", "PATCH", "DELETE", "TRACE", "PROPFIND", "get", "GÉT")
PAGES = ("/", "/palabre", "/c/centre-ville", "/c/centre-ville/return", "/p/centre-ville", "/panel", "/panel/sign-in")


@pytest.mark.parametrize("path", PATHS, ids=lambda path: path[:40])
def test_a_strange_address_is_answered_and_records_nothing(house: House, path: str) -> None:
    before = house.rows()
    with house.client() as client:
        response = client.get(httpx.URL(house.url, raw_path=path.encode()))
        is_clear(response)
        assert "evil.example" not in response.headers.get("location", "")
        assert "set-cookie" not in response.headers
    assert house.rows() == before


@pytest.mark.parametrize("path", PAGES)
def test_a_method_that_is_not_meant_is_refused_and_records_nothing(house: House, path: str) -> None:
    before = house.rows()
    for method in METHODS:
        answer = house.send(f"{method} {path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n".encode())
        status = int(answer.split()[1]) if answer else 400
        allowed = (200, 302, 303) if method == "HEAD" and not path.endswith("/return") else (400, 403, 405)
        assert status in allowed, (method, answer)
    assert house.rows() == before


# -- forms --------------------------------------------------------------------------------------------------------

BODIES = {
    "json": ("application/json", b'{"nonce": "a", "begin": "yes"}'),
    "xml": ("text/xml", b"<!DOCTYPE a [<!ENTITY b SYSTEM 'file:///etc/passwd'>]><a>&b;</a>"),
    "no type": ("", b"nonce=a&begin=yes"),
    "plain": ("text/plain", b"nonce=a&begin=yes"),
    "a type that is none": ("\x7f;;;=", b"nonce=a&begin=yes"),
    "too many fields": (FORM, b"&".join(b"a%d=b" % number for number in range(10_000))),
    "no field": (FORM, b"&&&===&&&"),
    "halves of characters": (FORM, b"nonce=%ed%a0%80&text=%ed%b0%80"),
    "no characters": (FORM, b"nonce=%ff%fe&text=%c0%80"),
    "a null": (FORM, b"nonce=a%00&begin=yes"),
    "12 MB": (FORM, b"nonce=" + b"a" * 12_600_000),
    "no boundary": ("multipart/form-data", b"--x\r\n"),
    "an empty boundary": ("multipart/form-data; boundary=", b"--\r\n"),
    "a boundary of 10 kB": ("multipart/form-data; boundary=" + "x" * 10_000, b"--" + b"x" * 10_000),
    "a file for a text": (
        "multipart/form-data; boundary=x",
        b'--x\r\nContent-Disposition: form-data; name="nonce"; filename="a"\r\n\r\nb\r\n--x--\r\n',
    ),
    "10,000 parts": (
        "multipart/form-data; boundary=x",
        b'--x\r\nContent-Disposition: form-data; name="a"\r\n\r\nb\r\n' * 10_000 + b"--x--\r\n",
    ),
    "10 files": (
        "multipart/form-data; boundary=x",
        b'--x\r\nContent-Disposition: form-data; name="photo"; filename="a"\r\n\r\nb\r\n' * 10 + b"--x--\r\n",
    ),
    "a charset that is none": (
        "multipart/form-data; boundary=x; charset=nonsense",
        b'--x\r\nContent-Disposition: form-data; name="_charset_"\r\n\r\nutf-7\r\n'
        b'--x\r\nContent-Disposition: form-data; name="nonce"\r\n\r\n+AGE-\r\n--x--\r\n',
    ),
}
FORMS = ("/c/centre-ville", "/c/centre-ville/return", "/panel/sign-in", "/panel/password", "/panel/language")


@pytest.mark.parametrize(("kind", "body"), BODIES.values(), ids=BODIES)
def test_a_broken_form_is_refused_and_leaves_nothing(house: House, kind: str, body: bytes) -> None:
    before = house.rows()
    with house.client() as client:
        for path in FORMS:
            response = client.post(path, content=body, headers=[(b"Content-Type", kind.encode())])
            is_clear(response)
            assert response.status_code in (303, 400, 413, 429), path
    after = house.rows()
    tries = ("attempts",)  # a return code or a password that is wrong is a try, and counted as one
    assert {name: rows for name, rows in after.items() if name not in tries} == {
        name: rows for name, rows in before.items() if name not in tries
    }


@settings(max_examples=settings().max_examples, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.sampled_from([FORM, "multipart/form-data; boundary=x", "application/json", "é"]),
    st.binary(max_size=300)
    | st.lists(st.tuples(st.sampled_from(["nonce", "text", "tap", "begin", "last"]), st.text(max_size=40))).map(
        lambda fields: urlencode(fields).encode()
    ),
)
def test_whatever_is_posted_by_a_stranger_is_answered(house: House, kind: str, body: bytes) -> None:
    with house.client() as client:
        is_clear(client.post("/c/centre-ville", content=body, headers=[(b"Content-Type", kind.encode())]))
    assert house.halves() == []


# -- files --------------------------------------------------------------------------------------------------------

HEAD = "consultation: other\nlanguages: [fr]\ntitle: A\ntopic: b\nwhy: c\n"
FILES = {
    "nothing": b"",
    "a picture": b"\x89PNG\r\n\x1a\n" + b"\x00" * 500,
    "another encoding": HEAD.encode("utf-16") + b"\xff",
    "laughs": b"a: &a [x,x]\n" + b"".join(b"%c: &%c [*%c,*%c]\n" % (n, n, n - 1, n - 1) for n in range(98, 122)),
    "depth": b"[" * 200_000,
    "breadth": b"questions: [" + b"{}," * 200_000 + b"]",
    "weight": b"a" * 20_000_000,
    "a call": b"questions: !!python/object/apply:os.system ['exit 3']\n",
    "a merge": HEAD.encode() + b"questions: [{<<: {id: a}}]\n",
    "a key that is a list": b"? [a, b]\n: c\n",
    "unfinished": HEAD.encode() + b'questions: [{id: "a',
    "two documents": HEAD.encode() + b"---\n" + HEAD.encode(),
    "a question of everything": json.dumps(
        {"questions": [{"id": "a" * 50_000, "kind": {"a": [1]}, "when": []}]}
    ).encode(),
    "numbers without end": HEAD.encode() + b"questions: [{id: a, kind: number, text: b, min: 1e999, max: .inf}]\n",
    "a slug upwards": TOWN.replace("centre-ville", "../../etc", 1).encode(),
    "turned words": TOWN.replace("centre-ville", "\u202ecentre", 1).encode(),
}


@pytest.mark.parametrize("content", FILES.values(), ids=FILES)
def test_a_file_that_is_no_questionnaire_is_refused_in_sentences(
    house: House, content: bytes, tmp_path: Path, palabre: Palabre
) -> None:
    (tmp_path / "bad.yaml").write_bytes(content)
    before = house.rows()
    ended = palabre("import", tmp_path / "bad.yaml", "--open", "--database", house.database_url)
    assert ended.code == 2, ended.errors
    assert ended.output == ""
    assert "palabre: nothing was imported:" in ended.errors
    assert not [mark for mark in MARKS if mark in ended.errors], ended.errors
    assert len(ended.errors) < 20_000
    assert house.rows() == before
