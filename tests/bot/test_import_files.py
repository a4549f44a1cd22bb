"""A questionnaire's pictures and documents: brought along from beside it, from nowhere else, and only what can be
shown."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image

from flows import pictures
from flows.questionnaires.illustrations import LARGEST
from storage.files import File
from tests.admin_web.illustrated import DIGEST, PDF, PLAN, write_files
from tests.bot.command_line import Palabre
from tests.bot.test_commands import begin

LINE = "line 12, question square: "
"""Where the questionnaire names its picture."""


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the questionnaire and what it names."""
    monkeypatch.chdir(tmp_path)
    write_files(tmp_path)
    return tmp_path


def kept(database: Path) -> dict[str, tuple[str, bytes]]:
    """The files of a database by their digests."""
    connection = sqlite3.connect(database)
    rows = connection.execute("SELECT digest, media_type, content FROM files").fetchall()
    connection.close()
    return {digest: (media_type, content) for digest, media_type, content in rows}


def test_pictures_and_documents_come_with_their_questionnaire(palabre: Palabre, here: Path) -> None:
    ended = palabre("import", "place.yaml", "--open")
    assert (ended.code, ended.errors) == (0, "")
    found = kept(here / "palabre.db")
    assert {digest: media_type for digest, (media_type, _content) in found.items()} == {
        DIGEST: "image/png",
        PLAN: "application/pdf",
    }
    assert found[PLAN][1] == PDF


def test_what_a_picture_knows_stays_behind(palabre: Palabre, here: Path) -> None:
    out, exif = BytesIO(), Image.Exif()
    exif[0x0112] = 6  # it lies on its side
    exif[0x010F] = "the camera of somebody"
    Image.effect_noise((60, 30), 50).save(out, "JPEG", exif=exif)
    (here / "pictures" / "square.png").write_bytes(out.getvalue())
    assert palabre("import", "place.yaml").code == 0
    [content] = [content for media_type, content in kept(here / "palabre.db").values() if media_type == "image/jpeg"]
    assert b"the camera of somebody" not in content
    with Image.open(BytesIO(content)) as shown:
        assert (shown.size, dict(shown.getexif())) == ((30, 60), {})


def test_importing_again_changes_nothing_even_if_pictures_are_written_otherwise_by_now(
    palabre: Palabre, here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    palabre("import", "place.yaml", "--open")
    begin(here)
    before = kept(here / "palabre.db")
    monkeypatch.setattr(pictures, "illustration", lambda _content: File(b"written otherwise", "image/jpeg"))
    assert "is there already, word for word" in palabre("import", "place.yaml").output
    assert kept(here / "palabre.db") == before


def test_a_draft_takes_another_picture_and_forgets_the_first(palabre: Palabre, here: Path) -> None:
    palabre("import", "place.yaml")
    another = Image.new("RGB", (60, 40), "blue")
    another.save(here / "pictures" / "square.png")
    assert "was replaced" in palabre("import", "place.yaml").output
    found = kept(here / "palabre.db")
    assert len(found) == 2
    assert DIGEST not in found


def test_once_people_answer_a_picture_stays_and_its_description_may_change(palabre: Palabre, here: Path) -> None:
    palabre("import", "place.yaml", "--open")
    begin(here)
    text = (here / "place.yaml").read_text("utf-8")
    (here / "place.yaml").write_text(text.replace("Dessin de la place.", "La place dessinée."), "utf-8")
    assert "has its new words" in palabre("import", "place.yaml").output
    Image.new("RGB", (60, 40), "blue").save(here / "pictures" / "square.png")
    refused = palabre("import", "place.yaml")
    assert refused.code == 2
    assert "question square changes more than that" in refused.errors
    assert set(kept(here / "palabre.db")) == {DIGEST, PLAN}


def test_a_backup_holds_them(palabre: Palabre, here: Path) -> None:
    palabre("import", "place.yaml", "--open")
    palabre("backup", "a.gz")
    assert palabre("restore", "a.gz", "--database", "sqlite:///b.db").code == 0
    assert kept(here / "b.db") == kept(here / "palabre.db")
    assert "word for word" in palabre("import", "place.yaml", "--database", "sqlite:///b.db").output


# -- what is refused -------------------------------------------------------------------------------------------


def without(picture: Path) -> None:
    picture.unlink()


def too_large(picture: Path) -> None:
    picture.write_bytes(b"\x89PNG" + b"\0" * LARGEST)


def no_picture(picture: Path) -> None:
    picture.write_text("<svg onload='alert(1)'/>")


def a_gif(picture: Path) -> None:
    Image.new("RGB", (10, 10)).save(picture, "GIF")


def damaged(picture: Path) -> None:
    picture.write_bytes(picture.read_bytes()[:200])


def a_folder(picture: Path) -> None:
    picture.unlink()
    picture.mkdir()


def outside(picture: Path) -> None:
    """A link that leads out of the folder."""
    picture.unlink()
    picture.symlink_to("/dev/zero")


def in_a_ring(picture: Path) -> None:
    picture.unlink()
    picture.symlink_to(picture)


NOT_HERE = "There is no file `pictures/square.png` here; an address begins with https://."
CANNOT = "`pictures/square.png` can't be shown: a JPEG, PNG or WebP picture of 50 million points at most is needed."


@pytest.mark.parametrize(
    ("spoil", "sentence"),
    [
        (without, NOT_HERE),
        (a_folder, NOT_HERE),
        (too_large, "`pictures/square.png` is larger than 10 MB."),
        (no_picture, CANNOT),
        (a_gif, CANNOT),
        (damaged, CANNOT),
        (outside, "`pictures/square.png` is not in the folder of the questionnaire."),
        (in_a_ring, "`pictures/square.png` cannot be read."),
    ],
)
def test_a_picture_that_cannot_be_shown_is_told_with_its_question_and_line(
    palabre: Palabre, here: Path, spoil: Callable[[Path], None], sentence: str
) -> None:
    spoil(here / "pictures" / "square.png")
    ended = palabre("import", "place.yaml")
    assert ended.code == 2
    assert ended.errors == (f"place.yaml, {LINE}{sentence}\npalabre: nothing was imported: 1 mistake in place.yaml.\n")
    assert not (here / "palabre.db").exists()


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("../secret.png", "`../secret.png` is not in the folder of the questionnaire."),
        ("pictures/../../secret.png", "`pictures/../../secret.png` is not in the folder of the questionnaire."),
        ("/etc/passwd", "`/etc/passwd` is not in the folder of the questionnaire."),
        ("'file:///etc/passwd'", "There is no file `file:///etc/passwd` here; an address begins with https://."),
        (f"'file:{DIGEST}'", f"There is no file `file:{DIGEST}` here; an address begins with https://."),
        ("'javascript:alert(1)'", "There is no file `javascript:alert(1)` here; an address begins with https://."),
        ('"a\\0b"', "`a\0b` cannot be read."),
        (f"'{'x' * 300}'", f"`{'x' * 300}` cannot be read."),
    ],
)
def test_only_a_file_of_the_folder_is_read(palabre: Palabre, here: Path, name: str, sentence: str) -> None:
    (here.parent / "secret.png").write_bytes((here / "pictures" / "square.png").read_bytes())
    text = (here / "place.yaml").read_text("utf-8")
    (here / "place.yaml").write_text(text.replace("pictures/square.png", name), "utf-8")
    ended = palabre("import", "place.yaml")
    assert ended.errors.splitlines()[0] == f"place.yaml, {LINE}{sentence}"


def test_a_document_is_a_pdf_and_a_film_is_an_address(palabre: Palabre, here: Path) -> None:
    (here / "plan.pdf").write_bytes(b"PK\x03\x04 a spreadsheet")
    text = (here / "place.yaml").read_text("utf-8")
    (here / "place.yaml").write_text(text.replace('"https://film.example/place"', "film.mp4"), "utf-8")
    assert palabre("import", "place.yaml").errors.splitlines()[:2] == [
        "place.yaml, line 16, question plan: `plan.pdf` is not a PDF document.",
        "place.yaml, line 20, question film: An address begins with https://.",
    ]
