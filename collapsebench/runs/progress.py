"""Progress of a run: steps for a callback; a bar on a terminal, else a line every 15 s."""

from __future__ import annotations

import contextlib
import dataclasses
import sys
import time
from collections.abc import Callable, Iterator

EVERY = 15.0
"""Seconds between lines where there is no terminal."""

Progress = Callable[["Step"], None]


@dataclasses.dataclass(frozen=True)
class Step:
    """Argument of a progress callback, after each block and once before the first, while it compiles.

    done and total count trajectory-generations, of this run or of whatever it is a part of.
    """

    name: str
    done: int
    total: int
    compiling: bool = False


def part(progress: Progress | None, before: float, cost: float, total: float) -> Progress | None:
    """A callback for one part of a longer work, which reports the whole to `progress`; None for None.

    The part costs `cost` of the whole's `total`, and `before` of it came earlier, all in one unit.
    """
    if progress is None:
        return None
    return lambda step: progress(
        dataclasses.replace(step, done=int(before + cost * step.done / step.total), total=int(total))
    )


@contextlib.contextmanager
def shown(title: str) -> Iterator[Progress]:
    """A progress callback for `run`, `sweep` and `reproduce`, drawn on standard error while the block lasts."""
    with _bar(title) if sys.stderr.isatty() else _lines(title) as tell:
        yield tell


@contextlib.contextmanager
def _bar(title: str) -> Iterator[Progress]:
    from rich import progress as rich
    from rich.console import Console

    columns = (
        rich.SpinnerColumn(), rich.TextColumn("{task.description}"), rich.BarColumn(bar_width=28),
        rich.TextColumn("{task.percentage:3.0f}%"), rich.TextColumn("elapsed"), rich.TimeElapsedColumn(),
        rich.TextColumn("left"), rich.TimeRemainingColumn(),
    )  # fmt: skip
    with rich.Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(f"{title}: compiling...", total=None)

        def tell(step: Step) -> None:
            if step.compiling:
                bar.update(task, description=f"{step.name}: compiling...", completed=step.done, total=step.total)
            else:
                bar.update(task, description=step.name, completed=step.done, total=step.total)

        yield tell


@contextlib.contextmanager
def _lines(title: str) -> Iterator[Progress]:
    begun = last = time.monotonic()
    named = ""

    def tell(step: Step) -> None:
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
