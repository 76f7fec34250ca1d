"""How a long run shows that it is alive: a bar on a terminal, a line now and then elsewhere."""

from __future__ import annotations

import contextlib
import sys
import time
from collections.abc import Callable, Iterator
from typing import Any

EVERY = 15.0
"""Seconds between lines where there is no terminal."""


@contextlib.contextmanager
def shown(title: str) -> Iterator[Callable[[Any], None]]:
    """A progress callback for `run`, `sweep` and `reproduce`, drawn on standard error while the block lasts."""
    with _bar(title) if sys.stderr.isatty() else _lines(title) as tell:
        yield tell


@contextlib.contextmanager
def _bar(title: str) -> Iterator[Callable[[Any], None]]:
    from rich.console import Console
    from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn, TimeRemainingColumn

    columns = (
        SpinnerColumn(), TextColumn("{task.description}"), BarColumn(bar_width=28), TextColumn("{task.percentage:3.0f}%"),
        TextColumn("elapsed"), TimeElapsedColumn(), TextColumn("left"), TimeRemainingColumn(),
    )  # fmt: skip
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(f"{title}: compiling...", total=None)

        def tell(step: Any) -> None:
            if step.compiling:
                bar.update(task, description=f"{step.name}: compiling...", completed=step.done, total=step.total)
            else:
                bar.update(task, description=step.name, completed=step.done, total=step.total)

        yield tell


@contextlib.contextmanager
def _lines(title: str) -> Iterator[Callable[[Any], None]]:
    begun = last = time.monotonic()
    named = ""

    def tell(step: Any) -> None:
        nonlocal last, named
        now = time.monotonic()
        if step.compiling:
            if step.name != named:
                named = step.name
                if not step.done:
                    print(f"{step.name}: compiling...", file=sys.stderr, flush=True)
        elif now - last > EVERY:
            last = now
            left = (now - begun) * (step.total - step.done) / max(step.done, 1)
            line = f"{step.name}: {100 * step.done / step.total:.0f}%, about {left:.0f} s left"
            print(line, file=sys.stderr, flush=True)

    yield tell
