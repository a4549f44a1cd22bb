"""What the server holds a message to before it sends it. Every refusal is the server's own sentence.

Lengths are counted in characters (code points) after parsing and trimming: that is how td counts a bot's texts, while
entities are in UTF-16 units.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from tests.telegram_api.entities import Formatted, check_bounds, read_html, read_markdown, read_markdown_v2
from tests.telegram_api.refusal import bad
from tests.telegram_api.state import utf16, written

MOST_TEXT, MOST_CAPTION = 4096, 1024
MOST_RAW = 1 << 15
"""Bytes of a text with its marks."""
MOST_DATA = 64
"""Bytes a button carries."""
MOST_BUTTONS, MOST_IN_ROW = 100, 8
MOST_MARKUP = 10_000
"""Bytes of a keyboard. (Not documented, as are the sentences for too many buttons.)"""
READERS: Mapping[str, Callable[[str], Formatted]] = {
    "html": read_html,
    "markdown": read_markdown,
    "markdownv2": read_markdown_v2,
}
STYLES = frozenset(
    ("bold", "italic", "underline", "strikethrough", "spoiler", "code", "pre", "text_link", "text_mention")
) | {"custom_emoji", "blockquote", "expandable_blockquote", "date_time"}
FOUND = frozenset(("mention", "hashtag", "cashtag", "bot_command", "url", "email", "phone_number", "bank_card_number"))
"""Entities that the server finds by itself; given ones are ignored."""


def text_of(arguments: Mapping[str, str]) -> dict[str, Any]:
    """The content of a text message. Refuses no text, too much of it, and marks or entities that are wrong."""
    if not arguments.get("text"):
        raise bad("Message text is empty")
    read = formatted(arguments["text"], arguments.get("parse_mode", ""), arguments.get("entities", ""))
    if not read.text.strip():
        raise bad("Text must be non-empty")
    if len(read.text) > MOST_TEXT:
        raise bad("Message is too long")
    return shown(read, "text", "entities")


def caption_of(arguments: Mapping[str, str]) -> dict[str, Any]:
    """What is written below a picture or a file; nothing when there is no caption."""
    read = formatted(
        arguments.get("caption", ""), arguments.get("parse_mode", ""), arguments.get("caption_entities", "")
    )
    if len(read.text) > MOST_CAPTION:
        raise bad("Message caption is too long")
    return shown(read, "caption", "caption_entities") if read.text else {}


def shown(read: Formatted, key: str, entities_key: str) -> dict[str, Any]:
    """A formatted text as messages hold it, with the links that the server finds in it."""
    content = written(read.text, key)
    entities = [*read.entities, *content.get(entities_key, [])]
    return content | ({entities_key: entities} if entities else {})


def formatted(text: str, parse_mode: str, entities: str) -> Formatted:
    """A text as it was sent, read and trimmed."""
    if len(text.encode()) > MOST_RAW:
        raise bad("Text is too long")
    if parse_mode and parse_mode.lower() != "none" and text:
        if parse_mode.lower() not in READERS:
            raise bad("Unsupported parse_mode")
        read = READERS[parse_mode.lower()](text)
    else:
        given = parsed(entities)
        found = [entity_of(one) for one in given] if isinstance(given, list) else []
        read = Formatted(text, [one for one in found if one["type"] not in FOUND])
    check_bounds(read.text, read.entities)
    return trimmed(read)


def entity_of(given: Any) -> dict[str, Any]:
    """A given entity, refused when a field is missing or its kind unknown."""
    wrong = "Can't parse MessageEntity: "
    if not isinstance(given, dict):
        raise bad(f"{wrong}expected an Object")
    for key, kind, name in (("offset", int, "Number"), ("length", int, "Number"), ("type", str, "String")):
        if key not in given:
            raise bad(f'{wrong}Can\'t find field "{key}"')
        if not isinstance(given[key], kind):
            raise bad(f'{wrong}Field "{key}" must be of type {name}')
    if given["type"] not in STYLES | FOUND:
        raise bad(f"{wrong}Unsupported type specified")
    return given


def trimmed(read: Formatted) -> Formatted:
    """Without control characters and without white space around it; entities move along and are cut."""
    clean = "".join(" " if character < " " and character not in "\n\r" else character for character in read.text)
    before = utf16(clean) - utf16(clean.lstrip(" \n\r"))
    text = clean.strip(" \n\r").replace("\r", "")
    most = utf16(text)
    entities = []
    for one in read.entities:
        begin, end = (min(max(place - before, 0), most) for place in (one["offset"], one["offset"] + one["length"]))
        if end > begin:
            entities.append(one | {"offset": begin, "length": end - begin})
    return Formatted(text, entities)


def parsed(text: str) -> Any:
    """What a JSON argument says; None when it is empty or no JSON."""
    try:
        return json.loads(text) if text else None
    except ValueError:
        return None


def markup_of(arguments: Mapping[str, str]) -> dict[str, Any] | None:
    """The keyboard below a message, or None."""
    given = arguments.get("reply_markup", "")
    if not given:
        return None
    markup = parsed(given)
    if markup is None:
        raise bad("Can't parse reply keyboard markup JSON object")
    if not isinstance(markup, dict):
        raise bad("Object expected as reply markup")
    for key, of in (("keyboard", ""), ("inline_keyboard", " of the InlineKeyboardMarkup")):
        rows = markup.get(key, [])
        if not isinstance(rows, list):
            raise bad(f'Field "{key}" must be of type Array')
        if not all(isinstance(row, list) for row in rows):
            raise bad(f'Field "{key}"{of} must be an Array of Arrays')
        check_rows(rows, inline=key == "inline_keyboard")
    if len(given.encode()) > MOST_MARKUP:
        raise bad("reply markup is too long")
    return markup if any(markup.get(key) for key in ("keyboard", "inline_keyboard", *OTHER_MARKUPS)) else None


OTHER_MARKUPS = ("remove_keyboard", "force_reply")


def check_rows(rows: list[list[Any]], *, inline: bool) -> None:
    """Refuse buttons the server would not show. The server of today leaves out, without a word, what is too much and
    buttons without a text; a bot that relies on that has lost a choice, so here it is told."""
    kind = "inline keyboard" if inline else "keyboard"
    for button in (button for row in rows for button in row):
        if inline:
            check_inline(button)
        elif not isinstance(button, dict | str):
            raise bad("Can't parse keyboard button: KeyboardButton must be a String or an Object")
        text = button if isinstance(button, str) else button.get("text", "")
        if not text.strip():
            raise bad(f"{kind} button text must be non-empty")
    if sum(map(len, rows)) > MOST_BUTTONS or any(len(row) > MOST_IN_ROW for row in rows):
        raise bad("reply markup is too long")


def check_inline(button: Any) -> None:
    """Refuse an inline button without something to do, or with too much to carry."""
    wrong = "Can't parse inline keyboard button: "
    if not isinstance(button, dict):
        raise bad(f"{wrong}InlineKeyboardButton must be an Object")
    if "text" not in button:
        raise bad(f'{wrong}Can\'t find field "text"')
    data = button.get("callback_data", "")
    if not data and not any(key in button for key in ("url", "copy_text", "web_app", "switch_inline_query")):
        raise bad(f"{wrong}Text buttons are unallowed in the inline keyboard")
    if not button.get("url") and len(str(data).encode()) > MOST_DATA:
        raise bad("BUTTON_DATA_INVALID")
    if button.get("url") and not str(button["url"]).startswith(("http://", "https://", "tg://")):
        raise bad(f"Inline keyboard button URL '{button['url']}' is invalid: Wrong HTTP URL")


def language_of(arguments: Mapping[str, str]) -> str:
    """The language a menu or description is for: two small letters, or all languages."""
    language = arguments.get("language_code", "")
    if language and not (len(language) == 2 and language.isascii() and language.islower()):
        raise bad("Invalid language code specified")
    return language
