"""The documentation leads where it says."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]

FENCE = re.compile(r"^(`{3,}|~{3,}).*?^\1[`~]*\s*$", re.DOTALL | re.MULTILINE)
CODE = re.compile(r"`[^`\n]*`")
# [text](target) and ![alt](target "title"), and the [name]: target of links written apart.
LINK = re.compile(r"\]\(\s*<?([^)\s>]+)|^\[[^\]]+\]:\s*<?(\S+?)>?\s*$", re.MULTILINE)
HEADING = re.compile(r"^#{1,6}\s+(.*?)\s*#*\s*$", re.MULTILINE)


def links(page: str) -> Iterator[str]:
    """Where a page of markdown leads; what stands in code is only shown."""
    for match in LINK.finditer(CODE.sub("", FENCE.sub("", page))):
        yield match[1] or match[2]


def anchors(page: str) -> set[str]:
    """The anchors of a page's headings, made as the usual readers of markdown make them."""
    found: dict[str, int] = {}
    for heading in HEADING.findall(FENCE.sub("", page)):
        words = re.sub(r"!?\[([^\]]*)\]\([^)]*\)", r"\1", heading)
        anchor = re.sub(r"[^\w\- ]", "", words.lower()).replace(" ", "-")
        number = found.setdefault(anchor, 0)
        found[anchor] += 1
        if number:
            found[f"{anchor}-{number}"] = 1
    return set(found)


def broken_links(page: Path) -> list[str]:
    """The links of a page that lead to no file, or to no heading in it."""
    broken = []
    for link in links(page.read_text("utf-8")):
        if re.match(r"[a-z][a-z+.-]*:", link):
            continue  # another site's, and no test leaves this machine
        path, _, anchor = link.partition("#")
        target = page.parent / path if path else page
        if not target.exists() or (anchor and anchor not in anchors(target.read_text("utf-8"))):
            broken.append(link)
    return broken


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_leads_somewhere(page: Path) -> None:
    assert broken_links(page) == []


def test_a_broken_link_is_found(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(
        "# Écrire un module\n\n## À `faire`?\n## À faire\n\n"
        "[a](other.md) [b](#écrire-un-module) ![c](page.md#à-faire)\n"
        "[d](https://example.org/x) [e](#à-faire-1) `[f](no)` [g](#nowhere) [h][there]\n\n"
        "```sh\n# Not a heading\n[i](nowhere)\n```\n\n[there]: gone.md#part\n"
    )
    assert broken_links(page) == ["other.md", "#nowhere", "gone.md#part"]
