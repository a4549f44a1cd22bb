"""How a channel is called on a page."""

from __future__ import annotations

from flows.texts import Said, _

_NAMES: dict[str, Said] = {
    "web": _("Web page"),
    "paper": _("Paper"),
    "terminal": _("Terminal"),
    "telegram": "Telegram",
    "signal": "Signal",
    "matrix": "Matrix",
    "sms": "SMS",
}


def channel_name(channel: str) -> Said:
    return _NAMES.get(channel, channel)
