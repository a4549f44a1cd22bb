"""The channel over a daemon that behaves as signal-cli does: what is heard is kept once and in order, what is sent
leaves one by one, and what goes wrong is one of the failures that every channel has."""

from __future__ import annotations

import asyncio
import io
from dataclasses import replace
from datetime import timedelta
from functools import partial

import pytest
from PIL import Image

from bot.channels import Refused, TryLater, Uncertain, Unreachable
from flows.messages import Line, Media, Message
from storage import accounts
from storage.accounts import CAPTCHA, LIMITED, UNREGISTERED
from storage.files import File
from tests.signal.conftest import Bench
from tests.signal_daemon import faults
from tests.signal_daemon.faults import Fault

# -- in ----------------------------------------------------------------------------------------------------------


async def test_the_number_is_an_account_of_its_town_under_the_name_signal_gives_it(bench: Bench) -> None:
    await bench.start()
    account = await bench.until_noted(None)
    assert (account.channel, account.account, account.name) == ("signal", bench.account.aci, bench.account.number)
    assert account.title == "Montaubry"


async def test_what_people_write_is_kept_in_its_order(bench: Bench) -> None:
    await bench.start()
    for number in range(50):
        bench.anna.says(str(number))
    await bench.until(lambda: len(bench.kept) == 50)
    assert bench.texts() == [str(number) for number in range(50)]
    assert {(one.account, one.sender) for one in bench.kept} == {(bench.account.aci, bench.anna.person.aci)}


async def test_what_was_written_while_nobody_listened_comes_later(bench: Bench) -> None:
    bench.anna.says("Bonjour")
    await bench.start()
    await bench.until(lambda: bench.texts() == ["Bonjour"])


async def test_what_can_not_be_kept_is_held_and_kept_later(bench: Bench) -> None:
    await bench.start()
    bench.full = True
    bench.anna.says("un")
    await asyncio.wait_for(bench.tried.wait(), 10)
    bench.anna.says("deux")
    bench.full = False
    await bench.until(lambda: len(bench.kept) == 2)
    assert bench.texts() == ["un", "deux"]


async def test_what_is_held_is_kept_before_the_house_closes(bench: Bench) -> None:
    await bench.start()
    bench.full = True
    bench.anna.says("un")
    await asyncio.wait_for(bench.tried.wait(), 10)
    closing = asyncio.create_task(bench.stop())
    await asyncio.sleep(0)
    bench.full = False
    await closing
    assert bench.texts() == ["un"]


async def test_after_the_daemon_was_restarted_all_that_came_meanwhile_is_heard(bench: Bench) -> None:
    await bench.start()
    bench.anna.says("un")
    await bench.until(lambda: len(bench.kept) == 1)
    restarting = asyncio.create_task(bench.platform.restart(0.3))
    bench.anna.says("deux")
    await restarting
    await bench.until(lambda: len(bench.kept) == 2)
    assert bench.texts() == ["un", "deux"]
    assert len(bench.account.mail.listened) == 1


async def test_there_is_one_stream_however_often_it_is_cut(bench: Bench) -> None:
    await bench.start()
    for number in ("0", "1", "2"):
        bench.platform.cut_streams()
        bench.anna.says(number)
        await bench.until(partial(bench.has, number))
        assert len(bench.account.mail.listened) == 1
    assert bench.texts() == ["0", "1", "2"]


async def test_a_photo_is_fetched_once_its_message_is_kept(bench: Bench) -> None:
    drawn = io.BytesIO()
    Image.new("RGB", (20, 10), "green").save(drawn, "JPEG")
    await bench.start()
    bench.anna.sends_photo(drawn.getvalue(), "Le banc")
    await bench.until(lambda: bench.kept)
    [one] = bench.kept
    assert one.attached is not None
    _channel, account, name = one.attached.reference.split(":", 2)
    assert await bench.signal._download(account, name, 10_000) == drawn.getvalue()
    with pytest.raises(Refused):
        await bench.signal._download(account, name, 10)
    with pytest.raises(Refused):
        await bench.signal._download(account, "none", 10_000)


# -- out ---------------------------------------------------------------------------------------------------------


async def talking(bench: Bench) -> None:
    """Anna has written, so that she may be written to."""
    await bench.start()
    bench.anna.says("Bonjour")
    await bench.until(lambda: bench.kept)


async def test_what_is_sent_is_heard_and_named_by_its_timestamp(bench: Bench) -> None:
    await talking(bench)
    external = await bench.signal.send(bench.outgoing("Merci."))
    assert bench.anna.heard == ["Merci."]
    assert external == str(bench.anna.newest.timestamp)


async def test_messages_leave_one_after_the_other_to_one_person_each(bench: Bench) -> None:
    await talking(bench)
    bench.platform.takes = 0.02
    await asyncio.gather(*(bench.signal.send(bench.outgoing(str(n), str(n))) for n in range(8)))
    assert sorted(bench.anna.heard) == [str(n) for n in range(8)]
    assert bench.platform.violations == []


async def test_a_picture_goes_along_as_its_bytes(bench: Bench) -> None:
    await talking(bench)

    async def file() -> File:
        return File(b"\xff\xd8\xff", "image/jpeg")

    shown = Message((Line("Regardez."),), (), Media("picture", f"file:{'a' * 64}", "La place."))
    await bench.signal.send(replace(bench.outgoing(), message=shown, file=file))
    assert bench.anna.newest.text == "Regardez.\nLa place."
    assert [(one.content, one.kind) for one in bench.anna.newest.files] == [(b"\xff\xd8\xff", "image/jpeg")]


async def test_what_was_sent_in_part_goes_on_where_it_stopped(bench: Bench) -> None:
    await talking(bench)
    bench.platform.faults.script(faults.rate(1), "send", after=1)
    long = bench.outgoing("a" * 1_999 + "\n" + "b" * 1_999)
    with pytest.raises(TryLater):
        await bench.signal.send(long)
    await asyncio.sleep(1.1)
    await bench.signal.send(long)
    assert [text[0] for text in bench.anna.heard] == ["a", "b"]


async def test_what_was_sent_is_taken_back(bench: Bench) -> None:
    await talking(bench)
    external = await bench.signal.send(bench.outgoing())
    assert external is not None
    await bench.signal.take_back(bench.account.aci, bench.anna.person.aci, external)
    assert bench.anna.heard == []


FAILURES: list[tuple[Fault, type[Exception], bool]] = [
    (faults.rate(30), TryLater, True),
    (faults.rate(), TryLater, True),
    (faults.rate_in_words(), TryLater, True),
    (faults.captcha(), TryLater, True),
    (faults.offline(), TryLater, True),
    (faults.unauthorized(), TryLater, True),
    (faults.prekey(), TryLater, False),
    (faults.unregistered(), Unreachable, False),
    (faults.untrusted(), Refused, False),
    (faults.network(), Uncertain, False),
    (faults.internal(), Uncertain, False),
    (faults.cut_before(), Uncertain, False),
    (faults.cut_after(), Uncertain, False),
    (faults.garbled(), Uncertain, False),
    (faults.broken(), Uncertain, False),
    (faults.broken(404), TryLater, True),
]


@pytest.mark.parametrize(("fault", "failure", "all_of_them"), FAILURES, ids=[one[0].name for one in FAILURES])
async def test_what_goes_wrong_is_one_of_the_failures_of_the_contract(
    bench: Bench, fault: Fault, failure: type[Exception], all_of_them: bool
) -> None:
    await talking(bench)
    bench.platform.faults.script(fault, "send")
    with pytest.raises(failure) as raised:
        await bench.signal.send(bench.outgoing())
    assert getattr(raised.value, "all_of_them", False) is all_of_them
    assert len(bench.platform.made("send")) == 1, "never repeated by itself"


async def test_nothing_leaves_while_the_platform_asks_to_wait(bench: Bench) -> None:
    await talking(bench)
    bench.platform.faults.script(faults.rate(30), "send")
    for key in ("1", "2", "3"):
        with pytest.raises(TryLater) as raised:
            await bench.signal.send(bench.outgoing(key=key))
        assert timedelta(seconds=29) < raised.value.after <= timedelta(seconds=30)
    assert len(bench.platform.made("send")) == 1


async def test_while_nobody_knows_whose_a_number_is_what_waits_waits_on(bench: Bench) -> None:
    with pytest.raises(TryLater):
        await bench.signal.send(bench.outgoing())


async def test_after_a_restart_answers_leave_before_the_daemon_has_said_who_we_are(bench: Bench) -> None:
    await talking(bench)
    await bench.stop()
    await bench.signal.look()
    await bench.signal.send(bench.outgoing())
    assert bench.anna.heard == ["Merci."]


# -- how it is doing ---------------------------------------------------------------------------------------------


async def test_a_rate_limit_is_noted_until_something_leaves_again(bench: Bench) -> None:
    await talking(bench)
    bench.platform.faults.script(faults.rate(1), "send")
    with pytest.raises(TryLater):
        await bench.signal.send(bench.outgoing())
    await bench.until_noted(LIMITED)
    await asyncio.sleep(1.1)
    await bench.signal.send(bench.outgoing())
    await bench.until_noted(None)


async def test_a_captcha_is_noted_and_its_challenge_stands_in_the_log(
    bench: Bench, capsys: pytest.CaptureFixture[str]
) -> None:
    await talking(bench)
    challenge = bench.platform.wants_captcha(bench.account)
    with pytest.raises(TryLater) as raised:
        await bench.signal.send(bench.outgoing())
    await bench.until_noted(CAPTCHA)
    assert raised.value.after <= timedelta(minutes=15), "somebody may solve it meanwhile"
    logged = capsys.readouterr().out
    assert challenge in logged
    assert bench.anna.person.aci not in logged


async def test_a_number_that_signal_has_closed_is_noted(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.signal.number.LOOK_AGAIN", 0.05)
    await bench.start()
    await bench.until_noted(None)
    bench.platform.loses(bench.account)
    await bench.until_noted(UNREGISTERED)


async def test_a_number_that_belongs_to_another_town_is_not_served(bench: Bench) -> None:
    async with bench.database.write() as connection:
        now, (name, aci) = bench.signal.clock(), (bench.account.number, bench.account.aci)
        await accounts.put(connection, 12345, "signal", aci, name=name, title="", token=None, now=now)
    bench.running = asyncio.create_task(bench.signal.run(bench.receive))
    await bench.until(lambda: bench.platform.made("listIdentities"))
    await asyncio.sleep(0.1)
    assert bench.account.mail.listened == []


async def test_neither_texts_nor_people_stand_in_the_log(bench: Bench, capsys: pytest.CaptureFixture[str]) -> None:
    await talking(bench)
    bench.anna.says("zaubernuss")
    await bench.until(lambda: len(bench.kept) == 2)
    for fault in (faults.unregistered(), faults.internal(), faults.rate()):
        bench.platform.faults.script(fault, "send")
        with pytest.raises((TryLater, Unreachable, Uncertain)):
            await bench.signal.send(bench.outgoing("zaubernuss"))
    bench.platform.cut_streams()
    await bench.until(lambda: bench.account.mail.listened)
    logged = capsys.readouterr().out
    assert "zaubernuss" not in logged
    assert bench.anna.person.aci not in logged
