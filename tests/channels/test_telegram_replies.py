"""What the Bot API replies, told as what has to be done about it."""

from __future__ import annotations

import contextlib
from datetime import timedelta
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.telegram.api import ApiError, Away, Moved, NoAnswer, Shut, TooFast, UsedElsewhere, Wrong, WrongKey
from bot.telegram.replies import is_harmless, result_of


def refusal(code: int, description: str, **parameters: Any) -> bytes:
    return orjson.dumps({"ok": False, "error_code": code, "description": description, "parameters": parameters})


def replied(status: int, body: bytes, method: str = "sendMessage") -> Exception:
    """The error that this reply is."""
    with pytest.raises((ApiError, Away, NoAnswer)) as raised:
        result_of(status, body, harmless=is_harmless(method))
    return raised.value


@pytest.mark.parametrize(
    ("code", "description", "kind", "told"),
    [
        (400, "Bad Request: chat not found", Shut, {"gone": True}),
        (400, "Bad Request: private chat not found", Shut, {"gone": True}),
        (400, "Bad Request: user is deactivated", Shut, {"gone": True}),
        (400, "Bad Request: message text is empty", Wrong, {}),
        (401, "Unauthorized", WrongKey, {}),
        (403, "Forbidden: bot was blocked by the user", Shut, {"gone": False}),
        (403, "Forbidden: user is deactivated", Shut, {"gone": True}),
        (403, "Forbidden: bot was kicked from the group chat", Shut, {"gone": False}),
        (404, "Not Found", WrongKey, {}),
        (404, "Not Found: method not found", Wrong, {}),
        (409, "Conflict: terminated by other getUpdates request", UsedElsewhere, {}),
        (413, "Request Entity Too Large", Wrong, {}),
        (421, "Misdirected Request: unallowed token specified", WrongKey, {}),
        (429, "Too Many Requests", TooFast, {"after": timedelta(seconds=1)}),
        (500, "Internal Server Error: restart", Away, {}),
    ],
)
def test_each_refusal_is_the_error_of_what_has_to_be_done(
    code: int, description: str, kind: type[Exception], told: dict[str, Any]
) -> None:
    error = replied(code, refusal(code, description))
    assert type(error) is kind
    assert str(error) == description
    assert {name: getattr(error, name) for name in told} == told


def test_a_wait_is_told_and_so_is_a_new_address() -> None:
    wait = replied(429, refusal(429, "Too Many Requests: retry after 3600", retry_after=3600))
    assert isinstance(wait, TooFast)
    assert wait.after == timedelta(hours=1)
    for nonsense in (-5, 0, True, None, "soon"):
        error = replied(429, refusal(429, "Too Many Requests", retry_after=nonsense))
        assert isinstance(error, TooFast)
        assert error.after == timedelta(seconds=1)
    endless = replied(429, refusal(429, "Too Many Requests", retry_after=2**62))
    assert isinstance(endless, TooFast)
    assert endless.after == timedelta(days=7)
    moved = replied(400, refusal(400, "Bad Request: upgraded", migrate_to_chat_id=-1009))
    assert isinstance(moved, Moved)
    assert moved.to == -1009


SCALARS = st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.text(max_size=9)
NAMES = st.sampled_from(
    ["ok", "result", "description", "error_code", "parameters", "retry_after", "migrate_to_chat_id"]
)


def odd(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    """Replies of a shape that nobody documented."""
    return st.dictionaries(NAMES, inner)


@pytest.mark.parametrize(
    ("status", "body", "sent", "asked"),
    [
        (502, b"<html>Bad Gateway</html>", NoAnswer, Away),
        (504, b"", NoAnswer, Away),
        (200, b"<html>Welcome to our hotel</html>", NoAnswer, Away),
        (200, b"[1, 2]", NoAnswer, Away),
        (200, b'{"result": {}}', NoAnswer, Away),
        (200, b'{"ok": true, "result": ', NoAnswer, Away),
        (403, b"<html>Blocked by your town</html>", Away, Away),
        (404, b"", Away, Away),
        (413, b"<html>Too large</html>", Wrong, Wrong),
    ],
)
def test_what_can_not_be_read_leaves_a_message_in_doubt_unless_it_was_turned_away(
    status: int, body: bytes, sent: type[Exception], asked: type[Exception]
) -> None:
    assert type(replied(status, body, "sendPhoto")) is sent
    assert type(replied(status, body, "getUpdates")) is asked


@given(st.integers(100, 599), st.binary() | st.recursive(SCALARS, odd).map(orjson.dumps))
def test_whatever_is_replied_is_a_result_or_one_of_our_errors(status: int, body: bytes) -> None:
    with contextlib.suppress(ApiError, Away, NoAnswer):
        result_of(status, body, harmless=True)
