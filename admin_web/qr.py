"""QR codes as inline SVG: one path, no picture to load, sharp on paper."""

from __future__ import annotations

import segno
from markupsafe import Markup

QUIET = 4
"""Light modules around a code, which readers need."""


def qr(text: str, description: str) -> Markup:
    """The code of a text, with its description for who does not see it."""
    rows = segno.make(text, error="m", micro=False).matrix
    side = len(rows) + 2 * QUIET
    path = "".join(
        f"M{x + QUIET} {y + QUIET}h1v1h-1z" for y, row in enumerate(rows) for x, module in enumerate(row) if module
    )
    return Markup(
        '<svg class="qr" viewBox="0 0 {side} {side}" role="img" aria-label="{description}" '
        'shape-rendering="crispEdges"><path d="{path}"/></svg>'
    ).format(side=side, description=description, path=path)
