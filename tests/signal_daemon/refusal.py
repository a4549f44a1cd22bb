"""How the daemon says no: an error of JSON-RPC, which comes with HTTP 200 (SignalJsonRpcCommandHandler)."""

from __future__ import annotations

from typing import Any

USER, IO, UNTRUSTED, RATE, CAPTCHA = -1, -3, -4, -5, -6
PARSE, REQUEST, METHOD, PARAMS, INTERNAL = -32700, -32600, -32601, -32602, -32603

FAILED = "Failed to send message"


class Refusal(Exception):
    """An error: its code, the daemon's sentence, and `data` where it has some."""

    def __init__(self, code: int, message: str, data: Any = None) -> None:
        super().__init__(f"{code} {message}")
        self.code = code
        self.message = message
        self.data = data

    def json(self) -> dict[str, Any]:
        return {"code": self.code, "message": self.message, "data": self.data}


def unexpected(sentence: str) -> Refusal:
    """What the daemon did not foresee: code -32603 and the names of Java's classes in the text."""
    return Refusal(INTERNAL, f"{sentence} (UnexpectedErrorException)")


def no_account() -> Refusal:
    return Refusal(PARAMS, "Specified account does not exist")


def result(address: dict[str, Any], type: str, **more: Any) -> dict[str, Any]:
    """What became of a message to one recipient (JsonSendMessageResult): `token` and `retryAfterSeconds` besides."""
    return {"recipientAddress": address, "type": type} | {name: part for name, part in more.items() if part is not None}


def unsent(code: int, message: str, timestamp: int, results: list[dict[str, Any]]) -> Refusal:
    """No recipient got the message; the data tells why, one by one."""
    return Refusal(code, message, {"response": {"timestamp": timestamp, "results": results}})
