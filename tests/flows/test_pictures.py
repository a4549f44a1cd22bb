"""Photos as they are kept."""

from io import BytesIO

import pytest
from PIL import Image

from flows import pictures
from flows.pictures import NotAPicture, illustration, photo


def encoded(picture: Image.Image, kind: str, **options: object) -> bytes:
    out = BytesIO()
    picture.save(out, kind, **options)
    return out.getvalue()


@pytest.mark.parametrize("kind", pictures.FORMATS)
@pytest.mark.parametrize("mode", ["RGB", "L", "RGBA", "P", "CMYK", "I;16"])
async def test_every_kind_of_picture_becomes_a_jpeg(kind: str, mode: str) -> None:
    try:
        content = encoded(Image.new(mode, (50, 20)), kind)
    except (OSError, KeyError):
        return  # this format has no such pictures
    file = await photo(content)
    with Image.open(BytesIO(file.content)) as kept:
        assert (kept.format, kept.mode, kept.size) == ("JPEG", "RGB", (50, 20))
    assert file.media_type == "image/jpeg"


async def test_what_is_see_through_becomes_white() -> None:
    content = encoded(Image.new("RGBA", (10, 10), (0, 0, 0, 0)), "PNG")
    with Image.open(BytesIO((await photo(content)).content)) as kept:
        assert kept.getpixel((5, 5)) == (255, 255, 255)


async def test_profiles_and_texts_stay_behind() -> None:
    content = encoded(Image.new("RGB", (10, 10)), "JPEG", icc_profile=b"where I was", xmp=b"<who/>")
    assert b"where I was" in content
    kept = (await photo(content)).content
    assert b"where I was" not in kept
    assert b"<who/>" not in kept


async def test_a_format_that_is_not_of_photos_is_refused() -> None:
    with pytest.raises(NotAPicture):
        await photo(encoded(Image.new("RGB", (10, 10)), "GIF"))


@pytest.mark.parametrize("kind", pictures.FORMATS)
def test_a_drawing_is_kept_sharp_and_a_photograph_small(kind: str) -> None:
    drawing = illustration(encoded(Image.new("RGB", (300, 200), "#1f4f93"), kind, comment="by me"))
    grainy = illustration(encoded(Image.effect_noise((300, 200), 60).convert("RGB"), kind))
    assert (drawing.media_type, grainy.media_type) == ("image/png", "image/jpeg")
    with Image.open(BytesIO(drawing.content)) as kept:
        assert (kept.format, kept.size, kept.info) == ("PNG", (300, 200), {})


def test_what_a_prompt_shows_is_no_larger_than_a_screen_needs() -> None:
    with Image.open(BytesIO(illustration(encoded(Image.new("RGB", (5000, 100)), "PNG")).content)) as kept:
        assert kept.size == (2048, 41)
