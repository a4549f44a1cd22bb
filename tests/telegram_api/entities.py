"""Texts with bold and links in them, read as the server reads them: HTML, MarkdownV2, Markdown, or given entities.

Offsets and lengths of entities are in UTF-16 units; the places that error sentences name are byte offsets.
"""

from __future__ import annotations

import html
import re
from itertools import accumulate
from typing import Any

from storage.value import value
from tests.telegram_api.refusal import Refusal, bad
from tests.telegram_api.state import utf16

TAG = re.compile(r"<(?P<end>/?)(?P<name>[^\s>]*)(?P<rest>(?:[^>\"']|\"[^\"]*\"|'[^']*')*)>", re.DOTALL)
ATTRIBUTE = re.compile(r"([^\s=/\"'>]+)(?:\s*=\s*(?:\"([^\"]*)\"|'([^']*)'|([\w.-]+)))?")
ESCAPED = re.compile(r"&(?:#\d+|#x[0-9a-fA-F]+|lt|gt|amp|quot);?")
TAGS = {
    "bold": ("b", "strong"),
    "italic": ("i", "em"),
    "underline": ("u", "ins"),
    "strikethrough": ("s", "strike", "del"),
    "spoiler": ("tg-spoiler", "span"),
    "code": ("code",),
    "pre": ("pre",),
    "blockquote": ("blockquote",),
    "text_link": ("a",),
    "custom_emoji": ("tg-emoji",),
}
KINDS = {name: kind for kind, names in TAGS.items() for name in names}
MARKS = {
    "*": "bold",
    "_": "italic",
    "__": "underline",
    "~": "strikethrough",
    "||": "spoiler",
    "`": "code",
    "```": "pre",
    "[": "text_link",
    ">": "blockquote",
}
NAMES = {"text_link": "TextUrl", "blockquote": "BlockQuote"}
"""What error sentences call an entity, where that is not its kind in capitals."""
TOKEN = re.compile(r"\\(?P<plain>[\x01-\x7e])|(?P<mark>```|`|__|\|\||[_*~])|(?P<link>\[)|\](?:\((?P<url>[^)]*)\))?")
RESERVED = frozenset("()>#+-=|{}.!")
OLD = re.compile(r"\\([_*`\[])|```(?:\w+\n)?(.*?)```|([_*`])(.*?)\3|\[(.*?)\](?:\((.*?)\))?|([_*`\[])", re.DOTALL)


@value
class Formatted:
    """A text and its entities."""

    text: str
    entities: list[dict[str, Any]]


@value
class Opened:
    """An entity whose end has not come yet: its tag or mark, its place in the result and in the source."""

    mark: str
    kind: str
    offset: int
    at: int
    url: str = ""


class Result:
    """A text as it grows."""

    def __init__(self) -> None:
        self.text = ""
        self.entities: list[dict[str, Any]] = []

    def close(self, opened: Opened, url: str = "") -> None:
        """End an entity here; an empty one is left out, as is a link without an address."""
        length = utf16(self.text) - opened.offset
        entity: dict[str, Any] = {"offset": opened.offset, "length": length, "type": opened.kind}
        if opened.kind == "text_link":
            entity["url"] = url or opened.url or self.text[-length:]
        if length:
            self.entities.append(entity)

    def done(self) -> Formatted:
        return Formatted(self.text, sorted(self.entities, key=lambda one: (one["offset"], -one["length"])))


def unparsable(sentence: str) -> Refusal:
    return bad(f"Can't parse entities: {sentence}")


def read_html(source: str) -> Formatted:
    """Telegram's few tags, each closed in its place."""
    result, stack, at = Result(), list[Opened](), 0
    while (start := source.find("<", at)) >= 0:
        result.text += unescaped(source[at:start])
        place = f"at byte offset {len(source[:start].encode())}"
        tag = TAG.match(source, start)
        if tag is None:
            raise unparsable(f"Unclosed {'end' if source[start + 1 : start + 2] == '/' else 'start'} tag {place}")
        at = tag.end()
        name = tag["name"].lower()
        if not tag["end"]:
            stack.append(opened_tag(name, tag["rest"], utf16(result.text), start, place))
        elif not stack:
            raise unparsable(f"Unexpected end tag {place}")
        elif name not in ("", stack[-1].mark):
            raise unparsable(f'Unmatched end tag {place}, expected "</{stack[-1].mark}>", found "</{name}>"')
        else:
            result.close(stack.pop())
    if stack:
        raise unparsable(f'Can\'t find end tag corresponding to start tag "{stack[-1].mark}"')
    result.text += unescaped(source[at:])
    return result.done()


def opened_tag(name: str, rest: str, offset: int, at: int, place: str) -> Opened:
    """A start tag, refused when the server knows none of that name."""
    if name not in KINDS:
        raise unparsable(f'Unsupported start tag "{name}" {place}')
    attributes = {one[1].lower(): html.unescape(one[2] or one[3] or one[4] or "") for one in ATTRIBUTE.finditer(rest)}
    if name == "span" and attributes.get("class") != "tg-spoiler":
        raise unparsable(f'Tag "span" must have class "tg-spoiler" {place}')
    kind = "expandable_blockquote" if name == "blockquote" and "expandable" in attributes else KINDS[name]
    return Opened(name, kind, offset, at, attributes.get("href", ""))


def unescaped(text: str) -> str:
    """The five escapes the server knows; any other stays as it is written."""
    return ESCAPED.sub(lambda found: html.unescape(found.group()), text)


def read_markdown_v2(source: str) -> Formatted:
    """Marks that nest, and a backslash before every reserved character."""
    result, stack, at = Result(), list[Opened](), 0
    while at < len(source):
        token = TOKEN.match(source, at)
        inside_code = bool(stack) and stack[-1].kind in ("code", "pre")
        if token is None or (inside_code and token.group() != stack[-1].mark and not token["plain"]):
            at = read_plain(source, at, result, stack, inside_code)
            continue
        mark = token["mark"] or token["link"] or ""
        if token["plain"]:
            result.text += token["plain"]
        elif not mark:
            end_link(token["url"] or "", stack, result)
        elif stack and stack[-1].mark == mark != "[":
            result.close(stack.pop())
        else:
            stack.append(Opened(mark, MARKS[mark], utf16(result.text), at))
        at = token.end()
    if stack and stack[-1].mark == ">":
        result.close(stack.pop())
    if stack:
        place = len(source[: stack[-1].at].encode())
        name = NAMES.get(stack[-1].kind, stack[-1].kind.capitalize())
        raise unparsable(f"Can't find end of {name} entity at byte offset {place}")
    return result.done()


def read_plain(source: str, at: int, result: Result, stack: list[Opened], inside_code: bool) -> int:
    """One character that is no mark, or one that opens or ends a quotation; the place after it."""
    character = source[at]
    if not inside_code and character == ">" and source[at - 1 : at] in ("", "\n"):
        if not any(one.mark == ">" for one in stack):
            stack.append(Opened(">", "blockquote", utf16(result.text), at))
        return at + 1
    if character in RESERVED and not inside_code:
        raise reserved(character)
    result.text += character
    if character == "\n" and stack and stack[-1].mark == ">" and source[at + 1 : at + 2] != ">":
        result.close(stack.pop())
    return at + 1


def end_link(url: str, stack: list[Opened], result: Result) -> None:
    """A closing bracket with its address."""
    if not stack or stack[-1].mark != "[":
        raise reserved("]")
    result.close(stack.pop(), url.replace("\\", ""))


def reserved(character: str) -> Refusal:
    return unparsable(f"Character '{character}' is reserved and must be escaped with the preceding '\\'")


def read_markdown(source: str) -> Formatted:
    """The old Markdown: marks that don't nest."""
    result, at = Result(), 0
    for found in OLD.finditer(source):
        result.text += source[at : found.start()]
        at = found.end()
        escaped, block, mark, inside, label, url, lonely = found.groups()
        if lonely:
            place = len(source[: found.start()].encode())
            raise unparsable(f"Can't find end of the entity starting at byte offset {place}")
        kind = "pre" if block is not None else MARKS[mark or "["]
        opened = Opened("", kind, utf16(result.text), 0)
        result.text += escaped or block or inside or label or ""
        if not escaped:
            result.close(opened, url or "")
    result.text += source[at:]
    return result.done()


def check_bounds(text: str, entities: list[dict[str, Any]]) -> None:
    """Refuse entities that are not within the text, or begin or end within a character."""
    edges = set(accumulate((utf16(character) for character in text), initial=0))
    whole = max(edges)
    for entity in entities:
        offset, length = entity["offset"], entity["length"]
        end = offset + length
        for wrong, number in (("offset", offset), ("length", length)):
            if not 0 <= number <= 1_000_000:
                raise bad(f"Receive an entity with incorrect {wrong} {number}")
        if length and offset >= whole:
            raise bad(f"Entity begins after the end of the text at UTF-16 offset {offset}")
        begins = f"Entity beginning at UTF-16 offset {offset}"
        if length and end > whole:
            raise bad(f"{begins} ends after the end of the text at UTF-16 offset {end}")
        if length and not {offset, end} <= edges:
            raise bad(f"{begins} ends in a middle of a UTF-16 symbol")
