"""What the stub refuses to send, and how it reads marks in texts."""

from __future__ import annotations

from typing import Any

import pytest

from tests.telegram_api import Platform, Resident
from tests.telegram_api.checks import formatted
from tests.telegram_api.conftest import Client, picture
from tests.telegram_api.files import Upload
from tests.telegram_api.refusal import Refusal


def button(**given: Any) -> dict[str, Any]:
    return {"inline_keyboard": [[{"text": "Oui", "callback_data": "y"} | given]]}


def rows(*sizes: int) -> dict[str, Any]:
    return {"inline_keyboard": [[{"text": "x", "callback_data": "y"}] * size for size in sizes]}


WRONG_BUTTON = "can't parse inline keyboard button: "
TOO_MUCH = "reply markup is too long"
REFUSED = [
    ({"text": ""}, "message text is empty"),
    ({"text": " \n\t"}, "text must be non-empty"),
    ({"text": "x" * 4097}, "message is too long"),
    ({"text": "é" * 20_000}, "text is too long"),
    ({"text": "x", "parse_mode": "Word"}, "unsupported parse_mode"),
    ({"text": "x", "reply_markup": "{"}, "can't parse reply keyboard markup JSON object"),
    ({"text": "x", "reply_markup": []}, "object expected as reply markup"),
    (
        {"text": "x", "reply_markup": {"inline_keyboard": [{}]}},
        'field "inline_keyboard" of the InlineKeyboardMarkup must be an Array of Arrays',
    ),
    ({"text": "x", "reply_markup": button(text="")}, "inline keyboard button text must be non-empty"),
    ({"text": "x", "reply_markup": button(callback_data="é" * 33)}, "BUTTON_DATA_INVALID"),
    (
        {"text": "x", "reply_markup": button(callback_data="")},
        f"{WRONG_BUTTON}Text buttons are unallowed in the inline keyboard",
    ),
    (
        {"text": "x", "reply_markup": button(callback_data="", url="mairie")},
        "inline keyboard button URL 'mairie' is invalid: Wrong HTTP URL",
    ),
    ({"text": "x", "reply_markup": rows(*[8] * 12, 5)}, TOO_MUCH),
    ({"text": "x", "reply_markup": rows(9)}, TOO_MUCH),
    ({"text": "x", "reply_markup": button(callback_data="", url=f"https://{'x' * 10_000}")}, TOO_MUCH),
    (
        {"text": "x", "entities": [{"type": "bold", "offset": 0}]},
        "can't parse MessageEntity: Can't find field \"length\"",
    ),
    (
        {"text": "x", "entities": [{"type": "loud", "offset": 0, "length": 1}]},
        "can't parse MessageEntity: Unsupported type specified",
    ),
    (
        {"text": "x", "entities": [{"type": "bold", "offset": 4, "length": 1}]},
        "entity begins after the end of the text at UTF-16 offset 4",
    ),
    (
        {"text": "😀", "entities": [{"type": "bold", "offset": 0, "length": 3}]},
        "entity beginning at UTF-16 offset 0 ends after the end of the text at UTF-16 offset 3",
    ),
    (
        {"text": "😀", "entities": [{"type": "bold", "offset": 0, "length": 1}]},
        "entity beginning at UTF-16 offset 0 ends in a middle of a UTF-16 symbol",
    ),
    (
        {"text": "x", "entities": [{"type": "bold", "offset": -1, "length": 1}]},
        "receive an entity with incorrect offset -1",
    ),
    ({"text": "x", "reply_parameters": {"message_id": 99}}, "message to be replied not found"),
    ({"text": "x", "chat_id": ""}, "chat_id is empty"),
    ({"text": "x", "chat_id": "@mairie"}, "chat not found"),
]


@pytest.mark.parametrize(("arguments", "sentence"), REFUSED)
async def test_a_message_that_is_wrong_is_refused_in_the_servers_words(
    client: Client, anna: Resident, arguments: dict[str, Any], sentence: str
) -> None:
    given = {"chat_id": anna.chat.id} | arguments
    assert await client.refused("sendMessage", **given) == f"400 Bad Request: {sentence}"
    assert anna.heard == []


@pytest.mark.parametrize(
    "arguments",
    [
        {"text": "x" * 4096},
        {"text": "😀" * 4096},
        {"text": f"<b>{'x' * 4096}</b>", "parse_mode": "HTML"},
        {"text": f"  {'x' * 4096}\n"},
        {"text": "x", "reply_markup": button(callback_data="é" * 32)},
        {"text": "x", "reply_markup": rows(*[8] * 12, 4)},
        {"text": "x", "reply_markup": {"inline_keyboard": []}},
        {"text": "x", "reply_parameters": {"message_id": 99, "allow_sending_without_reply": True}},
    ],
)
async def test_what_just_fits_is_sent(client: Client, anna: Resident, arguments: dict[str, Any]) -> None:
    await client.call("sendMessage", chat_id=anna.chat.id, **arguments)
    assert len(anna.heard) == 1


async def test_a_text_is_trimmed_and_its_entities_move_along(client: Client, anna: Resident) -> None:
    bold = [{"type": "bold", "offset": 2, "length": 4}]
    sent = await client.call("sendMessage", chat_id=anna.chat.id, text="\n oui  ", entities=bold)
    assert (sent["text"], sent["entities"]) == ("oui", [{"type": "bold", "offset": 0, "length": 3}])


async def test_a_caption_has_1024_characters_at_most(client: Client, anna: Resident) -> None:
    photo = {"photo": ("a.jpg", picture(), "image/jpeg")}
    refused = await client.refused("sendPhoto", photo, chat_id=anna.chat.id, caption="x" * 1025)
    assert refused == "400 Bad Request: message caption is too long"
    await client.call("sendPhoto", photo, chat_id=anna.chat.id, caption="x" * 1024)


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "file must be non-empty"),
        (b"%PDF", "IMAGE_PROCESS_FAILED"),
        (picture(2100, 100), "PHOTO_INVALID_DIMENSIONS"),
        (picture(6000, 4001), "PHOTO_INVALID_DIMENSIONS"),
        (
            b"\xff" * ((10 << 20) + 1),
            "file of size 10485761 bytes is too big for a photo; the maximum size is 10485760 bytes",
        ),
    ],
    ids=["empty", "no picture", "too long", "too large", "too heavy"],
)
async def test_a_photo_has_to_be_one(client: Client, anna: Resident, content: bytes, sentence: str) -> None:
    photo = {"photo": ("a.jpg", content, "image/jpeg")}
    assert await client.refused("sendPhoto", photo, chat_id=anna.chat.id) == f"400 Bad Request: {sentence}"


async def test_a_photo_is_fetched_from_the_web(client: Client, anna: Resident, platform: Platform) -> None:
    platform.files.web["https://x.fr/a.jpg"] = Upload("a.jpg", picture(), "image/jpeg")
    platform.files.web["https://x.fr/a"] = Upload("a", b"<html>", "text/html")
    await client.call("sendPhoto", chat_id=anna.chat.id, photo="https://x.fr/a.jpg")
    for photo, sentence in (
        ("https://x.fr/none.jpg", "failed to get HTTP URL content"),
        ("https://x.fr/a", "wrong type of the web page content"),
        ("", "there is no photo in the request"),
    ):
        refused = await client.refused("sendPhoto", chat_id=anna.chat.id, photo=photo)
        assert refused == f"400 Bad Request: {sentence}"


async def test_a_menu_is_kept_by_language_and_scope(client: Client) -> None:
    menu = [{"command": "menu", "description": "Le menu"}]
    private = {"type": "all_private_chats"}
    await client.call("setMyCommands", commands=menu, scope=private, language_code="fr")
    assert await client.call("getMyCommands", scope=private, language_code="fr") == menu
    assert await client.call("getMyCommands", scope=private) == []
    await client.call("deleteMyCommands", scope=private, language_code="fr")
    assert await client.call("getMyCommands", scope=private, language_code="fr") == []


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ({"commands": [{"command": "Menü", "description": "x"}]}, "BOT_COMMAND_INVALID"),
        ({"commands": [{"command": "x" * 33, "description": "x"}]}, "command length must not exceed 32"),
        ({"commands": [{"command": "x", "description": ""}]}, "command description must be non-empty"),
        (
            {"commands": [{"command": "x", "description": "x" * 257}]},
            "command description length must not exceed 256",
        ),
        ({"commands": [], "language_code": "fra"}, "invalid language code specified"),
        ({"commands": [], "scope": {"type": "town"}}, "can't parse BotCommandScope: Unsupported type specified"),
    ],
)
async def test_a_wrong_menu_is_refused(client: Client, arguments: dict[str, Any], sentence: str) -> None:
    assert await client.refused("setMyCommands", **arguments) == f"400 Bad Request: {sentence}"


async def test_a_bot_says_what_it_is_in_each_language(client: Client) -> None:
    await client.call("setMyDescription", description="Bonjour")
    await client.call("setMyDescription", description="Hallo", language_code="de")
    described = [await client.call("getMyDescription", language_code=code) for code in ("de", "it")]
    assert described == [{"description": "Hallo"}, {"description": "Bonjour"}]
    assert "too long" in await client.refused("setMyShortDescription", short_description="x" * 121)


async def test_an_action_is_one_of_the_known(client: Client, anna: Resident) -> None:
    await client.call("sendChatAction", chat_id=anna.chat.id, action="typing")
    refused = await client.refused("sendChatAction", chat_id=anna.chat.id, action="dancing")
    assert refused == "400 Bad Request: wrong parameter action in request"


@pytest.mark.parametrize(
    ("mode", "source", "text", "entities"),
    [
        ("HTML", "<b>a</b> &lt;&amp; &eacute;", "a <& &eacute;", ["bold 0 1"]),
        ("HTML", "😀<i>x<u>y</u></i>", "😀xy", ["italic 2 2", "underline 3 1"]),
        ("HTML", "<a href='https://x.fr?a=1&amp;b=2'>ici</a>", "ici", ["text_link 0 3 https://x.fr?a=1&b=2"]),
        ("HTML", '<span class="tg-spoiler">s</span><b></b>', "s", ["spoiler 0 1"]),
        ("HTML", "<blockquote expandable>q</blockquote>", "q", ["expandable_blockquote 0 1"]),
        ("MarkdownV2", r"*a _b_* __c__ ~d~ ||e|| 1\.", "a b c d e 1.", ["bold 0 3", "italic 2 1", "underline 4 1"]),
        ("MarkdownV2", r"`x.y` ```z!```", "x.y z!", ["code 0 3", "pre 4 2"]),
        ("MarkdownV2", "[ici](https://x.fr)", "ici", ["text_link 0 3 https://x.fr"]),
        ("MarkdownV2", ">a\n>b\nc", "a\nb\nc", ["blockquote 0 4"]),
        ("Markdown", r"*a* _b_ `c` [d](https://x.fr) \*e. f-g", "a b c d *e. f-g", ["bold 0 1", "italic 2 1"]),
    ],
)
def test_marks_are_read_as_the_server_reads_them(mode: str, source: str, text: str, entities: list[str]) -> None:
    read = formatted(source, mode, "")
    found = [
        " ".join(map(str, (one["type"], one["offset"], one["length"], one.get("url", "")))) for one in read.entities
    ]
    assert (read.text, [one.strip() for one in found][: len(entities)]) == (text, entities)


@pytest.mark.parametrize(
    ("mode", "source", "sentence"),
    [
        ("HTML", "é<h1>", 'Unsupported start tag "h1" at byte offset 2'),
        ("HTML", "<b", "Unclosed start tag at byte offset 0"),
        ("HTML", "<b>x", 'Can\'t find end tag corresponding to start tag "b"'),
        ("HTML", "x</b>", "Unexpected end tag at byte offset 1"),
        ("HTML", "<b>x</i>", 'Unmatched end tag at byte offset 4, expected "</b>", found "</i>"'),
        ("HTML", "3 < 4", "Unclosed start tag at byte offset 2"),
        ("HTML", "<span>x</span>", 'Tag "span" must have class "tg-spoiler" at byte offset 0'),
        ("MarkdownV2", "Oui!", "Character '!' is reserved and must be escaped with the preceding '\\'"),
        ("MarkdownV2", "a]", "Character ']' is reserved and must be escaped with the preceding '\\'"),
        ("MarkdownV2", "é *x", "Can't find end of Bold entity at byte offset 3"),
        ("MarkdownV2", "||x", "Can't find end of Spoiler entity at byte offset 0"),
        ("Markdown", "é_x", "Can't find end of the entity starting at byte offset 2"),
    ],
)
def test_marks_that_are_wrong_are_refused(mode: str, source: str, sentence: str) -> None:
    with pytest.raises(Refusal) as refused:
        formatted(source, mode, "")
    assert refused.value.description == f"Bad Request: can't parse entities: {sentence}"
