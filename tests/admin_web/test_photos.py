"""Photos as they are kept."""

from io import BytesIO

import pytest
from PIL import Image

from admin_web import photos
from admin_web.photos import NotAPhoto, cleaned


def encoded(picture: Image.Image, kind: str, **options: object) -> bytes:
    out = BytesIO()
    picture.save(out, kind, **options)
    return out.getvalue()


@pytest.mark.parametrize("kind", photos.FORMATS)
@pytest.mark.parametrize("mode", ["RGB", "L", "RGBA", "P", "CMYK", "I;16"])
async def test_every_kind_of_picture_becomes_a_jpeg(kind: str, mode: str) -> None:
    try:
        content = encoded(Image.new(mode, (50, 20)), kind)
    except (OSError, KeyError):
        return  # this format has no such pictures
    with Image.open(BytesIO(await cleaned(content))) as kept:
        assert (kept.format, kept.mode, kept.size) == ("JPEG", "RGB", (50, 20))


async def test_what_is_see_through_becomes_white() -> None:
    content = encoded(Image.new("RGBA", (10, 10), (0, 0, 0, 0)), "PNG")
    with Image.open(BytesIO(await cleaned(content))) as kept:
        assert kept.getpixel((5, 5)) == (255, 255, 255)


async def test_profiles_and_texts_stay_behind() -> None:
    content = encoded(Image.new("RGB", (10, 10)), "JPEG", icc_profile=b"where I was", xmp=b"<who/>")
    assert b"where I was" in content
    kept = await cleaned(content)
    assert b"where I was" not in kept
    assert b"<who/>" not in kept


async def test_a_format_that_is_not_of_photos_is_refused() -> None:
    with pytest.raises(NotAPhoto):
        await cleaned(encoded(Image.new("RGB", (10, 10)), "GIF"))
