"""Progress of a run: steps for a callback; a line on standard error that a terminal or notebook overwrites."""

from __future__ import annotations

import contextlib
import dataclasses
import math
import shutil
import sys
import threading
import time
from collections.abc import Callable, Iterator
from typing import TextIO

from collapsebench.specs.errors import RequestError, printable, shown

DELAY = 1.5
"""Seconds that a work may take without a word."""
EVERY, LIVE = 15.0, 0.25
"""Seconds between lines in a file, and between two pictures of the line on a terminal or in a notebook."""
LEAST = 1.0
"""Seconds of running, without what is compiled, from which the rest is estimated."""
BAR = 24

Progress = Callable[["Step"], None]


@dataclasses.dataclass(frozen=True)
class Step:
    """Argument of a progress callback, after each block and once before the first, while it compiles.

    done and total count trajectory-generations of one run, begun ones as fractions; of works of several runs, their cost.
    ends: the `done` at which the run at work ends; None: it is the whole.
    """

    name: str
    done: float
    total: float
    compiling: bool = False
    ends: float | None = None


def silent(step: Step) -> None:
    """A callback that tells nobody."""


def part(progress: Progress, before: float, cost: float, total: float) -> Progress:
    """A callback for one part of a longer work, which reports the whole to `progress`.

    The part costs `cost` of the whole's `total`, and `before` of it came earlier, all in one unit.
    """

    def tell(step: Step) -> None:
        done, ends = (before + cost * at / step.total for at in (step.done, step.ends or step.total))
        progress(dataclasses.replace(step, done=done, total=total, ends=ends))

    return tell


@contextlib.contextmanager
def heard(progress: Progress | bool | None, title: str) -> Iterator[Progress]:
    """The callback that a user's `progress=` means, while the block lasts.

    None: a line on standard error, where that is a terminal or a notebook, once the work takes longer than DELAY; True:
    also in a file; False: nothing; a function of a Step: that one. Raises RequestError for anything else.
    """
    if progress is None or progress is True:
        with display(title) if progress or _is_live(sys.stderr) else contextlib.nullcontext(silent) as tell:
            yield tell
    elif progress is False or callable(progress):
        yield progress or silent
    else:
        raise RequestError(f"progress = {shown(progress)}: it must be True, False, or a function of a Step")


@contextlib.contextmanager
def display(title: str) -> Iterator[Progress]:
    """A progress callback whose steps are shown on standard error while the block lasts."""
    meter, stop = Meter(title), threading.Event()
    painter = threading.Thread(target=_paint, args=(meter, sys.stderr, stop), daemon=True)
    painter.start()
    try:
        yield meter.tell
    finally:
        stop.set()
        painter.join()


class Meter:
    """How far a work is, and how long the rest will take, once work of the same sort has been measured.

    A part's first block is compiled: its time, the lead, says nothing about how fast the others are, and is counted once
    for every part that is still to begin.
    """

    def __init__(self, title: str) -> None:
        self.step = Step(title, 0, 1, compiling=True)
        self._began = self._at = time.monotonic()
        self._work = self._seconds = 0.0
        self._sizes: list[float] = []
        self._leads: list[float] = []

    def tell(self, step: Step) -> None:
        """Take note of a step."""
        now, last, self.step = time.monotonic(), self.step, step
        if step.compiling:
            self._sizes.append((step.ends or step.total) - step.done)
        elif last.compiling:
            self._leads.append(now - self._at)
        else:
            self._work += step.done - last.done
            self._seconds += now - self._at
        self._at = now

    def left(self) -> float | None:
        """Seconds that the rest takes; None where nothing has been measured that would tell, or it takes longer."""
        if len(self._leads) < 2 and (self._seconds < LEAST or not self._work):
            return None
        step = self.step
        ends = step.ends or step.total
        parts = (step.total - ends) * len(self._sizes) / max(sum(self._sizes), 1e-9) + step.compiling
        again = self._leads[1:] or self._leads  # what the first has compiled, the others may have in common
        running = (step.total - step.done) * self._seconds / self._work if self._work else 0.0
        left = running + parts * sum(again) / len(again) - (time.monotonic() - self._at)
        return left if left > 0 else None

    def text(self, bar: int = 0) -> str:
        """The line that tells all this, with a bar of so many characters."""
        step, left = self.step, self.left()
        share = min(1.0, step.done / step.total)
        drawn = f"[{'#' * round(bar * share):.<{bar}}] " if bar else ""
        words = [f"{math.floor(100 * share + 1e-9)}%"] if step.done else []  # 100% is the end
        words += ["compiling"] if step.compiling else []
        words += [f"{time.monotonic() - self._began:.0f} s"]
        words += [] if left is None else [f"about {left:.0f} s left"]
        return f"{printable(step.name, 60)}: {drawn}{', '.join(words)}"


def _is_live(stream: TextIO | None) -> bool:
    """Whether somebody watches a stream: a terminal, or the cell of a notebook."""
    with contextlib.suppress(OSError, ValueError):
        return stream is not None and (stream.isatty() or type(stream).__module__.startswith("ipykernel"))
    return False


def _paint(meter: Meter, stream: TextIO | None, stop: threading.Event) -> None:
    """Write the meter's line now and then, until `stop`: over the last one where somebody watches."""
    live, length, wait = _is_live(stream), 0, DELAY
    with contextlib.suppress(OSError, ValueError, AttributeError):  # full, closed, or None
        while not stop.wait(wait):
            width = shutil.get_terminal_size().columns - 1
            line = meter.text(BAR if width >= 60 else 0)
            line = f"\r{line[:width]:{length}}" if live else f"{line}\n"
            length, wait = len(line.rstrip()) - 1, LIVE if live else EVERY
            print(line, end="", file=stream, flush=True)
        if live and length:
            print(f"\r{'':{length}}\r", end="", file=stream, flush=True)
