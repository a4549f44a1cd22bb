"""The stub's webhooks: setting them, and how updates are sent, repeated and given up."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from tests.serving import listen
from tests.telegram_api import Platform, Resident
from tests.telegram_api.conftest import Client

HEADER = "x-telegram-bot-api-secret-token"


@dataclass
class Receiver:
    """A bot's own page. `answers` are given in turn, then 200; while it is held none is given."""

    url: str = ""
    secrets: list[str | None] = field(default_factory=list)
    updates: list[dict[str, Any]] = field(default_factory=list)
    answers: list[Response] = field(default_factory=list)
    free: asyncio.Event = field(default_factory=asyncio.Event)
    at_once: int = 0
    most_at_once: int = 0

    async def post(self, request: Request) -> Response:
        self.secrets.append(request.headers.get(HEADER))
        self.updates.append(json.loads(await request.body()))
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        await self.free.wait()
        self.at_once -= 1
        return self.answers.pop(0) if self.answers else Response()

    @property
    def texts(self) -> list[str]:
        return [update["message"]["text"] for update in self.updates if "message" in update]

    async def has(self, count: int) -> None:
        """Wait until so many posts have come."""
        await until(lambda: len(self.updates) >= count)


async def until(true: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        while not true():  # noqa: ASYNC110 - what is waited for has no event
            await asyncio.sleep(0.01)


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    receiver = Receiver()
    receiver.free.set()
    async with listen(Starlette(routes=[Route("/bot", receiver.post, methods=["POST"])])) as url:
        receiver.url = f"{url}/bot"
        yield receiver
        receiver.free.set()


async def set_webhook(client: Client, receiver: Receiver, **arguments: Any) -> None:
    await client.call("setWebhook", url=receiver.url, **arguments)


async def test_an_update_is_posted_with_the_secret(served: Client, anna: Resident, receiver: Receiver) -> None:
    anna.writes("avant")
    await set_webhook(served, receiver, secret_token="s3-cret_")
    anna.writes("après")
    await receiver.has(2)
    assert receiver.texts == ["avant", "après"]
    assert receiver.secrets == ["s3-cret_"] * 2
    await until(lambda: served.bot.mailbox.waiting() == [])


async def test_a_chat_is_in_order_and_a_tap_overtakes(
    served: Client, anna: Resident, receiver: Receiver, platform: Platform
) -> None:
    yes = {"inline_keyboard": [[{"text": "Oui", "callback_data": "y"}]]}
    await served.call("sendMessage", chat_id=anna.chat.id, text="Prêts ?", reply_markup=yes)
    paul = platform.resident(served.bot, "Paul")
    receiver.free.clear()
    await set_webhook(served, receiver)
    anna.writes("un")
    anna.writes("deux")
    anna.taps("Oui")
    paul.writes("trois")
    await receiver.has(3)
    await asyncio.sleep(0.1)
    assert sorted(receiver.texts) == ["trois", "un"]
    assert any("callback_query" in update for update in receiver.updates)
    receiver.free.set()
    await receiver.has(4)
    assert receiver.texts[-1] == "deux"


async def test_no_more_connections_are_made_than_allowed(
    served: Client, receiver: Receiver, platform: Platform
) -> None:
    await set_webhook(served, receiver, max_connections=2)
    receiver.free.clear()
    for number in range(5):
        platform.resident(served.bot, str(number)).starts()
    await receiver.has(2)
    await asyncio.sleep(0.2)
    receiver.free.set()
    await receiver.has(5)
    assert receiver.most_at_once == 2


async def test_what_is_not_taken_comes_again_at_once_and_then_ever_later(
    served: Client, anna: Resident, receiver: Receiver, platform: Platform
) -> None:
    platform.clock.pace = 20
    receiver.answers = [Response(status_code=503) for _ in range(4)]
    await set_webhook(served, receiver)
    anna.writes("?")
    await receiver.has(5)
    times = [post.at for post in platform.posts]
    pauses = [(later - earlier) * 20 for earlier, later in pairwise(times)]
    for pause, expected in zip(pauses, (0, 2, 4, 8), strict=True):
        assert pause >= expected
    assert {update["update_id"] for update in receiver.updates} == {platform.posts[0].update.id}
    await until(lambda: platform.posts[-1].answer is not None)
    assert [post.answer for post in platform.posts] == [503] * 4 + [200]


async def test_retry_after_is_honoured(served: Client, anna: Resident, receiver: Receiver, platform: Platform) -> None:
    receiver.answers = [Response(status_code=503, headers={"Retry-After": "40"})]
    await set_webhook(served, receiver)
    anna.writes("?")
    await receiver.has(1)
    await asyncio.sleep(0.3)
    assert len(receiver.updates) == 1
    platform.clock.skip(40)
    await receiver.has(2)


async def test_what_became_too_old_is_given_up(
    served: Client, anna: Resident, receiver: Receiver, platform: Platform
) -> None:
    receiver.answers = [Response(status_code=500, headers={"Retry-After": "200"})]
    yes = {"inline_keyboard": [[{"text": "Oui", "callback_data": "y"}]]}
    await served.call("sendMessage", chat_id=anna.chat.id, text="Prêts ?", reply_markup=yes)
    await set_webhook(served, receiver)
    anna.taps("Oui")
    await until(lambda: not served.bot.mailbox.waiting())
    assert len(receiver.updates) == 1


async def test_what_went_wrong_last_is_told(served: Client, anna: Resident, receiver: Receiver) -> None:
    assert (await served.call("getWebhookInfo"))["url"] == ""
    receiver.answers = [Response(status_code=503, headers={"Retry-After": "40"})]
    await set_webhook(served, receiver, max_connections=7)
    anna.writes("?")
    anna.writes("!")
    await until(lambda: served.bot.webhook_error is not None)
    info = await served.call("getWebhookInfo")
    assert (info["url"], info["max_connections"], info["pending_update_count"]) == (receiver.url, 7, 2)
    assert info["last_error_message"] == "Wrong response from the webhook: 503 Service Unavailable"
    assert info["last_error_date"] > 1_700_000_000


async def test_an_answer_that_is_a_call_is_carried_out(served: Client, anna: Resident, receiver: Receiver) -> None:
    call = {"method": "sendMessage", "chat_id": anna.chat.id, "text": "Merci"}
    receiver.answers = [Response(json.dumps(call)), Response(json.dumps({"method": "deleteWebhook"}))]
    await set_webhook(served, receiver)
    anna.writes("?")
    anna.writes("!")
    await until(lambda: anna.heard == ["Merci"])
    await until(lambda: not served.bot.mailbox.waiting())
    assert served.bot.webhook is not None


async def test_what_was_taken_comes_again_when_told_to(
    served: Client, anna: Resident, receiver: Receiver, platform: Platform
) -> None:
    platform.redeliver(1.0)
    await set_webhook(served, receiver)
    anna.writes("?")
    await receiver.has(2)
    assert receiver.texts == ["?", "?"]


async def test_a_webhook_and_polls_exclude_each_other(served: Client, anna: Resident, receiver: Receiver) -> None:
    poll = asyncio.create_task(served.refused("getUpdates", timeout=30))
    await asyncio.sleep(0.1)
    await set_webhook(served, receiver)
    assert await poll == "409 Conflict: terminated by setWebhook request"
    assert (await served.refused("getUpdates")).startswith("409 Conflict: can't use getUpdates method while webhook")
    await served.call("deleteWebhook")
    anna.writes("?")
    assert len(await served.call("getUpdates")) == 1
    assert receiver.updates == []


async def test_another_address_takes_over(served: Client, anna: Resident, receiver: Receiver) -> None:
    await set_webhook(served, receiver)
    again = await served.refused("setWebhook", url=receiver.url)
    assert again == "429 Too Many Requests: retry after 1"
    await asyncio.sleep(1)
    await set_webhook(served, receiver, secret_token="new")
    anna.writes("?")
    await receiver.has(1)
    assert receiver.secrets == ["new"]


async def test_what_waits_is_dropped_when_asked(served: Client, anna: Resident, receiver: Receiver) -> None:
    anna.writes("?")
    await set_webhook(served, receiver, drop_pending_updates=True)
    anna.writes("!")
    await receiver.has(1)
    assert receiver.texts == ["!"]


async def test_who_says_410_for_a_day_loses_the_webhook(
    served: Client, anna: Resident, receiver: Receiver, platform: Platform
) -> None:
    receiver.answers = [Response(status_code=410) for _ in range(50)]
    await set_webhook(served, receiver)
    anna.writes("?")
    await receiver.has(2)
    platform.clock.skip(23 * 3600 + 10)
    await until(lambda: served.bot.webhook is None)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ({"url": "http://x.fr"}, "bad webhook: An HTTPS URL must be provided for webhook"),
        ({"url": "https://x.fr:8080"}, "bad webhook: Webhook can be set up only on ports 80, 88, 443 or 8443"),
        ({"url": "https://127.0.0.1"}, "bad webhook: IP address 127.0.0.1 is reserved"),
        ({"url": "https://x.fr", "ip_address": "::1"}, "bad webhook: IPv6-only addresses are not allowed"),
        ({"url": "https://x.fr", "secret_token": "à"}, "secret token contains unallowed characters"),
        ({"url": "https://x.fr", "secret_token": "x" * 257}, "secret token is too long"),
        ({"url": "https://"}, "invalid webhook URL specified"),
    ],
)
async def test_an_address_that_cannot_be_reached_is_refused(
    served: Client, platform: Platform, arguments: dict[str, str], sentence: str
) -> None:
    platform.http_allowed = False
    assert await served.refused("setWebhook", **arguments) == f"400 Bad Request: {sentence}"
    assert served.bot.webhook is None
