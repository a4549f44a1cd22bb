"""Methods about the bot itself and its files."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

from tests.telegram_api.checks import language_of, parsed
from tests.telegram_api.files import MOST_DOWN
from tests.telegram_api.query import Query
from tests.telegram_api.refusal import bad

COMMAND = re.compile(r"[a-z0-9_]+")
MOST_COMMANDS, LONGEST_COMMAND, LONGEST_DESCRIPTION = 100, 32, 256
PLACES = ("default", "all_private_chats", "all_group_chats", "all_chat_administrators")
SCOPES = frozenset({*PLACES, "chat", "chat_administrators", "chat_member"})
ABOUT = {"description": 512, "short_description": 120, "name": 64}
"""What a bot says of itself, and how many characters that may have."""
CAPABILITIES = {
    "can_join_groups": True,
    "can_read_all_group_messages": False,
    "supports_inline_queries": False,
    "can_connect_to_business": False,
    "has_main_web_app": False,
}


def get_me(query: Query) -> dict[str, Any]:
    return query.bot.json() | CAPABILITIES


def get_commands(query: Query) -> list[dict[str, Any]]:
    return query.bot.menus.get(_menu(query), [])


def set_commands(query: Query) -> bool:
    """The menu of one language and scope; nothing of it is taken when one command is wrong."""
    given = parsed(query.arguments.get("commands", "[]"))
    if given is None:
        raise bad("Can't parse commands JSON object")
    if not isinstance(given, list):
        raise bad("Expected an Array of BotCommand")
    menu = _menu(query)
    if len(given) > MOST_COMMANDS:
        raise bad("BOT_COMMANDS_TOO_MUCH")
    query.bot.menus[menu] = [_command(one) for one in given]
    return True


def delete_commands(query: Query) -> bool:
    query.bot.menus.pop(_menu(query), None)
    return True


def _menu(query: Query) -> tuple[str, str]:
    """Whose menu: its scope and language."""
    given = query.arguments.get("scope", "")
    scope = parsed(given) if given else {"type": "default"}
    if scope is None:
        raise bad("Can't parse BotCommandScope JSON object")
    if not isinstance(scope, dict) or scope.get("type") not in SCOPES:
        raise bad("Can't parse BotCommandScope: Unsupported type specified")
    return json.dumps(scope, sort_keys=True), language_of(query.arguments)


def _command(given: Any) -> dict[str, Any]:
    """One command, refused when its word or its description is not one."""
    if not isinstance(given, dict):
        raise bad("Can't parse BotCommand: expected an Object")
    for key in ("command", "description"):
        if key not in given:
            raise bad(f"Can't parse BotCommand: Can't find field \"{key}\"")
    command, description = given["command"].strip().removeprefix("/"), given["description"].strip()
    if not command:
        raise bad("Command must be non-empty")
    if len(command) > LONGEST_COMMAND:
        raise bad(f"Command length must not exceed {LONGEST_COMMAND}")
    if not description:
        raise bad("Command description must be non-empty")
    if len(description) > LONGEST_DESCRIPTION:
        raise bad(f"Command description length must not exceed {LONGEST_DESCRIPTION}")
    if not COMMAND.fullmatch(command):
        raise bad("BOT_COMMAND_INVALID")
    return {"command": command, "description": description}


def setter(what: str) -> Callable[[Query], bool]:
    """The method that sets what the bot says of itself in a language. (The sentence for one too long is not known: the
    open part of the server leaves that to the closed one.)"""

    def set_about(query: Query) -> bool:
        language, text = language_of(query.arguments), query.arguments.get(what, "")
        if len(text) > ABOUT[what]:
            raise bad(f"{what.replace('_', ' ')} is too long")
        query.bot.about[what, language] = text
        return True

    return set_about


def getter(what: str) -> Callable[[Query], dict[str, str]]:
    """The method that gets it: in that language, else in all."""

    def get_about(query: Query) -> dict[str, str]:
        about = query.bot.about
        text = about.get((what, language_of(query.arguments))) or about.get((what, ""), "")
        return {what: text or (query.bot.name if what == "name" else "")}

    return get_about


def get_file(query: Query) -> dict[str, Any]:
    """Where a file can be downloaded."""
    file_id = query.arguments.get("file_id", "")
    if not file_id:
        raise bad("file_id not specified")
    kept = query.platform.files.find(query.bot.id, file_id)
    if kept is None:
        raise bad("invalid file_id")
    if kept.size > MOST_DOWN:
        raise bad("file is too big")
    return kept.json() | {"file_path": kept.path}
