"""Settings are read once, from a file and the environment; what is wrong is named and never shown."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.config import BadSettings, load


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_without_anything_there_is_a_house_on_this_machine() -> None:
    settings = load()
    assert settings.database_url.get_secret_value() == "sqlite:///palabre.db"
    assert settings.address == "http://127.0.0.1:8000"


def test_the_file_in_this_folder_is_read(here: Path) -> None:
    (here / "palabre.toml").write_text('port = 9000\nbase_url = "https://participe.example/"\n')
    assert load().port == 9000
    assert load().address == "https://participe.example"


def test_the_environment_wins_over_the_file(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (here / "other.toml").write_text("port = 9000\nhistory_days = 7\n")
    monkeypatch.setenv("PALABRE_PORT", "9001")
    settings = load(here / "other.toml")
    assert (settings.port, settings.history_days) == (9001, 7)


@pytest.mark.parametrize(
    ("written", "sentence"),
    [
        ('port = "many"', "port: Input should be a valid integer"),
        ("history_days = 0", "history_days: Input should be greater than or equal to 1"),
        ("ports = 1", "ports is not a setting; there are database_url, host, port"),
        ('base_url = "participe.example"', "base_url: it begins with https://"),
        ('database_url = "sesame"', "database_url: write sqlite:///FILE or postgresql://"),
        ('database_url = "sqlite://"', "database_url: write sqlite:///FILE or postgresql://"),
        ("port = ", "palabre.toml is not TOML"),
        ("port = 1\nlog_level = 2", "log_level: Input should be 'debug', 'info', 'warning' or 'error'"),
        ('[telegram]\nbots = { montaubry = "sesame" }', "telegram.bots: the token of montaubry is not one"),
        ('[telegram.bots]\na = "1:sesame"\nb = "1:sesame"', "telegram.bots: two spaces can't share a bot"),
        ("[telegram]\nwebhook = true", "telegram.webhook needs base_url, with https://"),
        ('[telegram]\ntoken = "1:sesame"', "telegram.token is not a setting; there are database_url, host, port"),
    ],
)
def test_what_is_wrong_is_named(written: str, sentence: str, here: Path) -> None:
    (here / "palabre.toml").write_text(written)
    with pytest.raises(BadSettings) as wrong:
        load()
    assert str(wrong.value).startswith(sentence)
    assert "sesame" not in str(wrong.value)


def test_bots_of_several_towns_stand_in_the_file_and_in_the_environment(
    here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (here / "palabre.toml").write_text('[telegram]\nbots = { montaubry = "123:Abc-_d" }\n')
    monkeypatch.setenv("PALABRE_TELEGRAM_BOTS", '{"saint-cyr": "456:Abc"}')
    monkeypatch.setenv("PALABRE_TELEGRAM_API_URL", "http://127.0.0.1:8081/")
    telegram = load().telegram
    assert {slug: token.get_secret_value() for slug, token in telegram.bots.items()} == {
        "montaubry": "123:Abc-_d",
        "saint-cyr": "456:Abc",
    }
    assert (telegram.api_url, telegram.webhook, telegram.driver) == ("http://127.0.0.1:8081", False, "aiogram")
    assert "Abc" not in f"{load()!r} {load()}"


def test_what_the_environment_says_badly_of_bots_is_named_and_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PALABRE_TELEGRAM_BOTS", "montaubry=1:sesame")
    with pytest.raises(BadSettings, match="PALABRE_TELEGRAM_BOTS: write it as JSON") as wrong:
        load()
    assert "sesame" not in str(wrong.value)


@pytest.mark.parametrize("name", ["PALABRE_TELEGRAM", "PALABRE_TELEGRAM_BOTS_MONTAUBRY", "PALABRE_TELEGRAM_TOKEN"])
def test_a_variable_about_telegram_that_nobody_knows_is_refused(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, "1:sesame")
    with pytest.raises(BadSettings, match=f"{name} is not a setting; .*PALABRE_TELEGRAM_BOTS") as wrong:
        load()
    assert "sesame" not in str(wrong.value)


def test_a_misspelt_variable_is_not_passed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PALABRE_DATABSE_URL", "postgresql://me:sesame@host/name")
    with pytest.raises(BadSettings, match="PALABRE_DATABSE_URL is not a setting; there are PALABRE_BASE_URL") as wrong:
        load()
    assert "sesame" not in str(wrong.value)


def test_a_file_that_is_named_must_be_there(here: Path) -> None:
    with pytest.raises(BadSettings, match=r"nowhere\.toml cannot be read: No such file or directory"):
        load(here / "nowhere.toml")


def test_no_secret_is_shown_with_the_settings() -> None:
    settings = load().with_database("postgresql://me:sesame@host/name")
    assert "sesame" not in f"{settings!r} {settings}"


def test_settings_never_change() -> None:
    with pytest.raises(ValueError, match="frozen"):
        load().port = 1
