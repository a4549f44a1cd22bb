"""A signal-cli HTTP daemon of our own, with the people at the other end: it behaves as the real one, misbehaves when
a test says so, and checks what it is asked.

    platform = Platform()
    account = platform.account("+33600000001", "Ville de Nantes")
    async with serve(platform) as url:               # our channel runs with url and account.number
        anna = platform.resident(account, "Anna")
        anna.says("PLAGE")
        anna.reacts("1️⃣")
        assert anna.heard[-1] == "Merci !"

Facts come from the manual and, where it says otherwise, from the source of signal-cli 0.13.19 and 0.14; the shapes of
answers are compared with the real daemon's in test_real.py.
"""

from tests.signal_daemon.mail import Handed, Mail
from tests.signal_daemon.platform import Call, Platform, Violation
from tests.signal_daemon.residents import Resident
from tests.signal_daemon.server import serve
from tests.signal_daemon.state import Account, Chat, File, Message, Person

__all__ = [
    "Account",
    "Call",
    "Chat",
    "File",
    "Handed",
    "Mail",
    "Message",
    "Person",
    "Platform",
    "Resident",
    "Violation",
    "serve",
]
