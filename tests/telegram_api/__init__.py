"""A Bot API of our own: it behaves as the real one, misbehaves when a test says so, and checks what it is sent.

    platform = Platform()
    bot = platform.bot("Ville de Nantes")
    async with serve(platform) as api_url:          # our bot runs with bot.token and api_url
        anna = platform.resident(bot, "Anna")
        anna.starts("plage")
        anna.taps("Oui")
        assert anna.heard[-1] == "Merci !"

Facts come from the documentation and, where it says otherwise, from the open-source server (tdlib/telegram-bot-api
and tdlib/td).
"""

from tests.telegram_api.clock import Clock
from tests.telegram_api.platform import Call, Platform
from tests.telegram_api.rates import Limits, Violation
from tests.telegram_api.residents import Resident
from tests.telegram_api.server import serve
from tests.telegram_api.state import Bot, Chat, Message, Tap

__all__ = ["Bot", "Call", "Chat", "Clock", "Limits", "Message", "Platform", "Resident", "Tap", "Violation", "serve"]
