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
        ('base_url = "https://a.example:web"', "base_url: Port could not be cast to integer value"),
        (
            'trusted_proxies = "caddy"',
            "trusted_proxies: write addresses and networks, with commas: 127.0.0.1, 10.0.0.0",
        ),
        (
            'base_url = "https://a.example:9443"\n[telegram]\nwebhook = true',
            "telegram.webhook needs base_url on port 443, 80, 88 or 8443",
        ),
        ('[signal]\nurl = "https://signal.example"', "signal.url: signal-cli asks for no password"),
        ('[signal]\nurl = "http://203.0.113.7:8080"', "signal.url: signal-cli asks for no password"),
        ('[signal]\nurl = "http://0.0.0.0:8080"', "signal.url: signal-cli asks for no password"),
        ('[signal]\nurl = "127.0.0.1:8080"', "signal.url: it begins with https:// (or http://"),
        ('[signal]\naccounts = { montaubry = "06 12 34" }', "signal.accounts: the number of montaubry is not one"),
        (
            '[signal.accounts]\na = "+33612345678"\nb = "+33612345678"',
            "signal.accounts: two spaces can't share a number",
        ),
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
    with pytest.raises(
        BadSettings, match="PALABRE_DATABSE_URL is not a setting; there are PALABRE_BACKUPS, PALABRE_BASE"
    ) as wrong:
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


# -- secrets in files of their own ------------------------------------------------------------------------------------


@pytest.fixture
def secrets(here: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where systemd, or a container, lays the secrets of a service."""
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(here / "secrets"))
    (here / "secrets").mkdir()
    return here / "secrets"


def test_secrets_are_read_from_files_of_their_own(here: Path, secrets: Path) -> None:
    (here / "palabre.toml").write_text('port = 9000\n[telegram]\nwebhook = true\napi_url = "http://127.0.0.1:8081"\n')
    (secrets / "database_url").write_text("postgresql://me:sesame@host/name\n")
    (secrets / "telegram_bots").write_text('{"montaubry": "123:Abc"}\n')
    settings = load()
    assert settings.database_url.get_secret_value() == "postgresql://me:sesame@host/name"
    assert settings.telegram.tokens == {"montaubry": "123:Abc"}
    assert (settings.port, settings.telegram.webhook) == (9000, True)


def test_the_environment_wins_over_a_secret_in_a_file(secrets: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (secrets / "database_url").write_text("postgresql://me@host/name\n")
    (secrets / "telegram_bots").write_text("{}")
    monkeypatch.setenv("PALABRE_DATABASE_URL", "sqlite:///other.db")
    assert (load().database_url.get_secret_value(), load().telegram.bots) == ("sqlite:///other.db", {})


def test_secrets_come_beside_those_of_the_file(here: Path, secrets: Path) -> None:
    (here / "palabre.toml").write_text('[telegram]\nbots = { arvelle = "456:Abc" }\n')
    (secrets / "telegram_bots").write_text("{}\n")
    assert load().telegram.tokens == {"arvelle": "456:Abc"}
    (secrets / "telegram_bots").write_text('{"montaubry": "123:Abc"}\n')
    assert load().telegram.tokens == {"arvelle": "456:Abc", "montaubry": "123:Abc"}


def test_without_such_files_nothing_is_missed(secrets: Path) -> None:
    assert load().database_url.get_secret_value() == "sqlite:///palabre.db"


@pytest.mark.parametrize(
    ("name", "written", "sentence"),
    [
        ("telegram_bots", "montaubry=1:sesame", r"/telegram_bots: write it as JSON"),
        ("telegram_bots", '{"montaubry": "sesame"}', r"telegram.bots: the token of montaubry is not one"),
        ("database_url", "sesame", r"database_url: write sqlite:///FILE"),
    ],
)
def test_what_a_secret_says_badly_is_named_and_not_shown(name: str, written: str, sentence: str, secrets: Path) -> None:
    (secrets / name).write_text(written)
    with pytest.raises(BadSettings, match=sentence) as wrong:
        load()
    assert "sesame" not in str(wrong.value)


def test_a_secret_that_cannot_be_read_is_named(secrets: Path) -> None:
    (secrets / "telegram_bots").mkdir()
    with pytest.raises(BadSettings, match=r"telegram_bots cannot be read \(IsADirectoryError\)"):
        load()


@pytest.mark.parametrize(
    "url",
    [
        "http://localhost:8080",
        "http://[::1]:8080",
        "http://10.1.2.3:8080",
        "http://[fd00::7]:8080",
        "http://signal-cli:8080",
    ],
)
def test_signal_is_asked_on_this_machine_or_a_private_network(url: str, here: Path) -> None:
    (here / "palabre.toml").write_text(f'[signal]\nurl = "{url}/"\naccounts = {{ montaubry = "+33612345678" }}\n')
    signal = load().signal
    assert (signal.url, signal.accounts) == (url, {"montaubry": "+33612345678"})


def test_a_number_may_stand_in_the_environment(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PALABRE_SIGNAL_ACCOUNTS", '{"montaubry": "+33612345678"}')
    assert load().signal.accounts == {"montaubry": "+33612345678"}
    monkeypatch.setenv("PALABRE_SIGNAL_ACCOUNTS", "+33612345678")
    with pytest.raises(BadSettings, match="PALABRE_SIGNAL_ACCOUNTS"):
        load()
