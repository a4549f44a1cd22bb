"""The doors in the settings: setting up a robot, how it is doing and what to do, another key, closing it."""

import re
from datetime import timedelta
from typing import Any

import httpx
import pytest
from playwright.async_api import Page, expect
from sqlalchemy import update
from structlog.testing import capture_logs

from admin_web.door_health import ago
from admin_web.doors import Introduced, NotIntroduced
from flows.texts import translate
from storage import accounts
from storage.accounts import AWAY, KEY, OTHER, TAKEN, Account
from storage.models import Organiser, Space
from tests.admin_web.conftest import NOW, Enter, Town
from tests.admin_web.test_failures import add_delivery
from tests.admin_web.test_posters import dump
from tests.admin_web.test_sign_in import key_of
from tests.browser import DESK, PHONE, assert_accessible

STEPS = "/panel/doors/telegram"
SECRET = "zaubernuss"
TOKEN = f"7000000001:AAF-{SECRET}_1234567890abcdefghi"
OTHER_TOKEN = "7000000002:AAF-hamamelis_1234567890abcdefghij"
ROBOT = Introduced("7000000001", "montaubry_bot", "Montaubry participe")


def words(page: httpx.Response) -> str:
    """The page with plain spaces."""
    return page.text.replace("\N{NO-BREAK SPACE}", " ")


async def paste(claire: httpx.AsyncClient, typed: str, address: str = STEPS) -> httpx.Response:
    page = await claire.get(address)
    return await claire.post(address, data={"key": key_of(page), "secret": typed})


async def kept(town: Town) -> list[Account]:
    async with town.database.read() as connection:
        return await accounts.listed(connection)


@pytest.fixture
def robot(town: Town) -> Introduced:
    """The robot that BotFather has just made."""
    town.robots[TOKEN] = ROBOT
    return ROBOT


# -- setting one up --------------------------------------------------------------------------------------------


async def test_the_steps_hold_the_lines_to_copy_for_this_town(claire: httpx.AsyncClient) -> None:
    text = (await claire.get(STEPS)).text
    assert re.findall(r'<code id="line-\d">([^<]+)</code>', text) == ["/newbot", "Montaubry participe", "montaubry_bot"]
    assert 'type="password" autocomplete="off"' in text
    for picture in re.findall(r'<img src="([^"]+)" alt=""', text):
        answer = await claire.get(picture)
        assert answer.headers["content-type"] == "image/svg+xml"
        assert "script" not in answer.text


@pytest.mark.parametrize(
    "typed", [TOKEN, f"  {TOKEN}\n", f"Use this token to access the HTTP API: {TOKEN} Keep it safe"]
)
async def test_a_key_is_kept_once_telegram_says_whose_it_is(
    claire: httpx.AsyncClient, town: Town, robot: Introduced, typed: str
) -> None:
    taken = await paste(claire, typed)
    assert taken.status_code == 303
    page = words(await claire.get(taken.headers["location"]))
    assert "Le robot s’appelle Montaubry participe (@montaubry_bot). Tout va bien." in page
    [account] = await kept(town)
    assert (account.account, account.name, account.title, account.token) == (
        robot.account, robot.name, robot.title, TOKEN,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("typed", "fault"),
    [
        ("", "Ce n’est pas une clé"),
        ("@montaubry_bot", "Ce n’est pas une clé"),
        ("7000000001:short", "123456:ABC-DEF1234ghIkl"),
        (TOKEN.replace(":", ""), "des chiffres, deux points, des lettres"),
        ("é" * 2000, "Ce n’est pas une clé"),
        (TOKEN[:-1] + "x", "Telegram refuse cette clé"),
    ],
)
async def test_what_is_wrong_with_a_key_is_said_and_nothing_is_kept(
    claire: httpx.AsyncClient, town: Town, robot: Introduced, typed: str, fault: str
) -> None:
    refused = await paste(claire, typed)
    assert refused.status_code == 400
    assert fault in words(refused)
    assert 'aria-invalid="true"' in refused.text
    assert await kept(town) == []


@pytest.mark.parametrize("why", [AWAY, OTHER])
async def test_a_key_is_not_kept_while_telegram_cannot_be_asked(
    claire: httpx.AsyncClient, town: Town, monkeypatch: pytest.MonkeyPatch, why: str
) -> None:
    async def away(*_: str) -> Introduced:
        raise NotIntroduced(why)

    monkeypatch.setattr(town.application.state.site.doors, "introduce", away)
    assert "La clé n’a pas été gardée" in words(await paste(claire, TOKEN))
    assert await kept(town) == []


@pytest.mark.usefixtures("robot")
async def test_a_robot_of_another_town_is_refused(claire: httpx.AsyncClient, town: Town) -> None:
    await town.open_telegram()
    async with town.database.write() as connection:
        await connection.exec_driver_sql("UPDATE accounts SET space_id = 7")
    assert "Ce robot est celui d’une autre ville" in words(await paste(claire, TOKEN))


@pytest.mark.usefixtures("robot")
async def test_a_form_that_is_sent_twice_sets_up_one_robot(claire: httpx.AsyncClient, town: Town) -> None:
    data = {"key": key_of(await claire.get(STEPS)), "secret": TOKEN}
    for _again in range(2):
        assert (await claire.post(STEPS, data=data)).status_code == 303
    assert len(await kept(town)) == 1
    assert (await claire.get(STEPS)).headers["location"] == "/panel/doors"


@pytest.mark.parametrize(
    ("slug", "name"),
    [
        ("montaubry", "montaubry_bot"),
        ("l-isle-sur-la-sorgue", "l_isle_sur_la_sorgue_bot"),
        ("saint-remy-en-bouzemont-saint-genest-et-isson", "saint_remy_en_bouzemont_sain_bot"),
        ("12e-arrondissement", "participe_12e_arrondissement_bot"),
    ],
)
async def test_the_name_that_is_proposed_is_one_telegram_takes(
    claire: httpx.AsyncClient, town: Town, slug: str, name: str
) -> None:
    async with town.database.write() as connection:
        await connection.execute(update(Space).values(slug=slug))
    assert f">{name}</code>" in (await claire.get(STEPS)).text
    assert re.fullmatch(r"[a-z][a-z0-9_]{1,27}_bot", name)


# -- the key is a secret ---------------------------------------------------------------------------------------


@pytest.mark.usefixtures("robot")
async def test_a_key_that_is_kept_stands_on_no_page(claire: httpx.AsyncClient, town: Town) -> None:
    taken = await paste(claire, TOKEN)
    [account] = await kept(town)
    pages = [taken.headers["location"], STEPS, f"/panel/doors/{account.id}/key", f"/panel/doors/{account.id}/close"]
    for path in (*pages, "/panel", "/panel/settings", "/montaubry/centre-ville"):
        answer = await claire.get(path)
        assert SECRET not in answer.text + str(answer.headers), path


async def test_a_key_that_is_refused_is_not_sent_back_nor_logged(
    claire: httpx.AsyncClient, town: Town, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def breaks(_channel: str, token: str) -> Introduced:
        raise RuntimeError(f"https://api.telegram.org/bot{token}/getMe")

    with capture_logs() as logged:
        refused = await paste(claire, TOKEN)
        monkeypatch.setattr(town.application.state.site.doors, "introduce", breaks)
        broken = await paste(claire, TOKEN)
    assert (refused.status_code, broken.status_code) == (400, 500)
    assert SECRET not in refused.text + broken.text + str(logged) + caplog.text
    assert not any(SECRET in row for row in await dump(town))


@pytest.mark.usefixtures("robot")
async def test_a_form_of_another_site_sets_up_nothing(claire: httpx.AsyncClient, town: Town) -> None:
    assert (await claire.post(STEPS, data={"secret": TOKEN})).status_code == 403
    assert await kept(town) == []


@pytest.mark.parametrize("path", ["/panel/doors", STEPS, "/panel/doors/{door}/key", "/panel/doors/{door}/close"])
async def test_doors_are_for_those_who_set_up_how_the_house_works(
    claire: httpx.AsyncClient, town: Town, path: str
) -> None:
    await town.open_telegram()
    async with town.database.write() as connection:
        await connection.execute(update(Organiser).values(role="moderator"))
    assert (await claire.get(path.format(door=town.door))).status_code == 404
    assert "/panel/doors" not in (await claire.get("/panel/settings")).text + (await claire.get("/panel")).text


# -- how they are doing ----------------------------------------------------------------------------------------


async def test_the_web_page_is_always_open_and_telegram_not_yet(claire: httpx.AsyncClient) -> None:
    text = words(await claire.get("/panel/doors"))
    assert 'href="http://montaubry.example/montaubry"' in text
    assert "Toujours ouverte" in text
    assert "Pas encore" in text
    assert "Porte Telegram : pas encore." in words(await claire.get("/panel"))


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (None, ["Telegram a répondu il y a 2 minutes."]),
        (KEY, ["Telegram refuse la clé", "Demandez la clé à BotFather", "Depuis mercredi 10 mars, 10 h 12."]),
        (TAKEN, ["Un autre programme utilise ce robot", "Arrêtez ce programme."]),
        (AWAY, ["Telegram ne peut pas être joint.", "Il n’y a rien à faire"]),
        (OTHER, ["quelque chose d’inattendu", "Prévenez qui a installé Palabre."]),
    ],
)
async def test_a_door_says_how_it_is_doing_and_what_to_do(
    claire: httpx.AsyncClient, town: Town, error: str | None, said: list[str]
) -> None:
    account = await town.open_telegram()
    if error:
        async with town.database.write() as connection:
            await accounts.failed(connection, "telegram", account.account, error, NOW)
    town.pass_time(minutes=2)
    page = words(await claire.get("/panel/doors"))
    for sentence in said:
        assert sentence in page
    home = words(await claire.get("/panel"))
    assert ("Porte Telegram : quelque chose ne va pas." in home) is (error not in (None, AWAY))
    assert "pas encore" not in home


async def test_a_robot_of_the_settings_is_shown_and_changed_there(claire: httpx.AsyncClient, town: Town) -> None:
    account = await town.open_telegram(None)
    page = words(await claire.get("/panel/doors"))
    assert "Sa clé est dans les réglages du programme" in page
    assert f"/panel/doors/{account.id}" not in page
    for path in ("key", "close"):
        assert (await claire.get(f"/panel/doors/{account.id}/{path}")).status_code == 404


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(0, "less than a minute ago"), (60, "1 minute ago"), (3599, "59 minutes ago"), (7200, "2 hours ago"),
     (-5, "less than a minute ago"), (86_400, "more than a day ago")],
)  # fmt: skip
def test_how_long_ago_something_was_is_said_in_words(seconds: int, said: str) -> None:
    assert translate(ago(NOW, NOW + timedelta(seconds=seconds)), "en") == said


# -- another key, and closing ----------------------------------------------------------------------------------


@pytest.mark.usefixtures("robot")
async def test_another_key_of_the_same_robot_takes_the_place_of_the_old_one(
    claire: httpx.AsyncClient, town: Town
) -> None:
    account = await town.open_telegram("7000000001:old")
    async with town.database.write() as connection:
        await accounts.failed(connection, "telegram", account.account, KEY, NOW)
    changed = await paste(claire, TOKEN, f"/panel/doors/{account.id}/key")
    assert "Tout va bien." in (await claire.get(changed.headers["location"])).text
    [now] = await kept(town)
    assert (now.id, now.token, now.error) == (account.id, TOKEN, None)


async def test_the_key_of_another_robot_is_refused_where_a_key_is_changed(
    claire: httpx.AsyncClient, town: Town
) -> None:
    town.robots[OTHER_TOKEN] = Introduced("7000000002", "arvelle_bot", "Arvelle")
    account = await town.open_telegram()
    refused = await paste(claire, OTHER_TOKEN, f"/panel/doors/{account.id}/key")
    assert "C’est la clé d’un autre robot, @arvelle_bot." in words(refused)
    assert await kept(town) == [account]


async def test_telegram_is_paid_to_send_faster_once_its_price_was_read(
    claire: httpx.AsyncClient, town: Town, robot: Introduced
) -> None:
    await paste(claire, TOKEN)
    [account] = await kept(town)
    address = f"/panel/doors/{account.id}/paid"
    assert not account.paid
    page = await claire.get(address)
    assert "0,1 étoile Telegram" in words(page)
    await claire.post(address, data={"key": key_of(page), "paid": "1"})
    assert [one.paid for one in await kept(town)] == [True]
    page = await claire.get(address)
    assert "payant en ce moment" in words(page)
    await claire.post(address, data={"key": key_of(page)})
    assert [one.paid for one in await kept(town)] == [False]


async def test_a_door_is_closed_after_its_people_were_counted(claire: httpx.AsyncClient, town: Town) -> None:
    account = await town.open_telegram()
    for _person in range(2):
        await add_delivery(town, "sent")
    path = f"/panel/doors/{account.id}/close"
    page = await claire.get(path)
    assert "2 personnes sont venues par cette porte." in words(page)
    assert "Fermer, et ne plus écrire à 2 personnes" in words(page)
    assert await kept(town) == [account]
    closed = await claire.post(path, data={"key": key_of(page)})
    assert "Pas encore" in (await claire.get(closed.headers["location"])).text
    assert await kept(town) == []
    assert (await claire.post(path, data={"key": key_of(page)})).status_code == 404


async def test_a_door_by_which_nobody_came_says_so(claire: httpx.AsyncClient, town: Town) -> None:
    account = await town.open_telegram()
    assert "Personne n’est encore venu par cette porte." in (await claire.get(f"/panel/doors/{account.id}/close")).text


@pytest.mark.parametrize("path", ["/panel/doors/7/key", "/panel/doors/7/close", f"/panel/doors/{2**70}/key"])
async def test_a_door_of_nobody_or_of_another_town_is_not_there(
    claire: httpx.AsyncClient, town: Town, path: str
) -> None:
    await town.open_telegram()
    async with town.database.write() as connection:
        await connection.exec_driver_sql("UPDATE accounts SET space_id = 7, id = 7")
    assert (await claire.get(path)).status_code == 404


# -- in a browser ----------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("robot")
async def test_a_robot_is_set_up_without_javascript(page_without_javascript: Page, served: Town, enter: Enter) -> None:
    page = page_without_javascript
    await enter(page)
    await page.get_by_role("link", name="La mettre en place").click()
    await page.get_by_label("Clé du robot").fill("montaubry")
    await page.get_by_role("button", name="Vérifier").click()
    await expect(page.get_by_role("alert")).to_contain_text("Ce n’est pas une clé")
    await expect(page.get_by_label("Clé du robot")).to_have_value("")
    await page.get_by_label("Clé du robot").fill(TOKEN)
    await page.get_by_role("button", name="Vérifier").click()
    await expect(page.get_by_role("status")).to_contain_text("Tout va bien.")
    assert [one.token for one in await kept(served)] == [TOKEN]


async def test_the_steps_are_accessible_and_fit_everywhere(page: Page, served: Town, enter: Enter) -> None:
    await enter(page)
    for path in (STEPS, "/panel/doors"):
        await page.goto(served.url + path)
        for scheme, size in (("light", DESK), ("dark", PHONE)):
            await page.emulate_media(color_scheme=scheme, reduced_motion="reduce")  # type: ignore[arg-type]
            await page.set_viewport_size({"width": size["width"], "height": size["height"]})
            await assert_accessible(page)
        await page.set_viewport_size({"width": 320, "height": 640})
        assert await page.evaluate("document.documentElement.scrollWidth") <= 320
        drawn: list[Any] = await page.eval_on_selector_all("img", "all => all.map(one => one.naturalWidth)")
        assert all(drawn)


async def test_a_line_is_copied_by_its_button(page: Page, served: Town, enter: Enter) -> None:
    await page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    await enter(page)
    await page.goto(served.url + STEPS)
    await page.get_by_role("button", name="Copier montaubry_bot").click()
    await expect(page.get_by_role("button", name="Copié")).to_be_visible()
    assert await page.evaluate("navigator.clipboard.readText()") == "montaubry_bot"
