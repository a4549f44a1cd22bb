"""The stub behaves as the daemon does when all is well."""

from __future__ import annotations

import base64
import re

from tests.signal_daemon import Account, Platform, Resident
from tests.signal_daemon.conftest import Client


async def test_a_text_comes_as_an_envelope_without_a_number(client: Client, anna: Resident) -> None:
    said = anna.says("Bonjour")
    async with client.listens() as heard:
        envelope = await heard.get()
    assert envelope["source"] == envelope["sourceUuid"] == anna.person.aci
    assert envelope["sourceNumber"] is None
    assert envelope["timestamp"] == said.timestamp
    assert envelope["dataMessage"]["message"] == "Bonjour"
    assert not {"reaction", "quote", "attachments"} & set(envelope["dataMessage"])


async def test_what_is_sent_is_heard_under_the_timestamp_that_is_its_id(client: Client, anna: Resident) -> None:
    anna.says("Bonjour")
    sent = [await client.call("send", recipient=[anna.person.aci], message=text) for text in ("Un", "Deux")]
    assert anna.heard == ["Un", "Deux"]
    assert [message.timestamp for message in anna.sees if not message.mine] == [one["timestamp"] for one in sent]
    assert sent[0]["timestamp"] < sent[1]["timestamp"]
    address = {"uuid": anna.person.aci, "number": None, "username": None}
    assert sent[0]["results"] == [{"recipientAddress": address, "type": "SUCCESS"}]


async def test_quotes_and_reactions_name_our_message(client: Client, account: Account, anna: Resident) -> None:
    anna.says("Bonjour")
    sent = await client.call("send", recipient=anna.person.aci, message="1. Oui\n2. Non")
    anna.quotes("Oui")
    anna.reacts("1️⃣")
    async with client.listens() as heard:
        _, quote, reaction = [(await heard.get())["dataMessage"] for _ in range(3)]
    assert (quote["message"], quote["quote"]["id"]) == ("Oui", sent["timestamp"])
    assert quote["quote"]["authorUuid"] == account.aci
    assert reaction["message"] is None
    assert reaction["reaction"]["targetSentTimestamp"] == sent["timestamp"]
    assert (reaction["reaction"]["emoji"], reaction["reaction"]["isRemove"]) == ("1️⃣", False)


async def test_a_photo_is_fetched_from_the_daemon_by_its_id(client: Client, anna: Resident) -> None:
    anna.sends_photo(b"\xff\xd8jpeg", "Le banc")
    async with client.listens() as heard:
        [attachment] = (await heard.get())["dataMessage"]["attachments"]
    assert (attachment["contentType"], attachment["filename"], attachment["size"]) == ("image/jpeg", None, 6)
    got = await client.call("getAttachment", id=attachment["id"])
    assert base64.b64decode(got["data"]) == b"\xff\xd8jpeg"
    error = await client.refused("getAttachment", id="none")
    assert (error["code"], error["message"]) == (-1, "Could not find attachment with ID: none")


async def test_a_place_is_a_link_below_a_picture(client: Client, anna: Resident) -> None:
    anna.shares_place(47.2184, -1.5536, "Place Royale")
    async with client.listens() as heard:
        message = (await heard.get())["dataMessage"]
    assert message["message"] == "Place Royale\nhttps://maps.google.com/maps?q=47.2184%2C-1.5536"
    assert len(message["attachments"]) == 1


async def test_people_correct_and_take_back(client: Client, anna: Resident) -> None:
    said = anna.says("Bonjuor")
    first = said.timestamp
    anna.edits(said, "Bonjour")
    anna.deletes(said)
    async with client.listens() as heard:
        await heard.get()
        edit, deletion = await heard.get(), await heard.get()
    assert edit["editMessage"]["targetSentTimestamp"] == first
    assert edit["editMessage"]["dataMessage"]["message"] == "Bonjour"
    assert deletion["dataMessage"]["remoteDelete"] == {"timestamp": edit["timestamp"]}


async def test_we_correct_take_back_react_and_tell_that_we_read(client: Client, anna: Resident) -> None:
    said = anna.says("Bonjour")
    whom = [anna.person.aci]
    first = await client.call("send", recipient=whom, message="Bonjuor")
    second = await client.call("send", recipient=whom, message="Bonjour", editTimestamp=first["timestamp"])
    assert anna.heard == ["Bonjour"]
    await client.call("sendReaction", recipient=whom, emoji="👍", targetTimestamp=said.timestamp)
    await client.call("sendReceipt", recipient=whom, targetTimestamp=[said.timestamp])
    await client.call("sendTyping", recipient=whom)
    assert (said.reactions, said.receipts, anna.chat.typing) == (["👍"], ["read"], True)
    await client.call("remoteDelete", recipient=whom, targetTimestamp=second["timestamp"])
    assert anna.heard == []


async def test_a_picture_of_ours_travels_in_a_data_uri(client: Client, anna: Resident) -> None:
    anna.says("Bonjour")
    uri = "data:image/png;filename=plan.png;base64," + base64.b64encode(b"png").decode()
    await client.call("send", recipient=[anna.person.aci], message="Le plan", attachment=[uri])
    [file] = anna.newest.files
    assert (file.content, file.kind, file.name) == (b"png", "image/png", "plan.png")
    error = await client.refused("send", recipient=[anna.person.aci], attachment=["/nowhere.png"])
    assert error["code"] == -32603
    assert "AttachmentInvalidException" in error["message"]


async def test_the_daemon_names_its_accounts_and_their_uuids(client: Client, account: Account) -> None:
    assert await client.call("listAccounts") == [{"number": account.number}]
    [status] = await client.call("getUserStatus", recipient=[account.number])
    assert (status["uuid"], status["isRegistered"]) == (account.aci, True)
    [own] = await client.call("listIdentities", number=account.number)
    assert own["uuid"] == account.aci
    assert re.fullmatch(r"[\d.]+", (await client.call("version"))["version"])


async def test_receipts_and_typing_come_among_messages(client: Client, platform: Platform, anna: Resident) -> None:
    platform.noise = 1.0
    anna.says("Bonjour")
    await client.call("send", recipient=[anna.person.aci], message="Oui ?")
    anna.has(anna.newest)
    async with client.listens() as heard:
        kinds = [set(await heard.get()) & {"typingMessage", "dataMessage", "receiptMessage"} for _ in range(3)]
    assert kinds == [{"typingMessage"}, {"dataMessage"}, {"receiptMessage"}]


async def test_what_a_well_behaved_client_never_does_is_noted(
    client: Client, platform: Platform, account: Account, anna: Resident
) -> None:
    bert = platform.resident(account, "Bert")
    await client.call("send", recipient=[anna.person.aci], message="Bonjour !")
    anna.says("Qui est là ?")
    await client.call("send", recipient=[anna.person.aci, bert.person.aci], message="La ville")
    await client.call("send", recipient=[anna.person.aci], message="é" * 1001)
    assert [violation.rule for violation in platform.violations] == ["stranger", "several recipients", "long text"]
