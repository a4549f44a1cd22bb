"""What `palabre check` says of a number. How the daemon was started it tells nobody: docs/signal.md does."""

from __future__ import annotations

from bot.checks import Finding
from bot.signal.api import Away, Call, Daemon, DaemonError, NoAnswer, NotRegistered
from bot.signal.introducing import introduce
from storage.accounts import CAPTCHA, LIMITED

START = "Start `signal-cli daemon --http 127.0.0.1:8080 --receive-mode on-connection`, or correct signal.url."


async def look(daemon: Daemon, slug: str, number: str, error: str | None) -> Finding:
    """Ask the daemon; nobody is written to. `error` is what a running house has noted on the account."""
    what = f"Signal of {slug}"
    try:
        await introduce(daemon, number)
        said = await daemon.call(number, Call("version", {}))
    except NotRegistered:
        return Finding(what, f"signal-cli does not have {number}", "Register or link it, as docs/signal.md tells.")
    except (Away, NoAnswer):
        return Finding(what, "signal-cli does not answer", START)
    except DaemonError as failure:
        return Finding(what, f"signal-cli refuses ({failure.description})", "Is it 0.13 or newer?")
    version = said.get("version") if isinstance(said, dict) else None
    found = f"{number}, by signal-cli {version or 'of an unknown version'}"
    if error == CAPTCHA:
        return Finding(what, f"{found}, is to solve a captcha", "docs/signal.md tells how; until then nothing leaves.")
    return Finding(what, f"{found}, is to wait for a while; answers do too" if error == LIMITED else found)
