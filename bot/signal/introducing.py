"""Which account of Signal's a number is."""

from __future__ import annotations

from bot.signal.api import Call, Daemon, DaemonError, NotRegistered, TooFast
from bot.signal.reading import UUID


async def introduce(daemon: Daemon, number: str) -> str:
    """What Signal calls the account with this number, whatever its number is later: its ACI; the number itself where
    the daemon can't tell. Asked of the daemon alone, which has its own key among those it knows. Raises as Daemon.call
    does, NotRegistered where it doesn't have this number."""
    try:
        known = await daemon.call(number, Call("listIdentities", {"number": number}))
    except (NotRegistered, TooFast):
        raise
    except DaemonError:
        return number
    for one in known if isinstance(known, list) else []:
        match one:
            case {"number": str(whose), "uuid": str(aci)} if whose == number and UUID.fullmatch(aci.lower()):
                return aci.lower()
    return number
