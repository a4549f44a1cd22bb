"""`palabre check` knocks at the address that residents type, and says what is wrong with the way in."""

from __future__ import annotations

import socket
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

import pytest

from bot.checks import Finding, front_door
from bot.checks.knocking import NoAnswer, knock
from bot.config import Settings
from bot.health import ASKED_BY
from tests.tls import Answering, Issuer, serve

NOW = datetime.now(UTC)
DAY = timedelta(days=1)


@pytest.fixture(scope="module")
def issuer(tmp_path_factory: pytest.TempPathFactory) -> Issuer:
    return Issuer(tmp_path_factory.mktemp("issuer"))


@pytest.fixture
def believed(issuer: Issuer, monkeypatch: pytest.MonkeyPatch) -> Issuer:
    """The issuer, whom this process believes."""
    monkeypatch.setenv("SSL_CERT_FILE", str(issuer.certificate))
    return issuer


def saying(status: int, headers: Mapping[str, str]) -> Answering:
    return lambda path: (status, {**headers, "Palabre-Test-Path": path}, b"alive\n")


HOUSE = saying(200, {ASKED_BY: "https"})


def looked(address: str, **settings: object) -> list[Finding]:
    return list(front_door.look(Settings.model_validate({"base_url": address, **settings}), NOW))


def test_a_house_behind_https_is_well(believed: Issuer) -> None:
    with serve(HOUSE, believed.issue(-DAY, 60 * DAY)) as address:
        settings, https, proxy = looked(address)
        answer = knock(f"{address}/under", "/healthz")
    assert (settings.todo, https.todo, proxy.todo) == (None, None, None)
    assert https.found == f"localhost leads here, certificate until {NOW + 60 * DAY:%Y-%m-%d}"
    assert answer.headers["palabre-test-path"] == "/under/healthz"


@pytest.mark.parametrize(
    ("begins", "ends", "name", "found", "todo"),
    [
        (-9 * DAY, -DAY, "DNS:localhost", "its certificate has expired", "ports 80 and 443"),
        (DAY, 9 * DAY, "DNS:localhost", "its certificate is not valid yet", "Is the clock"),
        (-DAY, 9 * DAY, "DNS:elsewhere.example", "its certificate is for another name", "Name it in the web server"),
        (-DAY, 2 * DAY, "DNS:localhost", "the certificate of localhost ends on", "why it gets no new one"),
    ],
)
def test_a_certificate_that_is_wrong_is_told(
    begins: timedelta, ends: timedelta, name: str, found: str, todo: str, believed: Issuer
) -> None:
    with serve(HOUSE, believed.issue(begins, ends, name)) as address:
        https = looked(address)[1]
    assert https.found.startswith(found)
    assert todo in (https.todo or "")


def test_a_certificate_for_another_address_is_told(believed: Issuer) -> None:
    with serve(HOUSE, believed.issue(-DAY, 9 * DAY)) as address:
        assert looked(address.replace("localhost", "127.0.0.1"))[1].found == "its certificate is for another name"


def test_a_certificate_that_nobody_believes_is_told(issuer: Issuer) -> None:
    with serve(HOUSE, issuer.issue(-DAY, 9 * DAY)) as address:
        assert looked(address)[1].found == "its certificate is from nobody that browsers trust"


def test_a_server_that_speaks_no_https_is_told() -> None:
    with serve(HOUSE, None) as address:
        assert looked(address.replace("http:", "https:"))[1].found.endswith("does not speak https")


def test_a_door_that_nobody_opens_is_told() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        https = looked(f"https://localhost:{taken.getsockname()[1]}")[1]
    assert https.found.endswith("does not answer within 5 seconds")
    assert "ports 80 and 443" in (https.todo or "")


def test_a_server_that_says_nothing_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.checks.knocking.PATIENCE", 0.05)
    with socket.create_server(("127.0.0.1", 0)) as silent, pytest.raises(NoAnswer, match="does not answer"):
        knock(f"http://127.0.0.1:{silent.getsockname()[1]}", "/")


def test_a_name_that_is_none_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*_: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    https = looked("https://nobody.invalid")[1]
    assert https.found == "nobody.invalid is no address that the DNS knows"
    assert "A and AAAA records" in (https.todo or "")


@pytest.mark.parametrize(
    ("answering", "found"),
    [
        (saying(502, {}), "localhost answers, but not Palabre behind it (502)"),
        (saying(308, {"Location": "https://elsewhere.example/"}), "localhost sends on to another address"),
        (saying(200, {}), "another program answers at localhost"),
        (saying(404, {}), "another program answers at localhost"),
    ],
)
def test_another_program_behind_the_door_is_told(answering: Answering, found: str, believed: Issuer) -> None:
    with serve(answering, believed.issue(-DAY, 60 * DAY)) as address:
        _, https = looked(address)
    assert https.found == found
    assert https.todo


def test_a_web_server_that_is_not_believed_is_told(believed: Issuer) -> None:
    with serve(saying(200, {ASKED_BY: "http"}), believed.issue(-DAY, 60 * DAY)) as address:
        _, https, proxy = looked(address, trusted_proxies="10.0.0.0/24")
    assert https.todo is None
    assert proxy.found == "not believed; only 10.0.0.0/24 would be"
    assert "set trusted_proxies to its address" in (proxy.todo or "")


@pytest.mark.parametrize(("host", "well"), [("127.0.0.1", True), ("0.0.0.0", False)])
def test_whoever_believes_everybody_listens_to_this_machine_only(host: str, well: bool, believed: Issuer) -> None:
    with serve(HOUSE, believed.issue(-DAY, 60 * DAY)) as address:
        proxy = looked(address, trusted_proxies="*", host=host)[2]
    assert (proxy.todo is None) is well


@pytest.mark.parametrize(
    "settings", [{"host": "0.0.0.0"}, {"base_url": "http://participe.example"}, {"host": "192.0.2.1"}]
)
def test_pages_that_travel_in_clear_are_told(settings: Mapping[str, str]) -> None:
    [finding] = front_door.look(Settings.model_validate(settings), NOW)
    assert "Residents' answers would travel in clear" in (finding.todo or "")


@pytest.mark.parametrize("settings", [{}, {"host": "::1"}, {"base_url": "http://localhost:8000"}])
def test_a_house_for_this_machine_needs_no_https(settings: Mapping[str, str]) -> None:
    assert [finding.todo for finding in front_door.look(Settings.model_validate(settings), NOW)] == [None]


def test_a_webhook_at_an_address_inside_is_told() -> None:
    *_, webhook = looked("https://127.0.0.1:8443", telegram={"webhook": True})
    assert webhook.found == "127.0.0.1 is inside (127.0.0.1)"
    assert "Telegram can't post there" in (webhook.todo or "")


def test_the_port_of_an_address_is_that_of_its_scheme_unless_it_is_named() -> None:
    urls = ("https://a.example", "http://a.example", "https://a.example:8443")
    assert [Settings.model_validate({"base_url": url}).port_outside for url in urls] == [443, 80, 8443]
