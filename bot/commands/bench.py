"""`palabre bench`: measure this machine."""

from __future__ import annotations

import asyncio
from typing import Annotated

import typer


def bench(
    json: Annotated[bool, typer.Option("--json", help="One JSON object instead of the table.")] = False,
    runs: Annotated[int, typer.Option(min=1, max=50, help="Interleaved runs; the best of each figure counts.")] = 5,
) -> None:
    """Measure this machine: turns a second, answers, memory. Takes a few minutes."""
    from rich.console import Console

    from bot.bench.report import measure, table

    console = Console(stderr=True)
    figures = asyncio.run(measure(runs, console))
    if json:
        import orjson

        typer.echo(orjson.dumps(figures).decode())
    else:
        Console().print(table(figures))
