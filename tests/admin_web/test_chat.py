"""The chat page without a browser: what is recorded, what never is, and what is said when something is wrong."""

import asyncio
import struct
import zlib
from collections.abc import AsyncIterator, Sequence
from io import BytesIO

import pytest
from PIL import Image
from sqlalchemy import select, update

from bot.channels import NotKept
from bot.house import House
from flows.messages import Incoming
from storage import models
from tests.channels.open_house import PAGE, Browser, browser, count, opened

HOW, FAR, WHY, PICTURE = "How do you come?", "From how many kilometres?", "What should change?", "A picture?"


@pytest.fixture
async def built(database_url: str) -> AsyncIterator[House]:
    async with opened(database_url) as house:
        yield house


@pytest.fixture
async def resident(built: House) -> AsyncIterator[Browser]:
    async with browser(built) as one:
        yield one


@pytest.fixture
async def answering(resident: Browser) -> Browser:
    """Somebody who agreed, and is asked the first question."""
    await resident.begin()
    await resident.press("Yes, begin")
    return resident


async def reach(resident: Browser, question: str) -> None:
    """Answer until this question is asked."""
    for asked, answer in ((HOW, {"text": "On foot"}), (FAR, {"text": "12"}), (WHY, {"text": "More benches"})):
        if question in resident.bubbles[-1]:
            return
        assert asked in resident.bubbles[-1]
        await resident.send(**answer)
    assert question in resident.bubbles[-1]


async def test_opening_the_page_records_nothing_and_sets_no_cookie(built: House, resident: Browser) -> None:
    opened_ = await resident.open()
    assert (opened_.status_code, opened_.headers.get("set-cookie")) == (200, None)
    assert "Begin" in opened_.text
    for table in (models.Participant, models.Address, models.Heard, models.Delivery):
        assert await count(built.database, table) == 0


async def test_beginning_sets_a_cookie_no_script_can_read_and_leads_to_consent(resident: Browser) -> None:
    await resident.open()
    response = await resident.client.post(PAGE, data={"nonce": resident.hidden("nonce"), "begin": "yes"})
    assert (response.status_code, response.headers["location"]) == (303, f"{PAGE}#now")
    cookie = response.headers["set-cookie"].casefold()
    assert all(part in cookie for part in ("httponly", "samesite=lax", "path=/", "max-age=31536000"))
    await resident.open()
    assert "Do you agree to answer?" in resident.bubbles[-1]


async def test_the_cookie_is_secure_where_the_page_is(database_url: str) -> None:
    async with opened(database_url, "https://montaubry.example") as house, browser(house) as resident:
        await resident.open()
        response = await resident.client.post(PAGE, data={"nonce": resident.hidden("nonce"), "begin": "yes"})
        assert "secure" in response.headers["set-cookie"].casefold()


async def test_a_whole_talk_is_answered_by_buttons_and_words(built: House, answering: Browser) -> None:
    await answering.press("By bicycle")
    await answering.send(text="12")
    await answering.send(text="More benches")
    await answering.press("Skip")
    await answering.press("Send")
    assert "It is sent. Thank you." in answering.bubbles[-1]
    async with built.database.read() as connection:
        row = (await connection.execute(select(models.Contribution.fields, models.Contribution.origin))).one()
    assert row == ({"how": "bike", "far": 12, "why": "More benches", "photo": None}, "web")


async def test_a_tap_stands_in_the_history_by_its_label(answering: Browser) -> None:
    await answering.press("By bicycle")
    assert answering.bubbles[-2].split() == ["You:", "By", "bicycle"]
    await answering.send(tap="!code")
    assert answering.bubbles[-3].split() == ["You:", "Get", "a", "return", "code"]


async def test_the_poster_s_code_is_remembered_with_the_conversation(built: House, resident: Browser) -> None:
    await resident.open("/c/PAIN22")
    await resident.send("/c/PAIN22", begin="yes")
    async with built.database.read() as connection:
        assert await connection.scalar(select(models.Conversation.place)) == "Boulangerie"


async def test_the_same_form_sent_twice_is_one_message(built: House, answering: Browser) -> None:
    form = {"nonce": answering.hidden("nonce"), "last": answering.hidden("last"), "text": "On foot"}
    sent = [await answering.client.post(PAGE, data=form) for _ in range(3)]
    assert {one.status_code for one in sent} == {303}
    await answering.open()
    assert [one for one in answering.bubbles if "On foot" in one and "You" in one] == [answering.bubbles[-2]]
    assert FAR in answering.bubbles[-1]


async def test_a_double_click_on_begin_makes_one_person(built: House, resident: Browser) -> None:
    await resident.open()
    form = {"nonce": resident.hidden("nonce"), "begin": "yes"}
    both = await asyncio.gather(*(resident.client.post(PAGE, data=form, headers={"Cookie": ""}) for _ in range(2)))
    assert both[0].headers["set-cookie"] == both[1].headers["set-cookie"]
    assert await count(built.database, models.Participant) == 1
    assert await count(built.database, models.Heard) == 1


async def test_a_text_written_under_an_older_question_is_not_misfiled(built: House, answering: Browser) -> None:
    form = {"nonce": answering.hidden("nonce"), "last": answering.hidden("last"), "text": "7"}
    await answering.press("On foot")  # in another tab
    late = await answering.client.post(PAGE, data=form)
    assert late.status_code == 409
    assert 'value="7"' in late.text
    await answering.open()
    assert FAR in answering.bubbles[-1]


async def test_what_can_not_be_kept_stays_in_its_field(
    built: House, answering: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    await reach(answering, WHY)

    async def full(_messages: Sequence[Incoming]) -> None:
        raise NotKept

    monkeypatch.setattr(built.reception, "keep", full)
    response = await answering.send(text='Plus de bancs & "d\'ombre"')
    assert response.status_code == 503
    assert "please send it again in a moment" in response.text
    assert "Plus de bancs &amp; &#34;d&#39;ombre&#34;</textarea>" in response.text
    assert "Plus de bancs" not in "".join(answering.bubbles)


@pytest.mark.parametrize("cookie", ["x", "A" * 43, "é" * 43, "A" * 5_000, "'; DROP TABLE participants"])
async def test_an_unknown_cookie_is_a_newcomer(built: House, resident: Browser, cookie: str) -> None:
    headers = {b"Cookie": f"palabre-talk={cookie}".encode()}
    response = await resident.client.get(PAGE, headers=headers)
    assert (response.status_code, "Begin" in response.text) == (200, True)
    form = {"nonce": "n", "text": "hello", "last": "1"}
    assert (await resident.client.post(PAGE, data=form, headers=headers)).status_code == 303
    assert (await resident.client.get(f"{PAGE}/stream", headers=headers)).status_code == 204
    assert await count(built.database, models.Participant) == 0


@pytest.mark.parametrize(
    ("data", "status"),
    [
        ({}, 400),
        ({"nonce": "n\0"}, 400),
        ({"nonce": "n", "text": "a\0b"}, 400),
        ({"nonce": "n", "tap": "x" * 65}, 413),
        ({"nonce": "n", "text": "x" * 100_001}, 413),
        ({"nonce": "n", "text": "x" * 13_000_000}, 413),
        ({"nonce": "n"}, 303),
        ({"nonce": "n", "tap": "\ufdd0:‮:x"}, 303),
        ({"nonce": "n", "tap": "AAAAAAAAAAA:how:foot"}, 303),
    ],
)
async def test_broken_forms_get_a_page_in_words(answering: Browser, data: dict[str, str], status: int) -> None:
    given = {"last": answering.hidden("last"), **data}
    response = await answering.client.post(PAGE, data=given)
    assert response.status_code == status
    assert "Traceback" not in response.text
    await answering.open()
    assert any(HOW in bubble for bubble in answering.bubbles)


@pytest.mark.parametrize("body", [b"", b"--x", b"--x\r\nContent-Disposition: form-data\r\n\r\n", b"\xff" * 1000])
async def test_a_broken_multipart_gets_a_page_in_words(answering: Browser, body: bytes) -> None:
    headers = {"Content-Type": "multipart/form-data; boundary=x"}
    assert (await answering.client.post(PAGE, content=body, headers=headers)).status_code == 400


async def test_characters_that_are_only_half_there_are_kept_as_question_marks(answering: Browser) -> None:
    await reach(answering, WHY)
    fields = {"nonce": answering.hidden("nonce"), "last": answering.hidden("last")}
    parts = [
        f'--x\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n' for name, value in fields.items()
    ]
    parts.append('--x\r\nContent-Disposition: form-data; name="_charset_"\r\n\r\nunicode_escape\r\n')
    parts.append('--x\r\nContent-Disposition: form-data; name="text"\r\n\r\nab\\ud800c\r\n--x--\r\n')
    headers = {"Content-Type": "multipart/form-data; boundary=x; charset=unicode_escape"}
    response = await answering.client.post(PAGE, content="".join(parts).encode(), headers=headers)
    assert response.status_code == 303


async def test_a_text_longer_than_what_is_kept_gets_the_reader_s_sentence(answering: Browser) -> None:
    await reach(answering, WHY)
    await answering.send(text="x" * 300)
    assert "This text has 300 characters, and 200 is the most I can keep." in answering.bubbles[-1]


async def test_forms_of_other_sites_are_refused(built: House, resident: Browser) -> None:
    await resident.open()
    form = {"nonce": resident.hidden("nonce"), "begin": "yes"}
    response = await resident.client.post(PAGE, data=form, headers={"Origin": "https://evil.example"})
    assert response.status_code == 403
    assert await count(built.database, models.Participant) == 0


@pytest.mark.parametrize("address", ["/c/nowhere", "/c/%00", "/c/" + "x" * 3_000, "/c/nowhere/stream"])
async def test_an_address_that_leads_nowhere_says_so(resident: Browser, address: str) -> None:
    assert (await resident.client.get(address)).status_code in (400, 404)


async def test_a_draft_is_not_there_and_a_closed_one_has_no_button(built: House, resident: Browser) -> None:
    async with built.database.write() as connection:
        await connection.execute(update(models.Consultation).values(state="closed"))
    assert "Begin" not in (await resident.open()).text
    async with built.database.write() as connection:
        await connection.execute(update(models.Consultation).values(state="draft"))
    assert (await resident.open()).status_code == 404


async def test_the_page_speaks_the_browser_s_language_then_the_participant_s(built: House) -> None:
    async with browser(built, "fr-FR,fr;q=0.9,en;q=0.5") as resident:
        assert '<html lang="fr"' in (await resident.open()).text
        await resident.send(begin="yes")
        await resident.press("English")
        assert '<html lang="en"' in resident.html
    async with browser(built, "de") as stranger:
        await stranger.begin()
        assert "English?" in stranger.bubbles[-1]


async def test_what_was_erased_is_not_drawn(built: House, answering: Browser) -> None:
    await answering.send(tap="!privacy")
    await answering.send(text="/delete")
    await answering.press("Yes, erase everything")
    assert "Begin" in (await answering.open()).text
    assert answering.bubbles == []
    for _ in range(100):  # until the courier has nothing left to say to them
        if not await count(built.database, models.Address):
            break
        await asyncio.sleep(0.05)
    assert not await count(built.database, models.Address)


async def test_what_was_swept_is_not_drawn(built: House, answering: Browser) -> None:
    await reach(answering, FAR)
    async with built.database.write() as connection:
        await connection.execute(update(models.Heard).values(shown=None, tap=None))
    await answering.open()
    assert not [bubble for bubble in answering.bubbles if bubble.startswith("You")]


async def test_another_consultation_is_begun_by_its_own_button(built: House, answering: Browser) -> None:
    async with built.database.write() as connection:
        await connection.execute(update(models.Conversation).values(phase_id=None))
    assert "Begin: The town centre and you" in (await answering.open()).text


# -- photos ----------------------------------------------------------------------------------------------------


def picture(kind: str = "JPEG", size: tuple[int, int] = (40, 30)) -> bytes:
    """A photo that says where it was taken, and lies on its side."""
    out = BytesIO()
    exif = Image.Exif()
    exif[0x0112] = 6  # turn right
    exif.get_ifd(0x8825)[2] = (48.0, 51.0, 24.0)  # GPS latitude
    Image.new("RGB", size, "red").save(out, kind, exif=exif, comment=b"secret")
    return out.getvalue()


async def test_a_photo_is_kept_upright_and_without_what_it_knows(built: House, answering: Browser) -> None:
    await reach(answering, PICTURE)
    assert 'enctype="multipart/form-data"' in answering.html
    await answering.send(files={"photo": ("IMG_1.jpg", picture(size=(3000, 1500)), "image/jpeg")})
    assert "Noted: your photo." in answering.bubbles[-1]
    async with built.database.read() as connection:
        row = (await connection.execute(select(models.File.content, models.File.digest))).one()
    with Image.open(BytesIO(row.content)) as kept:
        assert (kept.format, kept.size) == ("JPEG", (1024, 2048))
        assert not kept.getexif()
        assert "comment" not in kept.info
    assert f'src="{PAGE}/sent/{row.digest}"' in answering.html
    shown = await answering.client.get(f"{PAGE}/sent/{row.digest}")
    assert (shown.content, shown.headers["content-type"]) == (row.content, "image/jpeg")
    async with browser(built) as other:
        assert (await other.client.get(f"{PAGE}/sent/{row.digest}")).status_code == 404
        await other.begin()
        assert (await other.client.get(f"{PAGE}/sent/{row.digest}")).status_code == 404


def bomb() -> bytes:
    """A PNG of a few hundred bytes that says it is 30,000 points a side."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", 30_000, 30_000, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(b"\0" * 1000))
        + chunk(b"IEND", b"")
    )


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"<svg onload=alert(1)>", "not a photo I can read"),
        (picture()[:-200], "damaged"),
        (bomb(), "too large to be read"),
        (picture("PNG", (9_000, 6_000)), "too many points"),
        (b"\xff\xd8" + b"\0" * (10 * 1024 * 1024), "larger than 10 MB"),
    ],
    ids=["no picture", "cut", "bomb", "huge", "heavy"],
)
async def test_what_is_no_photo_gets_a_clear_sentence(
    built: House, answering: Browser, content: bytes, said: str
) -> None:
    await reach(answering, PICTURE)
    response = await answering.send(files={"photo": ("x.jpg", content, "image/jpeg")})
    assert response.status_code == 400
    assert said in response.text
    assert await count(built.database, models.File) == 0


# -- return codes ----------------------------------------------------------------------------------------------


async def return_code(resident: Browser) -> str:
    await resident.send(tap="!code")
    [said] = [bubble for bubble in resident.bubbles if "Your return code:" in bubble]
    return said.partition("Your return code: ")[2][:14]


async def test_a_return_code_finds_the_conversation_on_another_device(built: House, answering: Browser) -> None:
    await answering.press("On foot")
    code = await return_code(answering)
    async with browser(built) as phone:
        await phone.open()
        assert (await phone.send(f"{PAGE}/return", code=code.lower().replace("-", " "))).status_code == 200
        assert phone.bubbles == answering.bubbles
        await phone.send(text="12")
        assert WHY in phone.bubbles[-1]
        async with browser(built) as third:
            await third.open()
            assert "This code is not known" in (await third.send(f"{PAGE}/return", code=code)).text
    await answering.open()
    assert WHY in answering.bubbles[-1]


async def test_a_browser_that_had_a_conversation_moves_to_the_one_found(built: House, answering: Browser) -> None:
    code = await return_code(answering)
    async with browser(built) as other:
        await other.begin()
        assert "Do you agree" in other.bubbles[-1]
        await other.send(f"{PAGE}/return", code=code)
        assert HOW in other.bubbles[-1]


async def test_guessing_return_codes_is_slowed_down(built: House, answering: Browser) -> None:
    code = await return_code(answering)
    async with browser(built) as thief:
        await thief.open()
        tried = [(await thief.send(f"{PAGE}/return", code="AAAA-BBBB-CCCC")).status_code for _ in range(11)]
        assert tried == [400] * 10 + [429]
        assert "Try again in 15 minutes" in thief.html
        assert (await thief.send(f"{PAGE}/return", code=code)).status_code == 429


# -- live ------------------------------------------------------------------------------------------------------


async def test_the_answer_in_place_is_the_page_itself(answering: Browser) -> None:
    data = {"nonce": answering.hidden("nonce"), "last": answering.hidden("last"), "text": "On foot"}
    response = await answering.client.post(PAGE, data=data, headers={"X-Requested-With": "palabre"})
    assert response.status_code == 200
    assert FAR in response.text
    assert 'data-live="talk"' in response.text
