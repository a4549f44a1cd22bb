"""What python-telegram-bot costs beside aiogram; nan where it is not installed."""

from __future__ import annotations

import math
import time
from collections.abc import Awaitable, Callable

from bot import house
from bot.bench.sends import server
from bot.bench.telegram import TOKEN, memory_of_a_house
from bot.config import OFFICIAL, Settings
from bot.mistakes import Mistake
from bot.telegram.api import Api, Call

PTB = "python-telegram-bot"
BUTTONS = [[{"text": label, "callback_data": f"bench:{label}"}] for label in ("Yes", "No", "I don't know")]
PROMPT = Call(
    "sendMessage",
    {
        "chat_id": "42",
        "text": "Question 3 of 6\nWhat do you come here for?",
        "entities": [{"type": "bold", "offset": 16, "length": 27}],
        "link_preview_options": {"is_disabled": True},
        "reply_markup": {"inline_keyboard": BUTTONS},
    },
)
MANY, ROUNDS = 200, 5


async def memory_with_ptb() -> float:
    """Megabytes of resident memory of a house with a bot."""
    try:
        _opener(PTB)
    except Mistake:
        return math.nan
    return await memory_of_a_house(PTB)


async def send_ratio() -> float:
    """Our processor time for a prompt, divided by that through aiogram."""
    with server() as (address, _results):
        try:
            apis = [await _opener(driver, address)(TOKEN) for driver in ("aiogram", PTB)]
        except Mistake:
            return math.nan
        taken = [[await _seconds(api) for api in apis] for _round in range(ROUNDS)]
        for api in apis:
            await api.close()
    aiogram, ptb = (min(one[place] for one in taken) for place in (0, 1))
    return ptb / aiogram


def _opener(driver: str, address: str = OFFICIAL) -> Callable[[str], Awaitable[Api]]:
    """Raises Mistake when it is not installed."""
    settings = Settings.model_validate({"telegram": {"driver": driver, "api_url": address}})
    return house.telegram_api(settings)


async def _seconds(api: Api) -> float:
    began = time.process_time()
    for _message in range(MANY):
        await api.call(PROMPT)
    return time.process_time() - began
