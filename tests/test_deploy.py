"""docs/deploy: what a server is set up with says only what the program understands.

No container engine runs here, and no systemd: files are read, their commands go through the real parser, their settings
through the real reader, and what checks such files is asked where it is installed.
"""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
import tomllib
from collections.abc import Iterator, Mapping
from configparser import ConfigParser
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Any

import pytest
import yaml
from packaging.specifiers import SpecifierSet
from sqlalchemy.engine import make_url

from bot.config import Settings, load
from tests.bot.command_line import parse

ROOT = Path(__file__).parent.parent
DEPLOY = ROOT / "docs" / "deploy"
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
COMPOSED = ["small", "city"]
UNITS = ["palabre.service", "palabre-backup.service"]
ADDRESS = "participe.example"


@pytest.fixture(autouse=True)
def nothing_from_outside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def compose(name: str) -> dict[str, Any]:
    """A compose file as its reader sees it, for this address."""
    text = (DEPLOY / name / "compose.yaml").read_text("utf-8")
    loaded: dict[str, Any] = yaml.safe_load(re.sub(r"\$\{ADDRESS[^}]*\}", ADDRESS, text))
    return loaded


def ours(name: str) -> dict[str, Any]:
    """The services that are Palabre."""
    return {one: said for one, said in compose(name)["services"].items() if said["image"].startswith("palabre")}


def container() -> list[tuple[str, str]]:
    """The Containerfile's instructions, in order."""
    text = re.sub(r"^#.*\n", "", (DEPLOY / "Containerfile").read_text("utf-8"), flags=re.MULTILINE)
    lines = text.replace("\\\n", " ").splitlines()
    return [(words[0], words[2]) for words in (line.partition(" ") for line in lines if line)]


def last(instruction: str) -> str:
    """What the image ends up with: the second stage's."""
    return [said for name, said in container() if name == instruction][-1]


def environment() -> dict[str, str]:
    return {name: value for name, _, value in (word.partition("=") for word in shlex.split(last("ENV")))}


def unit(name: str) -> ConfigParser:
    parser = ConfigParser(interpolation=None, strict=False)
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    parser.read_string((DEPLOY / "server" / name).read_text("utf-8"))
    return parser


# -- commands ---------------------------------------------------------------------------------------------------------


def commands() -> Iterator[list[str]]:
    """What is run, each without the program's name."""
    yield yaml.safe_load(last("CMD"))
    for name in COMPOSED:
        yield from (said["command"] for said in ours(name).values())
    for name in UNITS:
        yield unit(name)["Service"]["ExecStart"].split()[1:]


@pytest.mark.parametrize("words", list(commands()), ids=" ".join)
def test_every_command_is_one_that_palabre_takes(words: list[str]) -> None:
    assert parse(words) is not None


def test_the_container_runs_palabre_as_somebody_who_may_nothing() -> None:
    assert yaml.safe_load(last("ENTRYPOINT")) == ["palabre"]
    assert last("USER") == "10001:10001"
    assert f"/opt/{last('ENTRYPOINT')[2:-2]}/bin" in environment()["PATH"]


def test_a_city_has_two_that_receive_one_that_sends_and_one_for_what_is_due() -> None:
    only = sorted(said["command"][-1] for said in ours("city").values())
    assert only == ["courier", "jobs", "receive", "receive"]


# -- settings ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", COMPOSED)
def test_every_setting_is_one_and_its_value_is_taken(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for service in ours(name).values():
        for variable, value in {**environment(), **service["environment"]}.items():
            if variable.startswith("PALABRE_"):
                monkeypatch.setenv(variable, value)
        settings = load()
        assert settings.address == f"https://{ADDRESS}"
        assert (settings.host, settings.backups) == ("0.0.0.0", "/backups")


def test_the_settings_of_the_small_server_are_some() -> None:
    settings = load(DEPLOY / "server" / "palabre.toml")
    assert (settings.address, settings.backups) == (f"https://{ADDRESS}", "backups")
    assert settings.sqlite_file == Path("palabre.db")


@pytest.mark.parametrize("name", COMPOSED)
def test_the_web_server_stands_in_the_network_that_is_believed(name: str) -> None:
    [subnet] = [one["subnet"] for one in compose(name)["networks"]["default"]["ipam"]["config"]]
    assert {said["environment"]["PALABRE_TRUSTED_PROXIES"] for said in ours(name).values()} == {subnet}
    assert ip_network(subnet).is_private
    assert ip_address("127.0.0.1") not in ip_network(subnet)


@pytest.mark.parametrize("name", COMPOSED)
def test_the_web_server_asks_whoever_receives(name: str) -> None:
    receiving = {one for one, said in ours(name).items() if said["command"][-1] in ("run", "receive")}
    asked = compose(name)["services"]["caddy"]["environment"]["HOUSES"].split()
    assert set(asked) == {f"{one}:{last('EXPOSE')}" for one in receiving}
    port = Settings.model_construct().port
    assert last("EXPOSE") == str(port)
    assert f"127.0.0.1:{port}/readyz" in last("HEALTHCHECK")
    assert f"{{$HOUSES:127.0.0.1:{port}}}" in (DEPLOY / "Caddyfile").read_text("utf-8")


def test_secrets_come_in_files_of_the_names_that_are_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert environment()["CREDENTIALS_DIRECTORY"] == "/run/secrets"
    (tmp_path / "database_url").write_text("postgresql://palabre:sesame@database/palabre")
    (tmp_path / "telegram_bots").write_text('{"montaubry": "1:sesame"}')
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    settings = load()
    assert settings.database_url.get_secret_value().startswith("postgresql:")
    assert settings.telegram.tokens == {"montaubry": "1:sesame"}
    assert {tuple(said["secrets"]) for said in ours("city").values()} == {("database_url", "telegram_bots")}
    service = unit("palabre.service")["Service"]
    assert service["LoadCredential"].partition(":")[0] == service["SetCredential"].partition(":")[0] == "telegram_bots"


def test_the_secrets_of_a_city_are_made_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.copy(DEPLOY / "city" / "secrets.sh", tmp_path)
    made = []
    for _ in range(2):
        subprocess.run([tmp_path / "secrets.sh"], check=True, cwd="/")
        made.append({file.name: file.read_text() for file in (tmp_path / "secrets").iterdir()})
    assert made[0] == made[1]
    assert set(made[0]) == {Path(secret["file"]).name for secret in compose("city")["secrets"].values()}
    assert len(made[0]["database_password"]) == 64
    assert (tmp_path / "secrets").stat().st_mode & 0o777 == 0o700
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path / "secrets"))
    url = make_url(load().database_url.get_secret_value())
    database = compose("city")["services"]["database"]["environment"]
    assert (url.host, url.password) == ("database", made[0]["database_password"])
    assert (url.username, url.database) == (database["POSTGRES_USER"], database["POSTGRES_DB"])
    assert load().telegram.tokens == {}


def test_no_secret_stands_in_a_file_of_ours_nor_gets_into_a_layer() -> None:
    for file in (file for file in DEPLOY.rglob("*") if file.is_file()):
        assert not re.search(r"\d{6,}:[\w-]{30}|(?<!_)PASSWORD:|PASSWORD=", file.read_text("utf-8")), file
    copied = [word for name, said in container() if name in ("COPY", "ADD") for word in said.split()[:-1]]
    rooms = {"storage", "flows", "admin_web", "bot"}
    papers = {"requirements.lock", "pyproject.toml", "README.md", "LICENSE"}
    assert set(copied) == {*rooms, *papers, "--from=built", "/opt/palabre"}
    ignored = subprocess.run(
        [
            "git",
            "-c",
            "safe.directory=*",
            "check-ignore",
            "docs/deploy/city/secrets/database_url",
            "docs/deploy/city/.env",
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ignored.stdout.count("\n") == 2


# -- versions, and what is closed off ---------------------------------------------------------------------------------


def test_versions_agree_and_none_is_the_latest() -> None:
    [python] = {said.split()[0] for name, said in container() if name == "FROM"}
    version = re.fullmatch(r"docker\.io/library/python:(\d+\.\d+\.\d+)-slim-\w+", python)
    assert version
    assert version[1] in SpecifierSet(PROJECT["requires-python"])
    for name in COMPOSED:
        images = {said["image"] for said in compose(name)["services"].values()}
        assert f"palabre:{PROJECT['version']}" in images
        assert all(re.search(r":\d+\.\d+", image) for image in images), images
    assert f"--tag palabre:{PROJECT['version']} " in (DEPLOY / "Containerfile").read_text("utf-8")
    assert compose("small")["services"]["caddy"]["image"] == compose("city")["services"]["caddy"]["image"]


@pytest.mark.parametrize("name", COMPOSED)
def test_a_service_of_ours_writes_to_its_volumes_only_and_comes_back(name: str) -> None:
    loaded = compose(name)
    for service in ours(name).values():
        assert service["read_only"] is True
        assert service["cap_drop"] == ["ALL"]
        assert service["restart"] == "unless-stopped"
        assert "ports" not in service
    published = {one: said["ports"] for one, said in loaded["services"].items() if "ports" in said}
    assert published == {"caddy": ["80:80", "443:443"]}
    named = {volume.partition(":")[0] for said in loaded["services"].values() for volume in said.get("volumes", [])}
    assert named - set(loaded["volumes"]) == {"../Caddyfile"}
    assert (DEPLOY / name / "../Caddyfile").is_file()
    build = next(said["build"] for said in ours(name).values() if "build" in said)
    assert (DEPLOY / name / build["context"]).resolve() == ROOT
    assert (ROOT / build["dockerfile"]).is_file()


def test_the_volumes_are_folders_of_whoever_runs_it() -> None:
    made = next(said for name, said in container() if name == "RUN" and "install --directory" in said)
    assert all(folder in made for folder in yaml.safe_load(last("VOLUME")))
    mounted = [volume.partition(":")[2] for said in ours("small").values() for volume in said["volumes"]]
    assert mounted == yaml.safe_load(last("VOLUME"))
    assert last("WORKDIR") == mounted[0]


@pytest.mark.parametrize("name", UNITS)
def test_a_unit_runs_as_somebody_who_may_write_in_one_folder(name: str) -> None:
    service = unit(name)["Service"]
    assert (service["User"], service["ProtectSystem"]) == ("palabre", "strict")
    assert service["WorkingDirectory"] == f"/var/lib/{service['StateDirectory']}"
    assert "ReadWritePaths" not in service


def test_the_service_comes_back_and_is_given_time_to_close() -> None:
    service = unit("palabre.service")["Service"]
    assert service["Restart"] == "always"
    assert int(service["RestartSec"]) * 5 > 10, "systemd gives up after five starts within ten seconds"
    assert int(service["TimeoutStopSec"]) >= 20


def systemd(tmp_path: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Ask systemd about the units, as if Palabre were installed where they say."""
    if shutil.which("systemd-analyze") is None:
        pytest.skip("skipped: there is no systemd-analyze here")
    for file in (DEPLOY / "server").glob("palabre*.*e*r*"):
        text = re.sub(r"^(ExecStart)=\S+", r"\1=/bin/true", file.read_text("utf-8"), flags=re.MULTILINE)
        (tmp_path / file.name).write_text(text)
    return subprocess.run(
        ["systemd-analyze", *words],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        env={"PATH": "/usr/bin:/bin"},
    )


def test_systemd_understands_the_units(tmp_path: Path) -> None:
    verified = systemd(tmp_path, "verify", "--man=no", *(f"./{name}" for name in (*UNITS, "palabre-backup.timer")))
    assert (verified.returncode, verified.stdout + verified.stderr) == (0, "")


@pytest.mark.parametrize("name", UNITS)
def test_systemd_finds_the_units_closed_off(name: str, tmp_path: Path) -> None:
    found = systemd(tmp_path, "security", "--offline=true", "--threshold=20", "--no-pager", f"./{name}")
    assert found.returncode == 0, found.stdout.splitlines()[-1:]


def test_the_web_server_understands_its_file(tmp_path: Path) -> None:
    if shutil.which("caddy") is None:
        pytest.skip("skipped: there is no caddy here")
    houses: Mapping[str, str] = {"ADDRESS": ADDRESS, "HOUSES": "receive-1:8000 receive-2:8000"}
    for variables in ({}, houses):
        checked = subprocess.run(
            ["caddy", "validate", "--adapter", "caddyfile", "--config", DEPLOY / "Caddyfile"],
            env={"PATH": "/usr/bin:/bin", "HOME": str(tmp_path), **variables},
            executable=shutil.which("caddy"),
            capture_output=True,
            check=False,
        )
        assert checked.returncode == 0, checked.stderr
