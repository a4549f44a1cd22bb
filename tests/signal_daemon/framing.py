"""JSON-RPC 2.0 as the daemon frames it: what it makes of a body, and of one request in it (JsonRpcReader)."""

from __future__ import annotations

import json
from typing import Any

from tests.signal_daemon.refusal import PARSE, REQUEST, Refusal

FIELDS = {"jsonrpc", "method", "params", "id"}
KINDS = {dict: "OBJECT", list: "ARRAY", str: "STRING", bool: "BOOLEAN", int: "NUMBER", float: "NUMBER"}


def parsed(body: bytes) -> Any:
    """The JSON of a body: an object, or a list that is not empty. Refusal for anything else. What follows the first
    value is not looked at."""
    text = body.decode(errors="replace").lstrip()
    if not text:
        raise Refusal(REQUEST, "unexpected type: MISSING")
    try:
        given, _ = json.JSONDecoder().raw_decode(text)
    except ValueError as error:
        raise Refusal(PARSE, str(error)) from None
    if given == []:
        raise Refusal(REQUEST, "invalid request")
    if not isinstance(given, dict | list):
        raise Refusal(REQUEST, f"unexpected type: {KINDS.get(type(given), 'NULL')}")
    return given


def checked(given: Any) -> tuple[str, Any, Any]:
    """The method, the parameters and the id of a request (None: a notification). Refusal for one of another form."""
    if not isinstance(given, dict):
        raise Refusal(REQUEST, "Cannot construct instance of `org.asamk.signal.jsonrpc.JsonRpcRequest`")
    for name in given:
        if name not in FIELDS:
            raise Refusal(REQUEST, f'Unrecognized field "{name}"')
    params = given.get("params")
    if not isinstance(params, dict | list | None):
        raise Refusal(REQUEST, "Problem deserializing property 'params'")
    if isinstance(given.get("id"), dict | list):
        raise Refusal(REQUEST, "Problem deserializing property 'id'")
    if given.get("jsonrpc") != "2.0":
        raise Refusal(REQUEST, "only jsonrpc version 2.0 is supported")
    if given.get("method") is None:
        raise Refusal(REQUEST, "method field must be set")
    return str(given["method"]), {} if params is None else params, given.get("id")


def named(given: Any) -> Any:
    """The id that an answer to this repeats: None when it has none that is a plain value."""
    id = given.get("id") if isinstance(given, dict) else None
    return None if isinstance(id, dict | list) else id


def answer(id: Any, *, result: Any = None, error: Refusal | None = None) -> dict[str, Any]:
    told = {"error": error.json()} if error else {"result": result}
    return {"jsonrpc": "2.0"} | told | {"id": id}
