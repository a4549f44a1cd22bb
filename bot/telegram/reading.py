"""What the Bot API sends, read: an update as the JSON its documentation describes, whichever library fetched it.

Only private chats are read: a talk is between one resident and the robot, and in a group everybody would see the
answers. Whatever is not shaped as documented is nothing to us, and never an error: an update that made the reader
fail would be sent again and again, and hold up all that are behind it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Literal, TypeAlias

from bot.shaped import LONGEST_WORD, Json, Malformed, list_of, number_of, object_of, reference_to, short, words_of
from flows.folding import clean
from flows.messages import DOCUMENT, Attachment, Button, Incoming, Place
from flows.pictures import LARGEST
from storage.value import value

CHANNEL = "telegram"
Content: TypeAlias = "dict[str, Any]"
"""Fields of an Incoming."""


@value
class Pressed:
    """The prompt whose button was pressed, with the rows of its keyboard as they were then."""

    chat: int
    message: int
    rows: tuple[tuple[Button, ...], ...]


@value
class Reading:
    """What an update says to us, and what the platform still expects: an answer to a tap (`query`, its id)."""

    incoming: Incoming | None = None
    query: str | None = None
    pressed: Pressed | None = None


NOTHING = Reading()


@value
class _Update:
    number: int
    body: Json
    account: str
    now: datetime

    def incoming(self, chat: Json, sender: Json, id_: int | str, at: datetime, content: Content) -> Incoming | None:
        """None outside a private chat, and from another bot.

        The key is the update's number, the same each time it comes, polled or posted, and after the token was renewed
        (the numbers are the bot's, not the token's). But it is not enough: after a week of silence, or on another
        server, the platform begins anew at a random number, maybe one that we heard before. So what the update is
        about stands behind it: the message's number, which leads to nobody, or the tap's.
        """
        if chat.get("type") != "private" or sender.get("is_bot") is True:
            return None
        return Incoming(
            CHANNEL,
            self.account,
            str(number_of(chat, "id")),
            f"{self.number}.{id_}",
            at,
            language=_language(sender),
            **content,
        )


def read(update: Any, account: str, now: datetime) -> Reading:
    """An update that came to the bot of this id. Raises nothing, whatever it is given."""
    if not isinstance(update, dict):
        return NOTHING
    kind = next((kind for kind in READERS if kind in update), None)
    if kind is None:
        return NOTHING
    try:
        return READERS[kind](_Update(number_of(update, "update_id"), object_of(update, kind), account, now))
    except Malformed:
        return NOTHING


# -- the four kinds of update that we ask for ------------------------------------------------------------------


def _message(update: _Update) -> Reading:
    body = update.body
    kind = next((kind for kind in CONTENT if kind in body), None)
    if kind is not None:
        content = CONTENT[kind](update)
    elif any(key.startswith(SERVICE) for key in body):
        return NOTHING
    else:
        content = {"unread": next((kind for kind in REFUSED if kind in body), "other")}
    return Reading(_of_message(update, "date", content))


def _edited(update: _Update) -> Reading:
    """A shared position that moves comes as edits too, one every few seconds: they say nothing."""
    if "location" in update.body:
        return NOTHING
    return Reading(_of_message(update, "edit_date", {"unread": "edit"}))


def _of_message(update: _Update, date: str, content: Content) -> Incoming | None:
    body = update.body
    at = _moment(body, date, update.now)
    return update.incoming(object_of(body, "chat"), object_of(body, "from"), number_of(body, "message_id"), at, content)


def _tap(update: _Update) -> Reading:
    """A tap is answered in any case, or it glows for minutes. Its prompt may be too old to be shown (`date` 0, no
    keyboard), or of no chat at all; a button without data is none of ours."""
    query = short(words_of(update.body, "id"))
    try:
        prompt = object_of(update.body, "message")
        tapped = {"tap": words_of(update.body, "data")}
        incoming = update.incoming(object_of(prompt, "chat"), object_of(update.body, "from"), query, update.now, tapped)
    except Malformed:
        return Reading(query=query)
    return Reading(incoming, query, _pressed(prompt) if incoming is not None else None)


def _member(update: _Update) -> Reading:
    """Somebody has blocked the bot, or has let it in again."""
    status = words_of(object_of(update.body, "new_chat_member"), "status")
    presence: Literal["left", "back"] | None = PRESENCE.get(status)
    if presence is None:
        return NOTHING
    at = _moment(update.body, "date", update.now)
    chat, sender = object_of(update.body, "chat"), object_of(update.body, "from")
    return Reading(update.incoming(chat, sender, status, at, {"presence": presence}))


READERS: Mapping[str, Callable[[_Update], Reading]] = {
    "message": _message,
    "callback_query": _tap,
    "edited_message": _edited,
    "my_chat_member": _member,
}
UPDATES = list(READERS)
"""The `allowed_updates` to ask for; the platform keeps all others to itself."""
PRESENCE: Mapping[str, Literal["left", "back"]] = {"kicked": "left", "member": "back"}


# -- what a message holds --------------------------------------------------------------------------------------

START = re.compile(r"/start(?:@\w*)?(?:\s+(.*))?", re.IGNORECASE | re.DOTALL)
LONGEST_CODE = 64


def _text(update: _Update) -> Content:
    """Words; or the code of a poster's link, which comes as `/start CODE`, and is empty without one."""
    text = words_of(update.body, "text")
    began = START.fullmatch(text) if text[:6].lower() == "/start" else None
    return {"code": clean(began[1] or "")[:LONGEST_CODE]} if began is not None else {"text": text}


def _photo(update: _Update) -> Content:
    """It comes in several sizes: the largest that we keep."""
    sizes = [size for size in list_of(update.body, "photo") if isinstance(size, dict) and "file_id" in size]
    bearable = [size for size in sizes if _count(size, "file_size") <= LARGEST]
    if not sizes:
        raise Malformed
    largest = max(bearable or sizes, key=lambda size: _count(size, "width") * _count(size, "height"))
    return _captioned(update, Attachment(_reference(update, largest)))


def _document(update: _Update) -> Content:
    """A picture may be sent as a document, which keeps it sharp. What is in it is looked at once it is here."""
    document = object_of(update.body, "document")
    media_type = document.get("mime_type")
    if not isinstance(media_type, str) or not (media_type == DOCUMENT or media_type.startswith("image/")):
        return {"unread": "document"}
    if _count(document, "file_size") > LARGEST:
        return {"unread": "large"}
    return _captioned(update, Attachment(_reference(update, document), short(media_type)))


def _captioned(update: _Update, attached: Attachment) -> Content:
    return {"attached": attached, "text": words_of(update.body, "caption") if "caption" in update.body else None}


def _reference(update: _Update, file: Json) -> str:
    """A file belongs to the bot it was sent to: another one can't fetch it."""
    return reference_to(CHANNEL, update.account, words_of(file, "file_id"))


def _venue(update: _Update) -> Content:
    """A place that has a name, which is what counts where words are asked for."""
    venue = object_of(update.body, "venue")
    named = [name for key in ("title", "address") if isinstance(name := venue.get(key), str) and name]
    return {"place": _place(object_of(venue, "location")), "text": ", ".join(named) or None}


def _location(update: _Update) -> Content:
    return {"place": _place(object_of(update.body, "location"))}


def _place(point: Json) -> Place:
    latitude, longitude = _degrees(point, "latitude", 90), _degrees(point, "longitude", 180)
    return Place(latitude, longitude)


def _contact(update: _Update) -> Content:
    """One's own number, and nobody else's."""
    contact = object_of(update.body, "contact")
    if contact.get("user_id") != number_of(object_of(update.body, "from"), "id"):
        return {"unread": "contact"}
    return {"text": "+" + short(words_of(contact, "phone_number")).lstrip("+")}


def _animation(_update: _Update) -> Content:
    return {"unread": "animation"}


CONTENT: Mapping[str, Callable[[_Update], Content]] = {
    "text": _text,
    "photo": _photo,
    "animation": _animation,  # comes with a document, for programs that know none
    "document": _document,
    "venue": _venue,  # comes with a location, likewise
    "location": _location,
    "contact": _contact,
}
"""What a message may hold, by the field that holds it; the first that is there counts."""
REFUSED = ("voice", "video_note", "audio", "video", "sticker", "dice", "poll", "story", "game", "checklist")
"""Named apart; what comes after us is refused just as kindly, as `other`."""
SERVICE = (
    *("pinned_message", "message_auto_delete_timer_changed", "chat_background_set", "forum_topic_", "general_forum_"),
    *("write_access_allowed", "connected_website", "web_app_data", "passport_data", "proximity_alert_triggered"),
    *("users_shared", "user_shared", "chat_shared", "successful_payment", "refunded_payment", "paid_message_price_"),
    *("gift", "unique_gift", "giveaway", "boost_added", "checklist_tasks_", "poll_option_", "managed_bot_"),
)
"""How the fields begin of messages that nobody wrote."""


# -- values, or Malformed --------------------------------------------------------------------------------------

DELIVERED_WITHIN = timedelta(days=7)
"""The platform keeps what it could not deliver for a day; its own server, run elsewhere, maybe longer."""


def _count(of: Json, name: str) -> int:
    """0 where it is not told."""
    found = of.get(name)
    return found if type(found) is int else 0


def _degrees(of: Json, name: str, most: int) -> float:
    found = of.get(name)
    if not isinstance(found, int | float) or not abs(found) <= most:  # which a NaN isn't either
        raise Malformed
    return float(found)


def _moment(of: Json, name: str, now: datetime) -> datetime:
    """Seconds since 1970; now where that can't be."""
    seconds = of.get(name)
    if type(seconds) is not int or not 0 <= int(now.timestamp()) - seconds <= DELIVERED_WITHIN.total_seconds():
        return now
    return datetime.fromtimestamp(seconds, UTC)


def _language(sender: Json) -> str | None:
    """That of the person's Telegram; it may be told, and often is not."""
    found = sender.get("language_code")
    return found if type(found) is str and len(found) <= LONGEST_WORD and found.isprintable() else None


def _pressed(prompt: Json) -> Pressed | None:
    """None where the keyboard is not told, or was not made by us."""
    try:
        keyboard = list_of(object_of(prompt, "reply_markup"), "inline_keyboard")
        rows = tuple(tuple(_button(one) for one in row) for row in keyboard)
        return Pressed(number_of(object_of(prompt, "chat"), "id"), number_of(prompt, "message_id"), rows)
    except (Malformed, AttributeError, TypeError):
        return None


def _button(one: Json) -> Button:
    return Button(words_of(one, "text"), words_of(one, "callback_data"))
