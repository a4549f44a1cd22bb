"""The form of a way of taking part: what a module asks for (flows/forms.py), drawn, and read back as settings.

Nothing typed is lost: what can't be used is drawn again as it was typed, with what is wrong beside it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from admin_web import own_questions
from admin_web.forms import LONGEST, Form, number
from flows import pictures
from flows.forms import Fault, Faults, Field
from flows.module import Module
from flows.texts import Said, _
from storage.files import File
from storage.value import value

BLANKS = 2
"""Empty rows below the options, to write more into."""
MORE = 5
"""Those added by the button for more."""
MOST_OPTIONS = 200
NEEDED = _("This is needed.")


@value
class Row:
    """One option as the form shows it; `id` empty while it is new. `idea` is the contribution it came from."""

    id: str
    label: Mapping[str, str]
    about: Mapping[str, str]
    idea: int | None = None
    withdrawn: bool = False


def shown(fields: Sequence[Field], settings: Mapping[str, Any]) -> dict[str, Any]:
    """What each field holds, from settings that were kept; a number as it is typed."""
    return {field.name: _shown(field, settings.get(field.name, field.default)) for field in fields}


def _shown(field: Field, kept: Any) -> Any:
    if field.kind == "number":
        return "" if kept is None else str(kept)
    if field.kind == "options":
        rows = [
            Row(one["id"], one["label"], one.get("about") or {}, one.get("idea"), bool(one.get("withdrawn")))
            for one in kept or ()
        ]
        return [*rows, *_blank(BLANKS)]
    if field.kind == "questions":
        return own_questions.shown(kept)
    if field.kind in ("words", "long_words"):
        return dict(kept or {})
    if field.kind == "picture":
        return kept or {"address": "", "description": {}}
    return kept


def with_rows(shown: Mapping[str, Any], name: str, rows: Sequence[Row]) -> dict[str, Any]:
    """What the fields hold, with these rows after those of one; what came from the same idea is there once."""
    filled = [row for row in shown[name] if row.label]
    known = {row.idea for row in filled}
    return {**shown, name: [*filled, *(row for row in rows if row.idea not in known), *_blank(BLANKS)]}


def _blank(count: int) -> list[Row]:
    return [Row("", {}, {}) for _number in range(count)]


def typed(fields: Sequence[Field], form: Form, languages: Sequence[str], before: Mapping[str, Any]) -> dict[str, Any]:
    """What was typed into each field, as `shown` says it; a picture of `before` stays until it is removed."""
    return {field.name: _typed(field, form, languages, before.get(field.name)) for field in fields}


def _typed(field: Field, form: Form, languages: Sequence[str], before: Any) -> Any:
    if field.kind in ("words", "long_words"):
        return words(form, field.name, languages)
    if field.kind == "flag":
        return form.text(field.name) == "yes"
    if field.kind == "options":
        return _rows(form, field.name, languages)
    if field.kind == "questions":
        return own_questions.typed(form, field, languages)
    if field.kind == "picture":
        kept = before["address"] if before and form.text(f"{field.name}.remove") != "yes" else ""
        return {"address": kept, "description": words(form, f"{field.name}.description", languages)}
    return form.text(field.name)


async def uploaded(fields: Sequence[Field], form: Form) -> dict[str, File]:
    """The pictures that were chosen in a form, by their field. Raises Faults."""
    found: dict[str, File] = {}
    for field in fields:
        if field.kind == "picture" and (content := await form.file(field.name)):
            try:
                found[field.name] = await pictures.uploaded(content)
            except pictures.NotAPicture as refused:
                raise Faults(Fault(field.name, refused.reason)) from None
    return found


def words(form: Form, name: str, languages: Sequence[str], longest: int = LONGEST) -> dict[str, str]:
    """A text in each language; those left empty are left out."""
    found = {language: form.text(f"{name}.{language}", longest) for language in languages}
    return {language: text for language, text in found.items() if text}


def _rows(form: Form, name: str, languages: Sequence[str]) -> list[Row]:
    count = min(form.number(f"{name}.rows") or 0, MOST_OPTIONS)
    rows = [
        Row(
            form.text(f"{name}.{at}.id"),
            words(form, f"{name}.{at}.label", languages),
            words(form, f"{name}.{at}.about", languages),
            number(idea) if (idea := form.text(f"{name}.{at}.idea")) else None,
        )
        for at in range(count)
    ]
    filled = [row for row in rows if row.label or row.about]
    return [*filled, *_blank(MORE if form.text("more") == name else BLANKS)]


def settings_of(fields: Sequence[Field], values: Mapping[str, Any], before: Mapping[str, Any]) -> dict[str, Any]:
    """The settings these typed values make. Raises Faults with everything that can't be used.

    A new option gets an id that none of these had `before`, so that what was said of one is never taken for another.
    """
    faults: list[Fault] = []
    made = {field.name: _setting(field, values[field.name], before.get(field.name), faults) for field in fields}
    if faults:
        raise Faults(*faults)
    return made


def _setting(field: Field, typed_in: Any, before: Any, faults: list[Fault]) -> Any:
    if field.kind == "number":
        return _number(field, typed_in, faults)
    if field.kind == "choice":
        if typed_in not in {choice.id for choice in field.choices}:
            faults.append(Fault(field.name, NEEDED))
        return typed_in
    if field.kind == "options":
        return _options(field, typed_in, {one["id"]: one for one in before or ()}, faults)
    if field.kind == "questions":
        return own_questions.settings_of(field, typed_in, before or (), faults)
    missing = not (typed_in["address"] if field.kind == "picture" else typed_in)
    if missing and field.required and field.kind != "flag":
        faults.append(Fault(field.name, NEEDED))
    return None if missing and field.kind == "picture" else typed_in


def _number(field: Field, text: str, faults: list[Fault]) -> int | None:
    if not text:
        if field.required:
            faults.append(Fault(field.name, NEEDED))
        return None
    number = int(text) if text.isascii() and text.lstrip("-").isdigit() and len(text) <= 9 else None
    if number is None:
        faults.append(Fault(field.name, _("Write a whole number.")))
    elif field.least is not None and number < field.least:
        faults.append(Fault(field.name, _("At least {least}.", least=field.least)))
    elif field.most is not None and number > field.most:
        faults.append(Fault(field.name, _("At most {most}.", most=field.most)))
    return number


def _options(field: Field, rows: Sequence[Row], before: Mapping[str, Any], faults: list[Fault]) -> list[dict[str, Any]]:
    filled = [row for row in rows if row.label or row.about]
    if any(not row.label for row in filled):
        faults.append(Fault(field.name, _("Something is said about an option that has no name.")))
    least = field.least if field.least is not None else int(field.required)
    if len(filled) < least:
        faults.append(Fault(field.name, _("At least {least}.", least=least)))
    if field.most is not None and len(filled) > field.most:
        faults.append(Fault(field.name, _("At most {most}.", most=field.most)))
    taken = {*before, *(row.id for row in filled)}
    free = (name for number in range(1, 2 * MOST_OPTIONS + 2) if (name := f"o{number}") not in taken)
    return [_option(row, row.id or next(free), before.get(row.id, {})) for row in filled if row.label]


def _option(row: Row, id_: str, before: Mapping[str, Any]) -> dict[str, Any]:
    """What of an option no form says stays as it was `before`."""
    came = {"idea": row.idea} if row.idea is not None else {}
    return {**came, **before, "id": id_, "label": dict(row.label), "about": dict(row.about)}


def checked(kind: type[Module], settings: Mapping[str, Any]) -> Mapping[str, Said]:
    """What the module says is wrong with these settings, by the name of its field, maybe with what of it is meant; ""
    where it is none of them."""
    try:
        kind.load(settings)
    except Faults as found:
        names = {field.name for field in kind.form()}
        return {fault.field if fault.field.partition(".")[0] in names else "": fault.sentence for fault in found.faults}
    return {}


def only_words(fields: Sequence[Field], before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, Any]:
    """The settings once somebody has begun: what they were, in the words of these, with their pictures."""
    merged = dict(before)
    for field in fields:
        if field.kind in ("words", "long_words", "picture"):
            merged[field.name] = after[field.name]
        elif field.kind == "questions":
            merged[field.name] = own_questions.reworded(before.get(field.name), after[field.name])
        elif field.kind == "options":
            new = {one["id"]: one for one in after[field.name]}
            merged[field.name] = [_reworded(one, new.get(one["id"], one)) for one in before.get(field.name) or ()]
    return merged


def _reworded(one: Mapping[str, Any], new: Mapping[str, Any]) -> dict[str, Any]:
    """This option in other words; whether it was withdrawn, and where it came from, is no word."""
    return {**one, **{name: new[name] for name in ("label", "about") if name in new}}


def anew(fields: Sequence[Field], settings: Mapping[str, Any]) -> dict[str, Any]:
    """The settings as another step begins with them: without options that were withdrawn, or came from an idea that a
    resident gave."""
    made = dict(settings)
    for name in (field.name for field in fields if field.kind == "options" and field.name in settings):
        made[name] = [one for one in settings[name] or () if not (one.get("withdrawn") or one.get("idea"))]
    return made
