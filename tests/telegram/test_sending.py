"""A message leaves in as many calls as it takes, each made once; and what goes wrong is told as every channel does."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from bot.channels import Moved, Outgoing, Refused, TryLater, Uncertain, Unreachable
from bot.channels.telegram import Telegram
from bot.parts import MOST_BEGUN
from bot.telegram.api import (
    ApiError,
    Away,
    Call,
    NoAnswer,
    Shut,
    TooFast,
    Upload,
    UsedElsewhere,
    Wrong,
    WrongKey,
)
from bot.telegram.api import Moved as MovedTo
from bot.telegram.hearing import Courtesies
from bot.telegram.sending import Sending
from flows.messages import Button, Line, Media, Message
from storage.files import File, reference_of
from tests.telegram.fakes import ACCOUNT, Scripted

PICTURE = File(b"a picture", "image/jpeg")
MEDIA = Media("picture", reference_of(PICTURE.content), "The square today.")
LONG = Message((Line("x" * 4000), Line("y" * 4000), Line("Well?", "ask")), (Button("Yes", "1:a:yes"),))
WRONG = Wrong("Bad Request: wrong file identifier/HTTP URL specified")


class Platform:
    """Makes calls as the test says: `trouble` is raised one by one before (None: the call goes well)."""

    def __init__(self, *trouble: Exception | None) -> None:
        self.trouble = list(trouble)
        self.sent: list[Call] = []

    async def make(self, call: Call) -> Any:
        if self.trouble and (error := self.trouble.pop(0)) is not None:
            raise error
        self.sent.append(call)
        number = {"message_id": 100 + len(self.sent)}
        return (
            {**number, "photo": [{"file_id": "small"}, {"file_id": "large"}]} if "photo" in call.parameters else number
        )

    @property
    def texts(self) -> list[str]:
        return [str(call.parameters.get("text", call.parameters.get("caption"))) for call in self.sent]

    @property
    def photos(self) -> list[Any]:
        return [call.parameters["photo"] for call in self.sent if "photo" in call.parameters]


def outgoing(message: Message, key: str = "1", account: str = ACCOUNT) -> Outgoing:
    async def file() -> File | None:
        return PICTURE if message.media is not None and message.media.ours else None

    return Outgoing(key, account, "11", "en", message, file)


async def test_the_id_of_a_message_is_that_of_its_last_part_which_has_the_buttons() -> None:
    platform = Platform()
    assert await Sending().send(platform.make, outgoing(LONG)) == "102"
    assert ["reply_markup" in call.parameters for call in platform.sent] == [False, True]
    assert {call.parameters["chat_id"] for call in platform.sent} == {"11"}


async def test_an_empty_message_is_not_sent() -> None:
    platform = Platform()
    assert await Sending().send(platform.make, outgoing(Message(()))) is None
    assert platform.sent == []


@pytest.mark.parametrize("trouble", [NoAnswer(), Away("502"), TooFast("Too Many Requests", timedelta(seconds=1))])
async def test_what_was_sent_of_a_message_is_not_sent_again(trouble: Exception) -> None:
    platform, sending = Platform(None, trouble), Sending()
    with pytest.raises(type(trouble)):
        await sending.send(platform.make, outgoing(LONG))
    assert await sending.send(platform.make, outgoing(LONG)) == "102"
    assert len(platform.sent) == 2
    assert platform.texts[0] != platform.texts[1]
    await sending.send(platform.make, outgoing(LONG))
    assert len(platform.sent) == 4  # it is done: this is another time


async def test_before_each_part_but_the_first_it_waits_until_one_more_may_leave() -> None:
    platform, waited = Platform(), list[int]()

    async def another() -> None:
        waited.append(len(platform.sent))

    await Sending().send(platform.make, replace(outgoing(LONG), another=another))
    assert waited == [1]


async def test_what_may_not_leave_soon_is_left_for_another_time() -> None:
    platform, sending = Platform(), Sending()

    async def not_soon() -> None:
        raise TryLater(timedelta(minutes=1))

    with pytest.raises(TryLater):
        await sending.send(platform.make, replace(outgoing(LONG), another=not_soon))
    assert await sending.send(platform.make, replace(outgoing(LONG), another=not_soon)) == "102"
    assert len(platform.sent) == 2


async def test_what_failed_at_its_first_part_begins_anew() -> None:
    platform, sending = Platform(NoAnswer()), Sending()
    with pytest.raises(NoAnswer):
        await sending.send(platform.make, outgoing(LONG))
    await sending.send(platform.make, outgoing(LONG))
    assert len(platform.sent) == 2


async def test_only_so_many_messages_are_remembered_half_sent() -> None:
    platform, sending = Platform(*[None, NoAnswer()] * (MOST_BEGUN + 1)), Sending()
    for number in range(MOST_BEGUN + 1):
        with pytest.raises(NoAnswer):
            await sending.send(platform.make, outgoing(LONG, key=str(number)))
    assert len(sending._parts._left) == MOST_BEGUN
    assert "0" not in sending._parts._left


async def test_a_picture_travels_once_to_each_bot() -> None:
    platform, sending = Platform(), Sending()
    message = Message((Line("A bench?", "ask"),), media=MEDIA)
    for account in (ACCOUNT, ACCOUNT, "2", ACCOUNT):
        await sending.send(platform.make, outgoing(message, account=account))
    upload = Upload("photo.jpg", PICTURE.content, "image/jpeg")
    assert platform.photos == [upload, "large", upload, "large"]


async def test_a_picture_that_a_moderator_may_hide_is_looked_up_each_time() -> None:
    platform, sending = Platform(), Sending()
    given = Media("picture", "given:1/files/2", "The photo sent with this idea.")
    sent = outgoing(Message((Line("A bench?", "ask"),), media=given))
    for _time in range(2):
        await sending.send(platform.make, sent)
    assert [isinstance(photo, Upload) for photo in platform.photos] == [True, True]

    async def hidden() -> None:
        return None

    await sending.send(platform.make, replace(sent, file=hidden))
    assert len(platform.photos) == 2
    assert "The photo sent with this idea." in platform.texts[-1]
    assert "given:" not in platform.texts[-1]


async def test_a_picture_whose_name_the_platform_has_forgotten_travels_again() -> None:
    platform, sending = Platform(None, WRONG), Sending()
    message = Message((Line("A bench?", "ask"),), media=MEDIA)
    for _time in range(2):
        await sending.send(platform.make, outgoing(message))
    assert [isinstance(photo, Upload) for photo in platform.photos] == [True, True]


async def test_a_picture_the_platform_can_not_fetch_or_show_is_told() -> None:
    elsewhere = Media("picture", "https://town.example/square.jpg", "The square today.")
    for media in (elsewhere, MEDIA):
        platform = Platform(WRONG)
        await Sending().send(platform.make, outgoing(Message((Line("A bench?", "ask"),), media=media)))
        assert platform.photos == []
        assert "The square today." in platform.texts[0]
        assert ("https://town.example/square.jpg" in platform.texts[0]) is (media is elsewhere)


async def test_what_the_platform_refuses_twice_is_refused() -> None:
    platform = Platform(WRONG, WRONG)
    with pytest.raises(Wrong):
        await Sending().send(platform.make, outgoing(Message((Line("A bench?", "ask"),), media=MEDIA)))
    assert platform.sent == []


async def test_words_below_a_picture_that_are_refused_do_not_bring_it_twice() -> None:
    platform = Platform(None, WRONG)
    with pytest.raises(Wrong):
        await Sending().send(platform.make, outgoing(Message((Line("z" * 2000),), media=MEDIA)))
    assert len(platform.photos) == 1


# -- failures ----------------------------------------------------------------------------------------------------

LATER = TryLater(timedelta(seconds=1), all_of_them=True)


@pytest.mark.parametrize(
    ("trouble", "failure"),
    [
        (TooFast("Too Many Requests", timedelta(hours=2)), TryLater(timedelta(hours=2), all_of_them=True)),
        (Shut("Forbidden: bot was blocked by the user", gone=False), Unreachable("blocked")),
        (Shut("Forbidden: user is deactivated", gone=True), Unreachable("gone")),
        (Away("502"), LATER),
        (WrongKey("Unauthorized"), LATER),
        (UsedElsewhere("Conflict"), LATER),
        (Wrong("Bad Request: chat not found"), Refused("Bad Request: chat not found")),
        (NoAnswer(), Uncertain()),
        (MovedTo("Bad Request: group chat was upgraded", -1004), Moved("-1004")),
    ],
)
async def test_each_trouble_of_the_platform_is_one_of_the_failures_of_a_channel(
    trouble: ApiError, failure: Exception, telegram: Telegram
) -> None:
    telegram.bot(ACCOUNT).api.says["sendMessage"] = [trouble]  # type: ignore[attr-defined]
    with pytest.raises((TryLater, Unreachable, Moved, Refused, Uncertain)) as raised:
        await telegram.send(outgoing(Message((Line("Hello."),))))
    assert type(raised.value) is type(failure)
    assert vars(raised.value) == vars(failure)


async def test_a_bot_that_was_removed_writes_to_nobody(telegram: Telegram) -> None:
    with pytest.raises(Unreachable, match="closed"):
        await telegram.send(outgoing(Message((Line("Hello."),)), account="999"))


async def test_before_the_bots_are_known_everything_waits(tmp_path: Path) -> None:
    channel = Telegram(None, None)  # type: ignore[arg-type]
    with pytest.raises(TryLater):
        await channel.send(outgoing(Message((Line("Hello."),))))


# -- courtesies --------------------------------------------------------------------------------------------------

TAPPED = Call("answerCallbackQuery", {"callback_query_id": "1"})


@pytest.mark.parametrize("trouble", [Wrong("Bad Request: query is too old"), Away("502"), NoAnswer()])
async def test_a_courtesy_that_fails_is_left_at_that(trouble: Exception) -> None:
    api = Scripted({"answerCallbackQuery": [trouble]})
    courtesies = Courtesies(api.call)
    courtesies.make([TAPPED, TAPPED])
    await courtesies.made()
    assert len(api.calls) == 2


async def test_after_too_many_calls_none_leaves_until_that_is_over(telegram: Telegram) -> None:
    bot = telegram.bot(ACCOUNT)
    assert isinstance(bot.api, Scripted)
    bot.api.says["editMessageReplyMarkup"] = [TooFast("Too Many Requests", timedelta(hours=1))]
    bot.ear.courtesies.make([Call("editMessageReplyMarkup", {}), TAPPED])
    await bot.ear.courtesies.made()
    for _time in range(2):
        with pytest.raises(TryLater) as raised:
            await telegram.send(outgoing(Message((Line("Hello."),))))
        assert timedelta(minutes=59) < raised.value.after <= timedelta(hours=1)
        assert raised.value.all_of_them
    assert not bot.api.asked("sendMessage")


async def test_courtesies_are_few_at_a_time_and_dropped_when_there_are_too_many(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("bot.telegram.hearing.MOST_WAITING", 20)
    monkeypatch.setattr("bot.telegram.hearing.LAST_MOMENT", 0.01)
    api = Scripted(waits={"answerCallbackQuery"})
    courtesies = Courtesies(api.call)
    courtesies.make([TAPPED] * 100)
    await api.waiting.wait()
    await asyncio.sleep(0)
    assert len(api.calls) == 8
    assert len(courtesies._under_way) == 20
    await courtesies.close()
    assert not courtesies._under_way
