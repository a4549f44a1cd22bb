"""The stub misbehaves as the daemon does."""

from __future__ import annotations

import asyncio
import json

import httpx
import pytest

from tests.signal_daemon import Account, Platform, Resident, faults
from tests.signal_daemon.conftest import Client


async def test_mail_waits_until_somebody_listens(client: Client, account: Account, anna: Resident) -> None:
    anna.says("Un")
    anna.says("Deux")
    assert len(account.mail.waiting) == 2
    async with client.listens() as heard:
        assert [(await heard.get())["dataMessage"]["message"] for _ in range(2)] == ["Un", "Deux"]
    assert not account.mail.lost


async def test_the_first_two_after_the_death_of_a_client_are_lost(
    client: Client, platform: Platform, account: Account, anna: Resident
) -> None:
    """Nobody acknowledges: the daemon notices a dead client by writing to it."""
    async with client.listens():
        pass
    await platform.until(lambda: account.mail.streams[0].dead)
    lost = [anna.says("Un").timestamp, anna.says("Deux").timestamp]
    anna.says("Trois")
    await platform.until(lambda: not account.mail.listened)
    async with client.listens() as heard:
        assert (await heard.get())["dataMessage"]["message"] == "Trois"
    assert account.mail.lost == {(anna.person.aci, timestamp) for timestamp in lost}


async def test_a_dead_client_is_noticed_by_comments_too(
    client: Client, platform: Platform, account: Account, anna: Resident
) -> None:
    async with client.listens():
        pass
    await platform.until(lambda: account.mail.streams[0].dead)
    for _ in range(2):
        await account.mail.streams[0].put(b":\n")
    anna.says("Un")
    async with client.listens() as heard:
        assert (await heard.get())["dataMessage"]["message"] == "Un"
    assert not account.mail.lost


async def test_old_and_new_stream_both_hear_everything(client: Client, anna: Resident) -> None:
    async with client.listens() as old, client.listens() as new:
        anna.says("Un")
        assert await old.get() == await new.get()


async def test_the_headers_of_a_stream_wait_for_the_first_event(
    client: Client, platform: Platform, anna: Resident
) -> None:
    """As in 0.13.19; 0.14 sends them at once."""
    with pytest.raises(httpx.ReadTimeout):
        async with client.http.stream("GET", f"{client.url}/api/v1/events", timeout=0.2):
            pass
    platform.flushes = True
    async with client.http.stream("GET", f"{client.url}/api/v1/events", timeout=5) as stream:
        assert stream.headers["content-type"] == "text/event-stream"


async def test_senders_repeat_under_the_same_timestamp(client: Client, account: Account, anna: Resident) -> None:
    account.mail.again = 1.0
    anna.says("Un")
    account.mail.again = 0.0
    anna.says("Deux")
    anna.repeats()
    async with client.listens() as heard:
        texts = [(await heard.get())["dataMessage"]["message"] for _ in range(4)]
    assert texts == ["Un", "Un", "Deux", "Deux"]


async def test_people_overtake_one_another_but_not_themselves(
    client: Client, platform: Platform, account: Account
) -> None:
    account.mail.mixed = True
    people = [platform.resident(account, name) for name in ("Anna", "Bert", "Cleo")]
    for number in range(10):
        for person in people:
            person.says(f"{person.person.name} {number}")
    async with client.listens() as heard:
        texts = [(await heard.get())["dataMessage"]["message"] for _ in range(30)]
    assert texts != sorted(texts, key=lambda text: int(text.split()[1]))
    for name in ("Anna", "Bert", "Cleo"):
        assert [text for text in texts if text.startswith(name)] == [f"{name} {number}" for number in range(10)]


FAILURES = [
    (faults.unregistered(), -1, "UNREGISTERED_FAILURE"),
    (faults.network(), -1, "NETWORK_FAILURE"),
    (faults.prekey(), -1, "INVALID_PRE_KEY_FAILURE"),
    (faults.untrusted(), -4, "IDENTITY_FAILURE"),
    (faults.rate(), -5, "RATE_LIMIT_FAILURE"),
]


@pytest.mark.parametrize(("fault", "code", "type"), FAILURES)
async def test_the_data_of_an_error_says_what_became_of_each_recipient(
    client: Client, platform: Platform, anna: Resident, fault: faults.Fault, code: int, type: str
) -> None:
    anna.says("Bonjour")
    platform.faults.script(fault)
    error = await client.refused("send", recipient=[anna.person.aci], message="Bonjour")
    assert error["code"] == code
    [result] = error["data"]["response"]["results"]
    assert (result["type"], result["recipientAddress"]["uuid"]) == (type, anna.person.aci)
    assert anna.heard == []


async def test_rate_limits_come_in_three_forms(client: Client, platform: Platform, anna: Resident) -> None:
    anna.says("Bonjour")
    for fault in (faults.rate(30), faults.captcha("token", 60), faults.rate_in_words()):
        platform.faults.script(fault)
    first, second, third = [
        await client.refused("send", recipient=[anna.person.aci], message="Bonjour") for _ in range(3)
    ]
    assert first["data"]["response"]["results"][0]["retryAfterSeconds"] == 30
    assert second["data"]["response"]["results"][0]["token"] == "token"
    assert (third["code"], third["data"]) == (-32603, None)
    assert "RateLimitException" in third["message"]


async def test_a_captcha_is_wanted_until_the_challenge_is_answered(
    client: Client, platform: Platform, account: Account, anna: Resident
) -> None:
    anna.says("Bonjour")
    token = platform.wants_captcha(account)
    error = await client.refused("send", recipient=[anna.person.aci], message="Bonjour")
    assert error["data"]["response"]["results"][0]["token"] == token
    for version, code in (("0.13.19", -1), ("0.14.1", -6)):
        platform.version = version
        error = await client.refused("submitRateLimitChallenge", challenge=token, captcha="wrong")
        assert (error["code"], error["message"][:16]) == (code, "Captcha rejected")
    assert await client.call("submitRateLimitChallenge", challenge=token, captcha="signalcaptcha://x") == {}
    await client.call("send", recipient=[anna.person.aci], message="Bonjour")
    assert anna.heard == ["Bonjour"]


async def test_who_has_left_signal_can_not_be_reached(client: Client, anna: Resident) -> None:
    anna.says("Bonjour")
    anna.leaves_signal()
    error = await client.refused("send", recipient=[anna.person.aci], message="Bonjour")
    assert error["data"]["response"]["results"][0]["type"] == "UNREGISTERED_FAILURE"


async def test_who_has_blocked_us_hears_nothing_and_we_do_not_know(client: Client, anna: Resident) -> None:
    anna.says("Bonjour")
    anna.blocks()
    await client.call("send", recipient=[anna.person.aci], message="Bonjour")
    assert anna.heard == []


async def test_a_lost_registration_closes_the_account(client: Client, platform: Platform, account: Account) -> None:
    platform.loses(account)
    error = await client.refused("getUserStatus", recipient=[account.number])
    assert (error["code"], error["message"]) == (-32602, "Specified account does not exist")
    assert await client.call("listAccounts") == []
    events = await client.http.get(f"{client.url}/api/v1/events", params={"account": account.number})
    assert events.status_code == 400


async def test_connections_are_cut_before_and_after_a_send(client: Client, platform: Platform, anna: Resident) -> None:
    anna.says("Bonjour")
    for fault, text in ((faults.cut_before(), "Un"), (faults.cut_after(), "Deux")):
        platform.faults.script(fault)
        with pytest.raises(httpx.HTTPError):
            await client.call("send", recipient=[anna.person.aci], message=text)
    assert anna.heard == ["Deux"]


async def test_errors_of_http_and_broken_answers(client: Client, platform: Platform, anna: Resident) -> None:
    anna.says("Bonjour")
    platform.faults.script(faults.broken(502))
    platform.faults.script(faults.garbled())
    request = {"jsonrpc": "2.0", "method": "send", "id": 1, "params": {"recipient": anna.person.aci, "message": "Un"}}
    first, second = [await client.http.post(f"{client.url}/api/v1/rpc", json=request) for _ in range(2)]
    assert (first.status_code, second.status_code) == (502, 200)
    with pytest.raises(json.JSONDecodeError):
        second.json()
    assert anna.heard == ["Un"]


async def test_two_sends_at_once_are_noted(client: Client, platform: Platform, anna: Resident) -> None:
    anna.says("Bonjour")
    platform.takes = 0.1
    sends = [client.call("send", recipient=[anna.person.aci], message=text) for text in ("Un", "Deux")]
    await asyncio.gather(*sends)
    assert [violation.rule for violation in platform.violations] == ["two at once"]


async def test_while_the_daemon_restarts_nobody_answers_and_mail_waits(
    client: Client, platform: Platform, account: Account, anna: Resident
) -> None:
    async with client.listens() as heard:
        anna.says("Un")
        await heard.get()
        platform.down = True
        platform.cut_streams()
        anna.says("Deux")
        with pytest.raises(httpx.HTTPError):
            await client.http.get(f"{client.url}/api/v1/check")
    platform.down = False
    async with client.listens() as heard:
        assert (await heard.get())["dataMessage"]["message"] == "Deux"
    assert not account.mail.lost
