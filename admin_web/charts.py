"""Figures drawn as SVG by the server: pure functions from a figure to markup.

A plot has no viewBox: its height is in pixels, x and width in percent, so that it fills its column and its words
keep their size. SVG does not wrap words: long labels are cut in lines here, and the table beside has them whole.
"""

from __future__ import annotations

import textwrap
from collections.abc import Sequence

from markupsafe import Markup

from admin_web.site import percent, say
from flows.figures import Count, Figure, Stage
from flows.texts import Joined, Said, _, plural
from storage.value import value

LINE = 27
"""Characters of a label that fit in the narrowest column, a phone of 320 pixels."""
LINES = 3
ROW, DENSE_ROW = 54, 47
LINE_HEIGHT = 20
LARGEST_STACK = 5
SMALLEST_INSIDE = 0.05
"""A part of a stacked bar below this share is too narrow for its number."""

_INVERSE = {"v1", "v5"}
_SCALES = {1: "3", 2: "15", 3: "135", 4: "1245", 5: "12345"}
_HEAT = ((0.15, "q1"), (0.3, "q2"), (0.5, "q3"), (0.7, "q4"))


@value
class Bar:
    """A row of a bar chart: `solid` and `lost` are shares of the width (0 to 1), drawn one after the other.

    A bar that shows a part of a whole has a track, the whole.
    """

    label: str
    value: str
    solid: float
    lost: float = 0.0
    worst: bool = False
    track: bool = False


def draw(figure: Figure, language: str) -> Markup | None:
    """The chart of a figure; None when there is nothing to draw but a table or texts."""
    if figure.shape in ("heat", "texts") or not figure.people:
        return None
    if figure.shape == "scale" and len(figure.rows) <= LARGEST_STACK:
        return _stack(figure, language)
    bars = [Bar(say(row.label, language), percent(row.share, language), row.share, track=True) for row in figure.rows]
    return _plot(
        f"t-{figure.id}", finding(figure, language), *_rows(bars, ROW if figure.shape == "bars" else DENSE_ROW)
    )


def finding(figure: Figure, language: str) -> str:
    """What the chart shows, as a sentence for who does not see it: `On foot 44%, by car 33%.`"""
    parts = [f"{say(row.label, language)} {percent(row.share, language)}" for row in figure.rows]
    return say(Joined(tuple(parts)), language) + "."


def heat(share: float) -> str:
    """The class of a cell of a heat table, by its share."""
    return next((name for limit, name in _HEAT if share < limit), "q5")


def drop_off(stages: Sequence[Stage], language: str) -> Markup | None:
    """How many are left at each question: solid what stays, hatched what stops there, the worst one marked."""
    most = max((stage.reached for stage in stages), default=0)
    if not most:
        return None
    worst = worst_of(stages)
    bars = [
        Bar(
            say(stage.label, language),
            str(stage.reached),
            (stage.reached - stage.stopped) / most,
            stage.stopped / most,
            stage is worst,
        )
        for stage in stages
    ]
    drawn, height = _rows(bars, DENSE_ROW)
    return _plot("t-drop-off", say(_stopping(stages, worst), language), _HATCH + drawn, height)


def worst_of(stages: Sequence[Stage]) -> Stage | None:
    """Where most people stopped; nowhere when nobody did."""
    worst = max(stages, key=lambda stage: stage.stopped, default=None)
    return worst if worst and worst.stopped else None


def _stopping(stages: Sequence[Stage], worst: Stage | None) -> Joined:
    began = stages[0].reached
    parts: list[Said] = [plural("{count} person began.", "{count} people began.", began)]
    if worst:
        parts.append(
            plural(
                "Most stopped at “{question}”: {count} person.",
                "Most stopped at “{question}”: {count} people.",
                worst.stopped,
                question=worst.label,
            )
        )
    else:
        parts.append(_("Nobody stopped on the way."))
    return Joined(tuple(parts), " ")


_HATCH = Markup(
    '<defs><pattern id="hatch" width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">'
    '<line class="hatch-line" x1="0" y1="0" x2="0" y2="6"/></pattern></defs>'
)


def _plot(id: str, title: str, drawn: Markup, height: int) -> Markup:
    return Markup(
        '<svg class="plot" role="img" aria-labelledby="{id}" height="{height}"><title id="{id}">{title}</title>'
        "{drawn}</svg>"
    ).format(id=id, height=height, title=title, drawn=drawn)


def _rows(bars: Sequence[Bar], height: int) -> tuple[Markup, int]:
    """Bars one below the other, each under its label; answers the height they take too."""
    drawn, y = [], 0
    for bar in bars:
        lines = _lines(bar.label)
        drawn += [
            Markup('<text x="0" y="{y}">{line}</text>').format(y=y + 16 + LINE_HEIGHT * number, line=line)
            for number, line in enumerate(lines)
        ]
        drawn.append(
            Markup('<text class="strong end" x="100%" y="{y}">{value}</text>').format(y=y + 16, value=bar.value)
        )
        below = y + 25 + LINE_HEIGHT * (len(lines) - 1)
        if bar.track:
            drawn.append(_rect("track", 0, 1, below))
        drawn.append(_rect("bar", 0, bar.solid, below))
        if bar.lost:
            drawn.append(_rect("lost worst" if bar.worst else "lost", bar.solid, bar.lost, below))
        y = below + height - 25
    return Markup("").join(drawn), y


def _lines(label: str) -> list[str]:
    return textwrap.wrap(label, LINE, max_lines=LINES, placeholder=" …") or [""]


def _rect(name: str, x: float, width: float, y: int) -> Markup:
    return Markup('<rect class="{name}" x="{x:.2f}%" y="{y}" width="{width:.2f}%" height="14" rx="3"/>').format(
        name=name, x=x * 100, width=min(width, 1) * 100, y=y
    )


def _stack(figure: Figure, language: str) -> Markup:
    """One bar of ordered grades, each part with its share inside, or below when it is too narrow for it."""
    drawn, small, x = [], [], 0.0
    for row, grade in zip(figure.rows, _SCALES[len(figure.rows)], strict=True):
        if row.share:
            drawn.append(_part(row, f"v{grade}", x, language))
        if 0 < row.share < SMALLEST_INSIDE:
            small.append(f"{say(row.label, language)} {percent(row.share, language)}")
        x += row.share
    first, last = say(figure.rows[0].label, language), say(figure.rows[-1].label, language)
    drawn.append(_aside(first, "0", 14, ""))
    if len(figure.rows) > 1:
        drawn.append(_aside(last, "100%", 14, " end"))
    lines = (
        textwrap.wrap(say(_("Too small to write in: {shares}", shares=", ".join(small)), language), 34) if small else []
    )
    drawn += [_aside(line, "0", 100 + LINE_HEIGHT * number, "") for number, line in enumerate(lines)]
    height = 86 + LINE_HEIGHT * len(lines) + (4 if lines else 0)
    return _plot(f"t-{figure.id}", finding(figure, language), Markup("").join(drawn), height)


def _part(row: Count, name: str, x: float, language: str) -> Markup:
    """A part that is narrow says its number without the sign."""
    part = Markup('<rect class="{name}" x="{x:.2f}%" y="26" width="{width:.2f}%" height="52"/>').format(
        name=name, x=x * 100, width=row.share * 100
    )
    if row.share >= SMALLEST_INSIDE:
        words = percent(row.share, language) if row.share >= 0.2 else f"{row.share * 100:.0f}"
        inverse = " inv" if name in _INVERSE else ""
        part += Markup('<text class="in mid{inverse}" x="{x:.2f}%" y="58">{words}</text>').format(
            inverse=inverse, x=(x + row.share / 2) * 100, words=words
        )
    if x:
        part += Markup('<line class="gap" x1="{x:.2f}%" x2="{x:.2f}%" y1="26" y2="78"/>').format(x=x * 100)
    return part


def _aside(words: str, x: str, y: int, end: str) -> Markup:
    return Markup('<text class="aside{end}" x="{x}" y="{y}">{words}</text>').format(end=end, x=x, y=y, words=words)
