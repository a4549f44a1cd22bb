"""All figures of one run of `palabre bench`, and the table they are shown in."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from typing import TypeAlias

from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from bot import collector
from bot.bench import broadcasts, drivers, engine, memory, rivals, sends, signal, similar, telegram, turns
from bot.bench.town import Town, questionnaire, town
from storage.value import value

Measure: TypeAlias = "Callable[[], float | Awaitable[float]]"


@value
class Figure:
    """One figure: its key in --json, what it is, and whether more is better. `target` is what the issue asks."""

    key: str
    title: str
    unit: str
    more: bool
    target: str


FIGURES = (
    Figure("durable_turns_per_s", "Durable turns, bursts of 100", "/s", True, "5,000"),
    Figure("vote_turns_per_s", "… with one read and one vote each", "/s", True, "3,000"),
    Figure("naive_turns_per_s", "The naive way", "/s", True, "a 15th of durable at most"),
    Figure("raw_sqlite_turns_per_s", "sqlite3 alone, 64 a transaction", "/s", True, "10 times durable at most"),
    Figure("engine_turns_per_s", "The engine alone, 10 questions", "/s", True, "20,000"),
    Figure("engine_turns_per_s_100", "The engine alone, 100 questions", "/s", True, "10,000"),
    Figure("idle_answer_ms", "An answer from an idle house, median", "ms", False, "15"),
    Figure("cpu_us_per_turn_1k", "Processor a turn, 1,000 participants", "µs", False, ""),
    Figure("cpu_us_per_turn_100k", "Processor a turn, 100,000 participants", "µs", False, "1.5 times the former"),
    Figure("rss_mb", "Memory of the running house, the chat page alone", "MB", False, "150"),
    Figure("telegram_turns_per_s", "Durable turns from Telegram's JSON", "/s", True, "1,500"),
    Figure("telegram_rss_mb", "Memory of a house with a Telegram bot, by aiogram", "MB", False, ""),
    Figure("telegram_ptb_rss_mb", "… by python-telegram-bot", "MB", False, ""),
    Figure("telegram_ptb_send_ratio", "Processor a prompt by it, aiogram being 1", "times", False, ""),
    Figure("signal_rss_mb", "Memory of a house with a number at Signal", "MB", False, ""),
    Figure("send_30_error_percent", "Sending at Telegram's 30 a second by aiogram, less by", "%", False, "1"),
    Figure("send_paid_per_s", "… at the paid pace", "/s", True, "900"),
    Figure("broadcast_enqueue_100k_s", "A broadcast written for 100,000 people", "s", False, "10"),
    Figure("reply_p99_during_broadcast_ms", "Answers while one leaves, 99 of 100 within", "ms", False, "1,000"),
    Figure("similar_8500_p95_ms", "Similar texts among 8,500, 19 of 20 within", "ms", False, "10"),
    Figure("similar_100k_p95_ms", "… among 100,000", "ms", False, "50"),
)


async def measure(runs: int, console: Console) -> dict[str, float]:
    """Every figure, the best of `runs` runs that are interleaved, so that all see the same machine."""
    found: dict[str, list[float]] = {figure.key: [] for figure in FIGURES}
    async with AsyncExitStack() as stack:
        with Progress(console=console, transient=True) as progress:
            task = progress.add_task("Furnishing a large town", total=runs * len(FIGURES))
            large = await stack.enter_async_context(town(100_000, questionnaire(10)))
            shelves = [await stack.enter_async_context(similar.shelf(texts)) for texts in (8_500, 100_000)]
            collector.calm()
            for _ in range(runs):
                for key, take in _measures(large, *shelves).items():
                    progress.update(task, description=key)
                    value = take()
                    found[key].append(await value if inspect.isawaitable(value) else value)
                    progress.advance(task)
    return {figure.key: _best(figure, found[figure.key]) for figure in FIGURES}


async def in_a_small_town(take: Callable[[Town], float | Awaitable[float]]) -> float:
    """In a new town each time: people who have come to their recap would be measured instead of people answering."""
    async with town(1_000, questionnaire(10)) as small:
        value = take(small)
        return await value if inspect.isawaitable(value) else value


def _measures(large: Town, some: similar.Shelf, many: similar.Shelf) -> dict[str, Measure]:
    return {
        "durable_turns_per_s": lambda: in_a_small_town(turns.durable),
        "vote_turns_per_s": turns.votes,
        "naive_turns_per_s": lambda: in_a_small_town(rivals.naive),
        "raw_sqlite_turns_per_s": lambda: in_a_small_town(rivals.raw),
        "engine_turns_per_s": lambda: engine.turns_per_second(10),
        "engine_turns_per_s_100": lambda: engine.turns_per_second(100),
        "idle_answer_ms": turns.idle_answer,
        "cpu_us_per_turn_1k": lambda: in_a_small_town(turns.cpu_per_turn),
        "cpu_us_per_turn_100k": lambda: turns.cpu_per_turn(large),
        "rss_mb": memory.of_a_house,
        "telegram_turns_per_s": telegram.turns_per_second,
        "telegram_rss_mb": telegram.memory_of_a_house,
        "telegram_ptb_rss_mb": drivers.memory_with_ptb,
        "telegram_ptb_send_ratio": drivers.send_ratio,
        "signal_rss_mb": signal.memory_of_a_house,
        "send_30_error_percent": sends.error_at_the_free_pace,
        "send_paid_per_s": sends.paid_per_second,
        "broadcast_enqueue_100k_s": lambda: broadcasts.enqueue(large),
        "reply_p99_during_broadcast_ms": broadcasts.reply_p99,
        "similar_8500_p95_ms": some.p95_ms,
        "similar_100k_p95_ms": many.p95_ms,
    }


def _best(figure: Figure, values: list[float]) -> float:
    best = max(values) if figure.more else min(values)
    return round(best) if best >= 1000 else round(best, 1)


def table(figures: dict[str, float]) -> Table:
    """The figures beside what is asked of them."""
    shown = Table("Figure", "Best", "Asked", title="palabre bench")
    shown.columns[1].justify = "right"
    for figure in FIGURES:
        shown.add_row(figure.title, f"{figures[figure.key]:,} {figure.unit}", figure.target)
    return shown
