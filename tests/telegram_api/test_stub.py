"""The stub's chats: what is sent is seen, what is done arrives."""

from __future__ import annotations

import asyncio

import pytest
from aiogram import Bot as Aiogram
from aiogram.client.session.aiohttp import AiohttpSession
from aiogram.client.telegram import TelegramAPIServer
from aiogram.exceptions import TelegramBadRequest, TelegramForbiddenError, TelegramRetryAfter
from aiogram.types import BufferedInputFile, InlineKeyboardButton, InlineKeyboardMarkup

from tests.telegram_api import Platform, Resident, faults
from tests.telegram_api.conftest import Client, picture

YES_NO = {"inline_keyboard": [[{"text": "Oui", "callback_data": "y"}, {"text": "Non", "callback_data": "n"}]]}


@pytest.fixture
def aiogram(served: Client) -> Aiogram:
    """The real client library, pointed at the stub."""
    return Aiogram(served.bot.token, session=AiohttpSession(api=TelegramAPIServer.from_base(served.url)))


async def test_a_bot_learns_its_name(client: Client) -> None:
    me = await client.call("getMe")
    assert (me["id"], me["first_name"], me["username"]) == (client.bot.id, "Ville de Nantes", "nantes_bot")


async def test_methods_are_found_in_any_case_and_unknown_ones_are_404(client: Client) -> None:
    assert (await client.call("GETME"))["is_bot"]
    assert await client.refused("sendLove") == "404 Not Found: method not found"


async def test_a_wrong_token_is_401_and_what_can_be_none_404(client: Client) -> None:
    answer = await client.http.get(f"{client.url}/bot123:ABC/getMe")
    assert answer.json() == {"ok": False, "error_code": 401, "description": "Unauthorized"}
    assert (await client.http.get(f"{client.url}/botwhat/getMe")).status_code == 404
    assert (await client.http.get(f"{client.url}/elsewhere")).json()["description"] == "Not Found"


async def test_a_revoked_token_is_unknown_and_the_bot_keeps_its_chats(client: Client, platform: Platform) -> None:
    old = client.bot.token
    platform.new_token(client.bot)
    assert (await client.http.get(f"{client.url}/bot{old}/getMe")).status_code == 401
    assert (await client.call("getMe"))["id"] == client.bot.id


async def test_arguments_come_as_a_form_as_json_or_in_the_address(client: Client, anna: Resident) -> None:
    url = f"{client.url}/bot{client.bot.token}/sendMessage"
    await client.http.post(url, json={"chat_id": anna.chat.id, "text": "un"})
    await client.http.get(url, params={"chat_id": anna.chat.id, "text": "deux"})
    assert (await client.http.post(url, content=b"[", headers={"content-type": "application/json"})).status_code == 400


async def test_a_bot_writes_only_to_those_who_wrote_first(client: Client, platform: Platform) -> None:
    paul = platform.resident(client.bot, "Paul")
    assert await client.refused("sendMessage", chat_id=paul.chat.id, text="?") == "400 Bad Request: chat not found"
    paul.starts("plage")
    await client.call("sendMessage", chat_id=paul.chat.id, text="Bonjour")
    assert [message.text for message in paul.sees] == ["/start plage", "Bonjour"]


async def test_a_start_carries_its_code_as_a_command(client: Client, platform: Platform) -> None:
    platform.resident(client.bot, "Paul", "de").starts("plage-2_x")
    [update] = await client.call("getUpdates")
    assert update["message"]["text"] == "/start plage-2_x"
    assert update["message"]["entities"] == [{"offset": 0, "length": 6, "type": "bot_command"}]
    assert update["message"]["from"]["language_code"] == "de"
    assert update["message"]["from"]["id"] == update["message"]["chat"]["id"] > 1 << 32


@pytest.mark.parametrize("payload", ["a b", "é", "x" * 65])
async def test_no_deep_link_carries_other_payloads(client: Client, anna: Resident, payload: str) -> None:
    with pytest.raises(ValueError, match="deep link"):
        anna.starts(payload)


async def test_a_link_from_a_poster_leads_to_its_bot_only(anna: Resident) -> None:
    assert anna.opens("https://t.me/nantes_bot?start=plage").text == "/start plage"
    with pytest.raises(ValueError, match="does not lead to @nantes_bot"):
        anna.opens("https://t.me/other_bot?start=plage")


async def test_a_test_waits_for_what_a_bot_does(client: Client, anna: Resident, platform: Platform) -> None:
    sending = asyncio.create_task(client.call("sendMessage", chat_id=anna.chat.id, text="Bonjour"))
    await platform.until(lambda: anna.heard == ["Bonjour"])
    await sending
    with pytest.raises(AssertionError, match="sendmessage 200"):
        await platform.until(lambda: len(anna.heard) == 2, seconds=0.1)


async def test_a_tap_brings_the_message_with_its_buttons(client: Client, anna: Resident) -> None:
    sent = await client.call("sendMessage", chat_id=anna.chat.id, text="Prêts ?", reply_markup=YES_NO)
    tap = anna.taps("Oui")
    [update] = await client.call("getUpdates")
    query = update["callback_query"]
    assert (query["id"], query["data"], query["from"]["id"]) == (tap.id, "y", anna.person.id)
    assert query["message"] == sent
    assert query["message"]["reply_markup"] == YES_NO


async def test_a_message_can_be_tapped_that_was_changed_or_deleted_meanwhile(client: Client, anna: Resident) -> None:
    sent = await client.call("sendMessage", chat_id=anna.chat.id, text="Prêts ?", reply_markup=YES_NO)
    shown = anna.sees[-1]
    await client.call("deleteMessage", chat_id=anna.chat.id, message_id=sent["message_id"])
    anna.taps("y", on=shown)
    [update] = await client.call("getUpdates")
    assert update["callback_query"]["message"] == {"message_id": shown.id, "chat": anna.chat.json(), "date": 0}


async def test_who_blocked_the_bot_does_nothing_with_it(anna: Resident) -> None:
    anna.blocks()
    with pytest.raises(ValueError, match="Anna"):
        anna.writes("?")


async def test_one_person_has_the_same_id_at_two_bots(anna: Resident, platform: Platform) -> None:
    elsewhere = platform.resident(platform.bot("Rennes"), "Anna", person=anna.person)
    assert elsewhere.chat.id == anna.chat.id
    assert elsewhere.sees == []


async def test_a_button_that_nobody_sees_cannot_be_tapped(client: Client, anna: Resident) -> None:
    with pytest.raises(LookupError, match="Oui"):
        anna.taps("Oui")


async def test_a_tap_is_answered_within_150_seconds_and_no_later(
    client: Client, anna: Resident, platform: Platform
) -> None:
    await client.call("sendMessage", chat_id=anna.chat.id, text="Prêts ?", reply_markup=YES_NO)
    first, second = anna.taps("Oui"), anna.taps("n")
    await client.call("answerCallbackQuery", callback_query_id=first.id, text="Merci")
    assert first.answer == {"text": "Merci", "show_alert": False}
    platform.clock.skip(151)
    assert await client.refused("answerCallbackQuery", callback_query_id=second.id) == (
        "400 Bad Request: query is too old and response timeout expired or query ID is invalid"
    )
    assert second.answer is None
    assert await client.call("getUpdates") == []


async def test_an_edit_changes_what_is_seen_and_takes_the_buttons_away(client: Client, anna: Resident) -> None:
    sent = await client.call("sendMessage", chat_id=anna.chat.id, text="Prêts ?", reply_markup=YES_NO)
    where = {"chat_id": anna.chat.id, "message_id": sent["message_id"]}
    edited = await client.call("editMessageText", text="Prêts !", **where)
    assert "edit_date" in edited
    assert (anna.sees[-1].text, anna.sees[-1].labels) == ("Prêts !", [])
    await client.call("editMessageReplyMarkup", reply_markup=YES_NO, **where)
    assert anna.sees[-1].labels == ["Oui", "Non"]
    assert (await client.refused("editMessageReplyMarkup", reply_markup=YES_NO, **where)).startswith(
        "400 Bad Request: message is not modified"
    )


async def test_only_ones_own_messages_are_edited(client: Client, anna: Resident) -> None:
    theirs = anna.writes("Bonjour")
    where = {"chat_id": anna.chat.id, "text": "?"}
    assert await client.refused("editMessageText", message_id=99, **where) == (
        "400 Bad Request: message to edit not found"
    )
    assert await client.refused("editMessageText", message_id=theirs.id, **where) == (
        "400 Bad Request: message can't be edited"
    )


async def test_a_message_is_deleted_for_two_days(client: Client, anna: Resident, platform: Platform) -> None:
    platform.limits.per_chat = None
    first, second = [
        (await client.call("sendMessage", chat_id=anna.chat.id, text=text))["message_id"] for text in ("un", "deux")
    ]
    await client.call("deleteMessage", chat_id=anna.chat.id, message_id=first)
    assert anna.heard == ["deux"]
    again = await client.refused("deleteMessage", chat_id=anna.chat.id, message_id=first)
    assert again == "400 Bad Request: message to delete not found"
    platform.clock.skip(48 * 3600 + 1)
    late = await client.refused("deleteMessage", chat_id=anna.chat.id, message_id=second)
    assert late == "400 Bad Request: message can't be deleted for everyone"


async def test_who_blocked_the_bot_is_403_until_they_let_it_in_again(client: Client, anna: Resident) -> None:
    anna.blocks()
    assert await client.refused("sendMessage", chat_id=anna.chat.id, text="?") == (
        "403 Forbidden: bot was blocked by the user"
    )
    anna.unblocks()
    await client.call("sendMessage", chat_id=anna.chat.id, text="Re")
    blocked, back = [update["my_chat_member"] for update in await client.call("getUpdates")]
    assert blocked["new_chat_member"]["status"] == back["old_chat_member"]["status"] == "kicked"


async def test_who_left_telegram_is_deactivated(client: Client, anna: Resident) -> None:
    anna.leaves_telegram()
    assert await client.refused("sendMessage", chat_id=anna.chat.id, text="?") == "403 Forbidden: user is deactivated"


async def test_a_correction_is_an_update_of_the_same_message(client: Client, anna: Resident) -> None:
    message = anna.writes("Des bans")
    anna.edits(message, "Des bancs")
    first, second = await client.call("getUpdates")
    assert first["message"]["message_id"] == second["edited_message"]["message_id"]
    assert (second["edited_message"]["text"], first["message"]["text"]) == ("Des bancs", "Des bans")


async def test_everything_else_arrives_as_what_it_is(client: Client, anna: Resident) -> None:
    anna.sends_voice()
    anna.sends_sticker()
    anna.shares_place(47.2, -1.55)
    anna.shares_contact("+33612345678")
    kinds = [set(update["message"]) for update in await client.call("getUpdates")]
    for kind, fields in zip(("voice", "sticker", "location", "contact"), kinds, strict=True):
        assert kind in fields


async def test_a_photo_is_downloaded_byte_for_byte(client: Client, anna: Resident) -> None:
    anna.sends_photo(picture(), "Le banc")
    [update] = await client.call("getUpdates")
    small, large = update["message"]["photo"]
    assert (small["width"], large["width"], update["message"]["caption"]) == (90, 200, "Le banc")
    path = (await client.call("getFile", file_id=large["file_id"]))["file_path"]
    assert (await client.http.get(f"{client.url}/file/bot{client.bot.token}/{path}")).content == picture()


async def test_a_file_over_20_megabytes_is_not_handed_out(client: Client, anna: Resident) -> None:
    anna.sends_document("plan.pdf", b"%PDF", "application/pdf", size=(20 << 20) + 1)
    [update] = await client.call("getUpdates")
    file_id = update["message"]["document"]["file_id"]
    assert await client.refused("getFile", file_id=file_id) == "400 Bad Request: file is too big"
    assert await client.refused("getFile", file_id="AgACxyz") == "400 Bad Request: invalid file_id"


async def test_a_photo_is_sent_by_upload_and_again_by_its_file_id(
    client: Client, anna: Resident, platform: Platform
) -> None:
    platform.limits.per_chat = None
    sent = await client.call(
        "sendPhoto",
        {"photo": ("a.jpg", picture(), "image/jpeg")},
        chat_id=anna.chat.id,
        caption="Ici",
    )
    file_id = sent["photo"][-1]["file_id"]
    again = await client.call("sendPhoto", chat_id=anna.chat.id, photo=file_id)
    assert again["photo"] == sent["photo"]
    other = platform.bot()
    stranger = platform.resident(other, "Anna", person=anna.person)
    stranger.starts()
    client.bot = other
    assert await client.refused("sendPhoto", chat_id=stranger.chat.id, photo=file_id) == (
        "400 Bad Request: wrong file identifier/HTTP URL specified"
    )


async def test_aiogram_understands_the_stub(aiogram: Aiogram, anna: Resident, platform: Platform) -> None:
    platform.limits.per_chat = None
    keyboard = InlineKeyboardMarkup(inline_keyboard=[[InlineKeyboardButton(text="Oui", callback_data="y")]])
    async with aiogram:
        assert (await aiogram.me()).first_name == "Ville de Nantes"
        sent = await aiogram.send_message(anna.chat.id, "Prêts ?", reply_markup=keyboard)
        anna.taps("Oui")
        [update] = await aiogram.get_updates(timeout=1)
        assert update.callback_query is not None
        assert update.callback_query.message == sent
        await aiogram.answer_callback_query(update.callback_query.id)
        photo = await aiogram.send_photo(anna.chat.id, BufferedInputFile(picture(), "a.jpg"), caption="Ici")
        assert photo.photo is not None
        assert (await aiogram.download(photo.photo[-1].file_id)).read() == picture()  # type: ignore[union-attr]
    assert anna.heard == ["Prêts ?", "Ici"]


async def test_aiogram_knows_the_refusals(aiogram: Aiogram, anna: Resident, platform: Platform) -> None:
    async with aiogram:
        with pytest.raises(TelegramBadRequest, match="chat not found"):
            await aiogram.send_message(1, "?")
        anna.blocks()
        with pytest.raises(TelegramForbiddenError, match="blocked by the user"):
            await aiogram.send_message(anna.chat.id, "?")
        platform.faults.script(faults.wait(7))
        with pytest.raises(TelegramRetryAfter) as too_fast:
            await aiogram.send_message(anna.chat.id, "?")
        assert too_fast.value.retry_after == 7
