"""Methods that put something into a chat, or change what stands there."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.telegram_api.checks import caption_of, markup_of, parsed, text_of
from tests.telegram_api.files import MEGABYTE, MOST_DOWN, Upload, check_size
from tests.telegram_api.query import Query
from tests.telegram_api.refusal import Refusal, bad, too_many
from tests.telegram_api.state import Chat, Message

ACTIONS = frozenset(
    f"{doing}_{what}" for doing in ("record", "upload") for what in ("video", "audio", "voice", "video_note")
) | {"typing", "cancel", "upload_photo", "upload_document", "choose_sticker", "find_location", "pick_up_location"}
DELETABLE = 48 * 3600
"""Seconds."""
MOST_PHOTO_BY_URL = 5 * MEGABYTE
MOST_TOAST = 200
NOT_MODIFIED = (
    "message is not modified: specified new message content and reply markup are exactly the same as a current "
    "content and reply markup of the message"
)


def send_message(query: Query) -> dict[str, Any]:
    return _send(query, text_of(query.arguments))


def send_photo(query: Query) -> dict[str, Any]:
    return _send_file(query, "photo", query.platform.files.photo, MOST_PHOTO_BY_URL)


def send_document(query: Query) -> dict[str, Any]:
    return _send_file(query, "document", query.platform.files.document, MOST_DOWN)


def _send_file(query: Query, kind: str, show: Callable[[int, Upload], Any], most: int) -> dict[str, Any]:
    """Send a file: uploaded, by the address of one in the web (at most so many bytes), or by its file_id."""
    given = query.arguments.get(kind, "")
    name = given.removeprefix("attach://") if given.startswith("attach://") else kind
    upload = query.files.get(name)
    if given and name == kind and upload is None:
        return _send(query, lambda: {kind: _sent_before(query, kind, given, show, most), **caption_of(query.arguments)})
    if upload is None:
        raise bad(f"There is no {kind} in the request")
    check_size(upload, photo=kind == "photo")
    return _send(query, lambda: {kind: show(query.bot.id, upload), **caption_of(query.arguments)})


def _sent_before(query: Query, kind: str, given: str, show: Callable[[int, Upload], Any], most: int) -> Any:
    """What an address or a file_id stands for, as messages show it."""
    files = query.platform.files
    if not given.startswith(("http://", "https://")):
        shown = files.shown(query.bot.id, given)
        if shown is None:
            raise bad("Wrong file identifier/HTTP URL specified")
        if shown[0] != kind:
            raise bad(f"Can't use file of type {shown[0].capitalize()} as {kind.capitalize()}")
        return shown[1]
    upload = files.web.get(given)
    if upload is None or len(upload.content) > most:
        raise bad("Failed to get HTTP URL content")
    if kind == "photo" and not upload.kind.startswith("image/"):
        raise bad("Wrong type of the web page content")
    return show(query.bot.id, upload)


def _send(query: Query, content: dict[str, Any] | Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """A new message, once all is well with it."""
    markup = markup_of(query.arguments)
    chat = query.chat()
    reply_to = _replied(query, chat)
    shown = content if isinstance(content, dict) else content()
    check_blocked(chat)
    wait = query.platform.rates.send(
        query.bot.id, chat.id, query.call.method, query.call.at, paid=query.flag("allow_paid_broadcast")
    )
    if wait is not None:
        raise too_many(wait)
    message = chat.post(query.bot, shown, query.now, markup=markup, reply_to=reply_to)
    query.call.message = message
    return message.json()


def check_blocked(chat: Chat) -> None:
    if chat.blocked:
        raise Refusal(403, "Forbidden: bot was blocked by the user")


def _replied(query: Query, chat: Chat) -> Message | None:
    """The message it replies to."""
    given = parsed(query.arguments.get("reply_parameters", "")) or {}
    number = given.get("message_id") or query.number("reply_to_message_id", 0)
    message = chat.find(number)
    if number and message is None and not given.get("allow_sending_without_reply"):
        raise bad("message to be replied not found")
    return message


def edit_text(query: Query) -> dict[str, Any]:
    content = text_of(query.arguments)
    return _edit(query, "text", content)


def edit_caption(query: Query) -> dict[str, Any]:
    return _edit(query, "caption", caption_of(query.arguments))


def edit_markup(query: Query) -> dict[str, Any]:
    return _edit(query, "markup", None)


def _edit(query: Query, what: str, new: dict[str, Any] | None) -> dict[str, Any]:
    """Change a message of the bot's own. Its keyboard is gone unless another is given."""
    markup = markup_of(query.arguments)
    if not query.arguments.get("chat_id") and not query.arguments.get("message_id"):
        raise bad("Message identifier is not specified")
    chat = query.chat()
    message = query.message(chat, "message to edit")
    if message.sender is not query.bot:
        raise bad("Message can't be edited")
    if (what == "text" and "text" not in message.content) or (what == "caption" and "text" in message.content):
        raise bad(f"There is no {what} in the message to edit")
    if markup is not None and "inline_keyboard" not in markup:
        raise bad("Inline keyboard expected")
    check_blocked(chat)
    kept = {name: part for name, part in message.content.items() if name not in (what, "entities", "caption_entities")}
    content = message.content if new is None else kept | new
    if (content, markup) == (message.content, message.markup):
        raise bad(NOT_MODIFIED)
    message.content, message.markup, message.edited = content, markup, int(query.now)
    query.call.message = message
    return message.json()


def delete_message(query: Query) -> bool:
    """In a private chat a bot may delete what either wrote, for two days."""
    for name, what in (("chat_id", "Chat"), ("message_id", "Message")):
        if not query.arguments.get(name):
            raise bad(f"{what} identifier is not specified")
    chat = query.chat()
    message = query.message(chat, "message to delete")
    if query.now - message.date > DELETABLE:
        raise bad("Message can't be deleted for everyone")
    if chat.kind != "private" and message.sender is not query.bot:
        raise bad("Message can't be deleted")
    message.deleted = True
    query.call.message = message
    return True


def answer_callback(query: Query) -> bool:
    """Stop the wheel on a button; a short text may be shown."""
    tap = query.bot.taps.get(query.arguments.get("callback_query_id", ""))
    if tap is None or tap.until <= query.now:
        raise bad("query is too old and response timeout expired or query ID is invalid")
    if len(query.arguments.get("text", "")) > MOST_TOAST:
        raise bad("MESSAGE_TOO_LONG")
    tap.answer = {"text": query.arguments.get("text", ""), "show_alert": query.flag("show_alert")}
    return True


def chat_action(query: Query) -> bool:
    if query.arguments.get("action", "").lower() not in ACTIONS:
        raise bad("Wrong parameter action in request")
    check_blocked(query.chat())
    return True
