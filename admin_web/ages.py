"""An age as a form has it: at least and at most so many years, one of which may stay empty."""

from __future__ import annotations

from flows.texts import Said, _
from storage.rules import Aged


class NotAges(ValueError):
    """What was typed makes no ages; `said` is why."""

    def __init__(self, said: Said) -> None:
        super().__init__("these are no ages")
        self.said = said


def typed(least: str, most: str, *, checked: bool) -> Aged:
    """Who is that old. Raises NotAges."""
    from_, to = _years(least), _years(most)
    if from_ is None and to is None:
        raise NotAges(_NEITHER)
    if from_ is not None and to is not None and from_ > to:
        raise NotAges(_("The least age is above the most."))
    return Aged(from_, to, checked)


_NEITHER = _("From how many years, or up to how many? Write at least one of both.")


def _years(text: str) -> int | None:
    if text and not (text.isascii() and text.isdigit() and len(text) <= 3):
        raise NotAges(_NEITHER)
    return int(text) if text else None


def written(rule: Aged) -> tuple[str, str]:
    """The least and the most, as they stand in the form again."""
    return "" if rule.least is None else str(rule.least), "" if rule.most is None else str(rule.most)
