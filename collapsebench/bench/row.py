"""Row: measurements of one benchmark, its rounds and the interleaved timings of limits and rivals."""

from __future__ import annotations

import dataclasses
import statistics
from collections.abc import Sequence
from typing import Any

import numpy as np


@dataclasses.dataclass
class Row:
    """Measurements of one benchmark, one line of the table; times in seconds."""

    name: str
    group: str
    unit: str
    units: float
    times: list[float]
    calibration: list[float]
    trace: float = 0.0
    lower: float = 0.0
    compile: float = 0.0
    peak_bytes: int = 0
    turn: int = 3
    """rounds between two turns of rivals and limits"""
    limits: list[float] = dataclasses.field(default_factory=list)
    """seconds that the work takes at the machine's ceiling, turn by turn"""
    products: list[float] = dataclasses.field(default_factory=list)
    """and that a network's matrix products take by themselves, at their shapes"""
    rivals: dict[str, list[float]] = dataclasses.field(default_factory=dict)
    called: dict[str, list[float]] = dataclasses.field(default_factory=dict)
    """units of work per second of `cb.run`, around the loop that the rounds time, turn by turn: "called" of one that keeps
    all generations, "called_last" of one that keeps the last"""
    extra: dict[str, Any] = dataclasses.field(default_factory=dict)

    @property
    def median(self) -> float:
        """Median seconds of the rounds."""
        return statistics.median(self.times)

    @property
    def spread(self) -> float:
        """Interquartile range of the rounds, in seconds."""
        low, high = np.quantile(self.times, [0.25, 0.75])
        return float(high - low)

    @property
    def rate(self) -> float:
        """Units of work per second."""
        return self.units / self.median

    def share(self, least: Sequence[float]) -> tuple[float, float, float] | None:
        """`least` seconds, by turns, over ours: median and range of the turns; None where there was no turn."""
        ratio = np.array(least) / self._near(len(least))
        return (float(np.median(ratio)), float(ratio.min()), float(ratio.max())) if least else None

    def _near(self, turns: int) -> np.ndarray:
        """The median time of our rounds after each of so many turns."""
        starts = np.minimum(np.arange(turns) * self.turn, len(self.times) - 1)
        return np.array([np.median(self.times[i : i + self.turn]) for i in starts])

    def times_faster(self) -> tuple[str, float, float, float] | None:
        """(best rival, ratio, low, high): our rate over its, by turns of the rival; median and range of the turns."""
        if not self.rivals:
            return None
        best = max(self.rivals, key=lambda name: statistics.median(self.rivals[name]))
        theirs = np.array(self.rivals[best])
        ratio = self.units / self._near(len(theirs)) / theirs
        return best, float(np.median(ratio)), float(ratio.min()), float(ratio.max())

    def to_json(self) -> dict[str, Any]:
        """Measurements as JSON data, for pytest-benchmark's `extra_info`."""
        data = {"unit": self.unit, "units": self.units, "rate": self.rate, "times": self.times,
                "calibration": self.calibration, "trace": self.trace, "lower": self.lower, "compile": self.compile,
                "peak_bytes": self.peak_bytes, **self.extra}  # fmt: skip
        for name, least in (("share", self.limits), ("share_of_products", self.products)):
            found = self.share(least)
            data[name] = None if found is None else dict(zip(("median", "low", "high"), found, strict=True))
        data |= {name: statistics.median(rates) for name, rates in self.called.items()}
        if (faster := self.times_faster()) is not None:
            data["rivals"] = {name: statistics.median(rates) for name, rates in self.rivals.items()}
            data["times_faster"] = dict(zip(("rival", "median", "low", "high"), faster, strict=True))
        return data
