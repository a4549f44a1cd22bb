"""What signal-cli replies, read: the result, or the one error for what has to be done about it."""

from datetime import timedelta
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.signal.api import (
    Away,
    CaptchaWanted,
    DaemonError,
    Gone,
    NoAnswer,
    NotNow,
    NotRegistered,
    TooFast,
    Untrusted,
    Wrong,
)
from bot.signal.replies import result_of
from tests.signal.fakes import MARIE


def failing(code: int, message: str, type: str | None = None, **told: Any) -> bytes:
    """An error, which names somebody as the daemon's do."""
    results = [{"recipientAddress": {"uuid": MARIE, "number": "+33611223344"}, "type": type, **told}]
    data = {"response": {"timestamp": 1, "results": results}} if type else None
    return orjson.dumps({"jsonrpc": "2.0", "error": {"code": code, "message": message, "data": data}, "id": "1"})


def error_of(body: bytes, method: str = "send", status: int = 200) -> Exception:
    with pytest.raises((DaemonError, Away, NoAnswer)) as raised:
        result_of(method, status, body)
    return raised.value


FAILED = "Failed to send message"
ERRORS: dict[str, tuple[bytes, type[Exception]]] = {
    "a person who has left": (failing(-1, FAILED, "UNREGISTERED_FAILURE"), Gone),
    "a person who never came": (failing(-1, "The user +33611223344 is not registered."), Gone),
    "a wrong request": (failing(-1, "Sending empty message is not allowed"), Wrong),
    "I/O": (failing(-3, "timeout"), NoAnswer),
    "a new key": (failing(-4, FAILED, "IDENTITY_FAILURE"), Untrusted),
    "a new key without results": (failing(-4, FAILED), Untrusted),
    "a rate limit": (failing(-5, FAILED, "RATE_LIMIT_FAILURE", retryAfterSeconds=30), TooFast),
    "a rate limit that tells nothing": (failing(-5, FAILED), TooFast),
    "a captcha": (failing(-5, FAILED, "RATE_LIMIT_FAILURE", token="t-1", retryAfterSeconds=86_400), CaptchaWanted),
    "a captcha that was refused": (failing(-6, "Captcha rejected"), Wrong),
    "no such account": (failing(-32602, "Specified account does not exist"), NotRegistered),
    "no account given": (failing(-32602, "Method requires valid account parameter"), NotRegistered),
    "wrong parameters": (failing(-32602, "Unrecognized field"), Wrong),
    "no such method": (failing(-32601, "Method not implemented"), Wrong),
    "a rate limit in words": (failing(-32603, f"{FAILED}: [413] Rate limit exceeded (RateLimitException)"), TooFast),
    "another in words": (failing(-32603, "StatusCode: 429 (UnexpectedErrorException)"), TooFast),
    "an account that Signal closed": (
        failing(-32603, f"{FAILED}: [403] Authorization failed! (AuthorizationFailedException)"),
        NotRegistered,
    ),
    "a machine without a network": (
        failing(-32603, f"{FAILED}: chat.signal.org (UnknownHostException) (UnexpectedErrorException)"),
        Away,
    ),
    "a network that broke": (failing(-1, FAILED, "NETWORK_FAILURE"), NoAnswer),
    "no keys": (failing(-1, FAILED, "INVALID_PRE_KEY_FAILURE"), NotNow),
    "no keys in words": (failing(-32603, "No prekeys available"), NotNow),
    "a picture it can't take": (failing(-32603, "x: Invalid attachment (AttachmentInvalidException)"), Wrong),
    "anything unforeseen": (failing(-32603, "null (NullPointerException)"), NoAnswer),
    "an answer that breaks off": (b'{"jsonrpc":"2.0","result":{"timestamp":17', NoAnswer),
    "no answer": (b"", NoAnswer),
    "no object": (b"[]", NoAnswer),
}


@pytest.mark.parametrize("name", ERRORS)
def test_each_refusal_is_one_error(name: str) -> None:
    body, expected = ERRORS[name]
    assert type(error_of(body)) is expected


@pytest.mark.parametrize("name", ERRORS)
def test_what_the_daemon_says_of_people_is_in_no_error(name: str) -> None:
    said = repr(error_of(ERRORS[name][0]))
    assert MARIE not in said
    assert "+336" not in said


def test_how_long_to_wait_is_told_or_is_not() -> None:
    def after(**told: Any) -> timedelta | None:
        error = error_of(failing(-5, FAILED, "RATE_LIMIT_FAILURE", **told))
        assert isinstance(error, TooFast)
        return error.after

    assert after(retryAfterSeconds=30) == timedelta(seconds=30)
    assert after(retryAfterSeconds=0) == timedelta(seconds=1)
    assert after(retryAfterSeconds=10**12) == timedelta(days=1)
    assert after(retryAfterSeconds="soon") is None
    assert after() is None


def test_what_would_be_sent_twice_is_in_doubt_and_what_is_asked_may_be_asked_again() -> None:
    for body in (failing(-3, "timeout"), b"<html>", failing(-32603, "null")):
        assert type(error_of(body, "send")) is NoAnswer
        assert type(error_of(body, "getAttachment")) is Away


@pytest.mark.parametrize(("status", "expected"), [(404, Away), (421, Away), (500, NoAnswer), (502, NoAnswer)])
def test_an_answer_of_something_else_than_the_daemon(status: int, expected: type[Exception]) -> None:
    assert type(error_of(b"<html>", status=status)) is expected


def test_a_result_is_what_it_says() -> None:
    assert result_of("send", 200, b'{"jsonrpc":"2.0","result":{"timestamp":17},"id":"1"}') == {"timestamp": 17}
    assert result_of("listAccounts", 200, b'{"jsonrpc":"2.0","result":null,"id":"1"}') is None


@given(st.sampled_from(["send", "getAttachment"]), st.integers(100, 599), st.binary() | st.text().map(str.encode))
def test_whatever_is_replied_is_a_result_or_one_of_the_errors(method: str, status: int, body: bytes) -> None:
    try:
        result_of(method, status, body)
    except (DaemonError, Away, NoAnswer):
        return


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(["type", "response", "results"]), inner)
    ),
    max_leaves=6,
)


@given(JSON, JSON, JSON)
def test_an_error_of_any_shape_is_one_of_the_errors(code: Any, message: Any, data: Any) -> None:
    try:
        body = orjson.dumps({"error": {"code": code, "message": message, "data": data}})
    except TypeError:
        return  # an integer that is too long for JSON here
    error_of(body)
