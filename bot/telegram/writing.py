"""What we ask the Bot API to do, written: a message, the answer to a tap, the menu of commands, links for posters.

Texts go as they are, without a `parse_mode`: what residents and organisers write is never taken for markup.
"""

from __future__ import annotations

import mimetypes
import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import orjson

from bot.channels import Outgoing
from bot.telegram.api import Call, Upload
from bot.telegram.reading import CHANNEL, Pressed, Reading
from flows.commands import WORDS, Command
from flows.composing import WHAT_IT_DOES
from flows.folding import clean, fold
from flows.messages import BACK, COMMAND_TAP, KEEP, SKIP, Button, Line, Media, Message
from flows.rendering import Capabilities, Rates, render
from flows.splitting import MEASURES
from flows.texts import LANGUAGES, Said, _, translate
from storage.files import File

LONGEST = 4096
LONGEST_CAPTION = 1024
"""Units of UTF-16, in which the platform counts."""
LABEL = 32
"""Characters of a button as wide as its message. On a phone of 360 px it leaves 265 to the label, in letters of 15 px
that take 7.5 each, and the mark of an answer needs two of them; a longer one would end in dots."""
WIDTHS = ((2, 6), (7, 3), (14, 2))
"""Labels of at most so many characters stand so many in a row, measured alike; longer ones have a row each."""
MOST_BUTTONS = 100
LONGEST_KEYBOARD = 10_000
"""Bytes of its JSON. Neither is documented; beyond either the platform answers `reply markup is too long`."""

DELETES_FOR = timedelta(hours=48)
"""How old a message may be that the platform still deletes."""

CAPABILITIES = Capabilities(
    CHANNEL,
    longest=LONGEST,
    unit="utf16",
    label=LABEL,
    edits=DELETES_FOR,
    hosted=True,
    rates=Rates(overall=30, person=1, group=20, paid=1_000),
    identity=_("Your phone number is not passed on to us."),
)


# -- a message -------------------------------------------------------------------------------------------------


def write(outgoing: Outgoing, file: File | str | None = None, *, by_address: bool = True) -> list[Call]:
    """The calls that send one message, in their order; the last makes the prompt. An empty one needs none.

    `file` is what the message shows: its bytes, or what the platform calls them since it was sent them once. Without
    it a picture is shown by its address, which the platform fetches, and where that failed (`by_address`) its address
    stands in the text.
    """
    message = outgoing.message
    shown = _shown(message.media, file, by_address)
    preview = _preview(message.media)
    if shown is not None and message.media is not None:
        message = replace(message, media=None, lines=(*message.lines, Line(message.media.description)))
    texts, keyboard = _fitted(message, outgoing.language)
    bold = _bold(message, texts[0]) if len(texts) == 1 else []
    if shown is not None and sum(map(units, texts)) <= LONGEST_CAPTION:
        calls = [_with(shown, caption="".join(texts), caption_entities=bold)]
    else:
        words = [Call("sendMessage", {"text": text, "link_preview_options": preview}) for text in texts]
        calls = [*([shown] if shown is not None else []), *(_with(call, entities=bold) for call in words)]
    if keyboard:
        calls = calls or [Call("sendMessage", {"text": NO_WORDS})]
        calls[-1] = _with(calls[-1], reply_markup={"inline_keyboard": keyboard})
    return [_with(call, chat_id=outgoing.sender, allow_paid_broadcast=outgoing.paid) for call in calls]


NO_WORDS = "…"
"""The platform wants words above buttons, and on them."""


def _with(call: Call, **parameters: Any) -> Call:
    """The same call with these parameters too, except empty ones."""
    return Call(call.method, {**call.parameters, **{name: given for name, given in parameters.items() if given}})


def _fitted(message: Message, language: str) -> tuple[list[str], list[list[dict[str, str]]]]:
    """The texts and the keyboard. Choices that are too many for a keyboard are numbered in the text, to be typed."""
    rendered = render(message, CAPABILITIES, language)
    keyboard = _keyboard(rendered.buttons)
    if len(rendered.buttons) > MOST_BUTTONS or len(orjson.dumps(keyboard)) > LONGEST_KEYBOARD:
        rendered = render(message, replace(CAPABILITIES, numbered=True), language)
        keyboard = _keyboard([button for button in message.buttons if _steers(button)][:FEW])
    return [text for text in rendered.texts if clean(text)], keyboard


units = MEASURES[CAPABILITIES.unit]

FEW = 8
"""Buttons that always fit: more of them than any prompt has that are no choices."""


def _bold(message: Message, text: str) -> list[dict[str, Any]]:
    """The question stands out in a text of one piece, which begins with the message's lines."""
    entities, at, offset = [], 0, 0
    for line in message.lines:
        if line.role == "ask" and line.text.strip() and text.startswith(line.text, at):
            entities.append({"type": "bold", "offset": offset, "length": units(line.text)})
        at, offset = at + len(line.text) + 1, offset + units(line.text) + 1
    return entities


def _preview(media: Media | None) -> dict[str, Any]:
    """Of a film, and of nothing else that happens to be named in a text."""
    return {"url": media.address} if media is not None and media.kind == "video" else {"is_disabled": True}


# -- what it shows ---------------------------------------------------------------------------------------------

METHODS = {"picture": ("sendPhoto", "photo"), "document": ("sendDocument", "document")}


def _shown(media: Media | None, file: File | str | None, by_address: bool) -> Call | None:
    """The call that shows it, without words; None where it can only be told."""
    if media is None or media.kind not in METHODS:
        return None
    method, parameter = METHODS[media.kind]
    if isinstance(file, File):
        ending = mimetypes.guess_extension(file.media_type) or ""
        return Call(method, {parameter: Upload(f"{parameter}{ending}", file.content, file.media_type)})
    if file is not None:
        return Call(method, {parameter: file})
    # Of documents the platform fetches a few kinds only.
    fetched = by_address and media.kind == "picture" and not media.ours
    return Call(method, {parameter: media.address}) if fetched else None


# -- buttons ---------------------------------------------------------------------------------------------------


def _keyboard(buttons: Sequence[Button]) -> list[list[dict[str, str]]]:
    """Choices first, then the buttons that lead back, on, or elsewhere.

    Never the keyboard that shares one's place or number: a message has one keyboard, and people would lose Back and
    Skip for it. The paper clip beside the field shares both.
    """
    choices = [button for button in buttons if not _steers(button)]
    return [*_rows(choices), *_rows([button for button in buttons if _steers(button)])]


def _rows(buttons: Sequence[Button]) -> list[list[dict[str, str]]]:
    """As many side by side as can be read, the rows of one length as far as possible."""
    if not buttons:
        return []
    longest = max(len(button.label) for button in buttons)
    most = next((most for width, most in WIDTHS if longest <= width), 1)
    count = -(-len(buttons) // most)
    size = -(-len(buttons) // count)
    return [_row(buttons[start : start + size]) for start in range(0, len(buttons), size)]


def _row(buttons: Sequence[Button]) -> list[dict[str, str]]:
    return [{"text": button.label or NO_WORDS, "callback_data": button.data} for button in buttons]


def _steers(button: Button) -> bool:
    """Whether it is no answer: Back, Skip, Change nothing, See the menu."""
    value = button.data.rpartition(":")[2]
    return button.minor or button.data.startswith(COMMAND_TAP) or value in (BACK, SKIP, KEEP)


MARK = "✓ "


def answered(reading: Reading) -> list[Call]:
    """Once a tap is kept: it stops glowing, and its prompt shows which answer was pressed. Both are courtesies: the
    platform refuses them (Wrong) when the tap is older than a minute or two, or the prompt marked already."""
    if reading.query is None:
        return []
    calls = [Call("answerCallbackQuery", {"callback_query_id": reading.query})]
    if reading.pressed is not None and reading.incoming is not None and reading.incoming.tap is not None:
        calls += _marked(reading.pressed, reading.incoming.tap)
    return calls


def _marked(pressed: Pressed, tap: str) -> list[Call]:
    """The mark goes where the last tap was; a tap that is no answer leaves it where it is."""
    buttons = [button for row in pressed.rows for button in row]
    if not any(button.data == tap and not _steers(button) for button in buttons):
        return []
    rows = tuple(tuple(_marked_if(button, button.data == tap) for button in row) for row in pressed.rows)
    if rows == pressed.rows:
        return []
    markup = {"inline_keyboard": [_row(row) for row in rows]}
    where = {"chat_id": pressed.chat, "message_id": pressed.message}
    return [Call("editMessageReplyMarkup", {**where, "reply_markup": markup})]


def _marked_if(button: Button, marked: bool) -> Button:
    label = button.label.removeprefix(MARK)
    return replace(button, label=MARK + label if marked else label)


# -- how the bot presents itself -------------------------------------------------------------------------------

OFFERED = (
    *(Command.MENU, Command.CONTINUE, Command.CORRECT, Command.BACK, Command.SKIP, Command.STOP),
    *(Command.HELP, Command.LANGUAGE, Command.PRIVACY, Command.DELETE, Command.RETURN),
)
"""What the platform's own menu beside the field lists, the usual first."""
WELCOME = _("I ask a few questions. You see your answers before they are sent.")
LONGEST_SHORT, LONGEST_DESCRIPTION = 120, 512


def commands(languages: Sequence[str] = LANGUAGES) -> list[Call]:
    """The calls after which the platform's menu lists what can be asked for at any time, to each in their language,
    and in the first to who speaks none of them."""
    return [
        Call("setMyCommands", {"commands": _commands(language), "scope": {"type": "all_private_chats"}, **where})
        for language, where in _everywhere(languages)
    ]


def described(host: Said, languages: Sequence[str] = LANGUAGES) -> list[Call]:
    """The calls after which the bot says what it is, before Start is pressed and on its own page; `host` is who asks
    (the town hall of Montaubry)."""
    calls = []
    for language, where in _everywhere(languages):
        robot = translate(_("I am the robot of {host}.", host=host), language)
        text = f"{robot}\n{translate(WELCOME, language)}"
        calls.append(Call("setMyDescription", {"description": text[:LONGEST_DESCRIPTION], **where}))
        calls.append(Call("setMyShortDescription", {"short_description": robot[:LONGEST_SHORT], **where}))
    return calls


def _everywhere(languages: Sequence[str]) -> list[tuple[str, dict[str, str]]]:
    """The platform knows languages by two letters only; people of another are shown the first."""
    return [(languages[0], {}), *((one, {"language_code": one}) for one in languages if len(one) == 2)]


def _commands(language: str) -> list[dict[str, str]]:
    """In its own words, or English ones, as the platform takes them: small letters without accents."""
    words = WORDS.get(language, WORDS["en"])
    return [{"command": fold(words[one][0]), "description": translate(WHAT_IT_DOES[one], language)} for one in OFFERED]


PAYLOAD = re.compile(r"[A-Za-z0-9_-]{1,64}")


def deep_link(name: str, code: str) -> str | None:
    """The address that opens the bot of this username with this code; None for a code that a link can't carry."""
    return f"https://t.me/{name}?start={code}" if PAYLOAD.fullmatch(code) else None
