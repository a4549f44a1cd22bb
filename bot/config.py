"""The settings of a house: from `palabre.toml` and the environment, read once and never changed.

The environment wins over the file: `PALABRE_PORT=9000` beats `port = 8000`. A secret may also be handed over as a file
of its own, by systemd or a container. docs/operating.md lists them all.
"""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Iterator, Mapping
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

import orjson
from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import (
    BaseSettings,
    InitSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    SettingsError,
)
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from bot.telegram.replies import TOKEN

FILE = Path("palabre.toml")
PREFIX = "PALABRE_"
CREDENTIALS = "CREDENTIALS_DIRECTORY"
"""Where systemd says that it has laid the secrets of a service, and our container that its own lie."""
POSTED_TO_PORTS = (443, 80, 88, 8443)
"""Telegram posts to no other (https://core.telegram.org/bots/api#setwebhook)."""


class BadSettings(Exception):
    """A setting is missing or wrong. The message names it, and never shows its value: it may be a secret."""


OFFICIAL = "https://api.telegram.org"


class Telegram(BaseModel):
    """The table `[telegram]`, or `PALABRE_TELEGRAM_WEBHOOK` and the like."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    bots: Mapping[str, SecretStr] = Field(default_factory=dict)
    """The token of each space's bot, by the slug of the space. Bots may be set up in the panel as well."""
    paid: frozenset[str] = frozenset()
    """The spaces whose bot of these settings pays Telegram for a faster pace; the panel says it of its own."""
    webhook: bool = False
    """Whether Telegram posts to us what is new; otherwise it is asked."""
    api_url: str = OFFICIAL
    """Another server of the same interface."""
    driver: Literal["aiogram", "python-telegram-bot"] = "aiogram"
    """The library that makes the calls, by the name of its package; the second comes with the extra `ptb`."""

    @field_validator("bots")
    @classmethod
    def _are_tokens(cls, value: Mapping[str, SecretStr]) -> Mapping[str, SecretStr]:
        tokens = [token.get_secret_value() for token in value.values()]
        for slug, token in zip(value, tokens, strict=True):
            if not TOKEN.fullmatch(token):
                raise ValueError(f"the token of {slug} is not one; BotFather writes 123456:ABC-DEF")
        if len({token.partition(":")[0] for token in tokens}) < len(tokens):
            raise ValueError("two spaces can't share a bot: what is written to it is for one of them")
        return value

    @property
    def tokens(self) -> dict[str, str]:
        """In clear, by the slug of the space."""
        return {slug: token.get_secret_value() for slug, token in self.bots.items()}

    @field_validator("api_url")
    @classmethod
    def _is_an_address(cls, value: str) -> str:
        return _address(value)


class Signal(BaseModel):
    """The table `[signal]`, or `PALABRE_SIGNAL_URL` and the like."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    url: str = "http://127.0.0.1:8080"
    """Where signal-cli's daemon is. It asks nobody for a password."""
    accounts: Mapping[str, str] = Field(default_factory=dict)
    """The number of each space, by the slug of the space, `+33612345678`."""

    @field_validator("url")
    @classmethod
    def _is_near(cls, value: str) -> str:
        address = _address(value)
        if not is_near(urlsplit(address).hostname or ""):
            raise ValueError(
                "signal-cli asks for no password: whoever reaches it reads and writes for the town. Let it listen on"
                " 127.0.0.1, or on an address of a private network, and write that one"
            )
        return address

    @field_validator("accounts")
    @classmethod
    def _are_numbers(cls, value: Mapping[str, str]) -> Mapping[str, str]:
        for slug, number in value.items():
            if not NUMBER.fullmatch(number):
                raise ValueError(f"the number of {slug} is not one; write it with its country, +33612345678")
        if len(set(value.values())) < len(value):
            raise ValueError("two spaces can't share a number: what is written to it is for one of them")
        return value


NUMBER = re.compile(r"\+[1-9][0-9]{6,14}")
"""A telephone number with its country (E.164)."""


class Settings(BaseSettings):
    """Everything that can be set."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, env_nested_delimiter="_", env_nested_max_split=1, frozen=True, extra="forbid"
    )

    database_url: SecretStr = SecretStr("sqlite:///palabre.db")
    """`sqlite:///FILE` or `postgresql://USER:PASSWORD@HOST/NAME`; may hold a password."""
    host: str = "127.0.0.1"
    port: int = Field(8000, ge=0, le=65535)
    base_url: str = ""
    """What residents type and posters carry, `https://participe.example`; http://HOST:PORT while it is empty."""
    trusted_proxies: str = "127.0.0.1, ::1"
    """Whom we believe when they say for whom they ask: addresses and networks of the web server before us. To all
    others a request comes from whoever makes it. `*` believes everybody, who may then pretend to be anybody."""
    backups: str = ""
    """The folder that `palabre backup` fills, a file for each day of the week."""
    history_days: int = Field(30, ge=1, le=30)
    """How long the texts of a talk are kept for the chat page; answers that were sent are kept apart."""
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    log_format: Literal["console", "json"] = "console"
    telegram: Telegram = Telegram()
    signal: Signal = Signal()

    @field_validator("database_url")
    @classmethod
    def _is_one_of_ours(cls, value: SecretStr) -> SecretStr:
        try:
            url = make_url(value.get_secret_value())
        except ArgumentError:
            url = make_url("none://")
        in_memory = url.get_backend_name() == "sqlite" and url.database in (None, "", ":memory:")
        if url.get_backend_name() not in ("sqlite", "postgresql") or in_memory:
            raise ValueError("write sqlite:///FILE or postgresql://USER:PASSWORD@HOST/NAME")
        return value

    @field_validator("base_url")
    @classmethod
    def _is_an_address(cls, value: str) -> str:
        return _address(value)

    @field_validator("trusted_proxies")
    @classmethod
    def _are_networks(cls, value: str) -> str:
        for part in value.split(","):
            if part.strip() != "*":
                try:
                    ip_network(part.strip())
                except ValueError:
                    raise ValueError("write addresses and networks, with commas: 127.0.0.1, 10.0.0.0/24") from None
        return value

    @model_validator(mode="after")
    def _can_be_posted_to(self) -> Settings:
        """Telegram itself posts to https only; another server may stand beside us."""
        telegram = self.telegram
        if telegram.webhook and telegram.api_url == OFFICIAL and not self.base_url.startswith("https://"):
            raise ValueError("telegram.webhook needs base_url, with https://: that is where Telegram posts to")
        if telegram.webhook and telegram.api_url == OFFICIAL and self.port_outside not in POSTED_TO_PORTS:
            raise ValueError("telegram.webhook needs base_url on port 443, 80, 88 or 8443: Telegram posts to no other")
        return self

    @property
    def posted_to(self) -> str | None:
        """Where Telegram posts to; None while it is asked."""
        return self.address if self.telegram.webhook else None

    @property
    def address(self) -> str:
        """Where the pages are, as residents type it."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return self.base_url or f"http://{host}:{self.port}"

    @property
    def host_outside(self) -> str:
        """The machine's name in the address that residents type."""
        return urlsplit(self.address).hostname or ""

    @property
    def port_outside(self) -> int:
        """The port of the address that residents type."""
        parts = urlsplit(self.address)
        return parts.port or (443 if parts.scheme == "https" else 80)

    @property
    def is_public(self) -> bool:
        """Whether others than this machine are meant to come."""
        return not (is_loopback(self.host_outside) and is_loopback(self.host))

    @property
    def sqlite_file(self) -> Path | None:
        """Where SQLite keeps the database; None for PostgreSQL."""
        url = make_url(self.database_url.get_secret_value())
        return Path(url.database) if url.get_backend_name() == "sqlite" and url.database else None

    def at(self, host: str | None, port: int | None) -> Settings:
        """The same, listening elsewhere."""
        return self.model_copy(update={"host": host or self.host, "port": self.port if port is None else port})

    def with_database(self, url: str) -> Settings:
        """The same, on another database. Raises BadSettings when this is the address of none."""
        try:
            return self.model_copy(update={"database_url": self._is_one_of_ours(SecretStr(url))})
        except ValueError as error:
            raise BadSettings(f"the database: {error}") from None

    def with_bots(self, tokens: Mapping[str, str]) -> Settings:
        """The same, with the bots of these spaces, by their slugs. Raises BadSettings where they can't be."""
        given = self.telegram.model_dump() | {"bots": {**self.telegram.tokens, **tokens}}
        try:
            return self.model_copy(update={"telegram": Telegram.model_validate(given)})
        except ValidationError as error:
            raise BadSettings("; ".join(_sentence(problem) for problem in error.errors())) from None

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """The environment before secrets' files, and these before the settings' file, whose values are arguments."""
        return env_settings, InitSettingsSource(settings_cls, _secrets()), init_settings


def is_loopback(host: str) -> bool:
    """Whether this names a machine to itself."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


PRIVATE = [
    ip_network(network)
    for network in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "fc00::/7", "fe80::/10")
]
"""Networks that the world does not reach (RFC 1918, 6598, 4193, 4291)."""


def is_near(host: str) -> bool:
    """Whether this names this machine, or one of a private network: an address, or a name without a dot, as containers
    have."""
    if is_loopback(host):
        return True
    try:
        address = ip_address(host)
    except ValueError:
        return bool(host) and "." not in host
    return any(address in network for network in PRIVATE if network.version == address.version)


def load(file: Path | None = None) -> Settings:
    """The settings of this file, or of `palabre.toml` here if there is one, of secrets' files, and of the environment.

    Raises BadSettings, naming every setting that is wrong.
    """
    _checknames(os.environ)
    values = _read(file or FILE) if file or FILE.exists() else {}
    try:
        return Settings(**values)
    except SettingsError:
        example = f'{PREFIX}TELEGRAM_BOTS: write it as JSON, {{"montaubry": "123456:ABC-DEF"}}'
        if f"{PREFIX}SIGNAL_ACCOUNTS" in os.environ:
            example += f'; and {PREFIX}SIGNAL_ACCOUNTS, {{"montaubry": "+33612345678"}}'
        raise BadSettings(example) from None
    except ValidationError as error:
        raise BadSettings("; ".join(_sentence(problem) for problem in error.errors())) from None


def _checknames(environment: Mapping[str, str]) -> None:
    """A misspelt variable would be passed over in silence, and an empty database opened instead of the town's."""
    known = {f"{PREFIX}{name}".upper() for name in names("_")}
    unknown = sorted(name for name in environment if name.startswith(PREFIX) and name not in known)
    if unknown:
        raise BadSettings(f"{unknown[0]} is not a setting; there are {', '.join(sorted(known))}")


def names(joint: str = ".") -> Iterator[str]:
    """Those of all settings; what stands in a table is named after it, `telegram.bots`."""
    for name, field in Settings.model_fields.items():
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
            yield from (f"{name}{joint}{inner}" for inner in field.annotation.model_fields)
        else:
            yield name


def _address(value: str) -> str:
    """Without the slash at its end."""
    if value and not value.startswith(("https://", "http://")):
        raise ValueError("it begins with https:// (or http:// where nothing leaves the machine)")
    _ = urlsplit(value).port  # raises ValueError where that is none
    return value.rstrip("/")


def _read(file: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(file.read_text("utf-8"))
    except OSError as error:
        raise BadSettings(f"{file} cannot be read: {error.strerror}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise BadSettings(f"{file} is not TOML: {error}") from None


def _secrets() -> dict[str, Any]:
    """Those that lie in files of their own: `database_url`, and `telegram_bots` as JSON."""
    if not (named := os.environ.get(CREDENTIALS)):
        return {}
    folder, secrets = Path(named), dict[str, Any]()
    if url := _secret(folder / "database_url"):
        secrets["database_url"] = url
    if bots := _secret(folder / "telegram_bots"):
        try:
            secrets["telegram"] = {"bots": orjson.loads(bots)}
        except orjson.JSONDecodeError:
            raise BadSettings(f'{folder}/telegram_bots: write it as JSON, {{"montaubry": "123456:ABC-DEF"}}') from None
    return secrets


def _secret(file: Path) -> str:
    """What the file holds, "" where there is none."""
    try:
        return file.read_text("utf-8").strip()
    except FileNotFoundError:
        return ""
    except (OSError, UnicodeDecodeError) as error:
        raise BadSettings(f"{file} cannot be read ({type(error).__name__}).") from None


def _sentence(problem: Any) -> str:
    name = ".".join(str(part) for part in problem["loc"])
    if problem["type"] == "extra_forbidden":
        return f"{name} is not a setting; there are {', '.join(names())}"
    return ": ".join(part for part in (name, problem["msg"].removeprefix("Value error, ")) if part)
