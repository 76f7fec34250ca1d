"""Search for the value of a dial at which a limit is just kept: it asks for its next points, from what was measured."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from functools import lru_cache

import numpy as np

from collapsebench.analysis.intervals import Z, resampled_counts, studentised_interval

SURE = 3.0
"""Standard errors beyond which a point is taken to keep the limit, or not to, in choosing the next points."""
MOST = 7
"""Stages at most."""
GRID = 41
"""Values in a window at which the interval of the margin is computed; between them it is taken to be straight."""
RESAMPLES = 600
SKEWED = 5000
"""Up to so many trajectories the interval follows the skewness of the loss, by resampling."""


@dataclasses.dataclass(frozen=True)
class Measured:
    """Margins [point, trajectory] at ascending values of the dial: their mean is at least 0 where the limit is kept."""

    values: np.ndarray
    margins: np.ndarray

    @property
    def scores(self) -> np.ndarray:
        """Mean margins over their standard errors [point]; equal ones count as if one in 1.5 of all could differ."""
        size = self.margins.shape[1]
        error = self.margins.std(axis=1, ddof=1) / np.sqrt(size)
        return np.asarray(self.margins.mean(axis=1) / np.where(error > 0, error, 1.5 / size))


@dataclasses.dataclass(frozen=True)
class Crossing:
    """Where the mean margin is 0 (or largest), with its 95% interval; `open` where that reaches the window's ends."""

    value: float
    low: float
    high: float
    open: bool = False


@dataclasses.dataclass(frozen=True)
class Search:
    """Where between `low` and `high` the mean margin crosses 0; with `optimum`, where it is largest.

    step: the dial moves by so much (0: freely). Every stage has as many points and trajectories as every other, so that
    all are one compiled program; its trajectories are its own, so that the choice of the points biases nothing.
    """

    low: float
    high: float
    step: float = 0.0
    points: int = 8
    optimum: bool = False

    def ask(self, seen: Sequence[Measured]) -> np.ndarray | None:
        """The next values of the dial, ascending; None: enough is known."""
        if not seen:
            return self._spread(self.low, self.high)
        if len(seen) >= MOST or self.verdict(seen):
            return None
        if len(seen) < 3:
            return self._spread(*self._window(seen[-1]))
        if not self.crossing(seen).open:
            return None
        low, high = seen[-1].values[[0, -1]]
        return self._spread(low - (high - low) / 2, high + (high - low) / 2)

    def verdict(self, seen: Sequence[Measured]) -> str:
        """ "always" or "never" where every point of the whole range keeps the limit, or none does; else empty."""
        scores = seen[0].scores
        if self.optimum:
            return ""
        return "always" if (scores > SURE).all() else "never" if (scores < -SURE).all() else ""

    def rising(self, seen: Sequence[Measured]) -> bool:
        """Whether more of the dial is better."""
        ends = seen[0].margins.mean(axis=1)
        return bool(ends[-1] >= ends[0])

    def crossing(self, seen: Sequence[Measured]) -> Crossing:
        """The crossing in the last stage's window, from that stage alone."""
        found = optimum(seen[-1]) if self.optimum else crossing(seen[-1], self.rising(seen))
        inner = found.low > self.low and found.low <= seen[-1].values[0] and seen[-1].values[0] > self.low
        outer = found.high < self.high and found.high >= seen[-1].values[-1] and seen[-1].values[-1] < self.high
        return dataclasses.replace(found, open=bool(inner or outer))

    def _window(self, last: Measured) -> tuple[float, float]:
        """The part of the last window in which the crossing, or the optimum, must lie."""
        scores, values = last.scores, last.values
        if self.optimum:
            best = last.margins.mean(axis=1).argmax()
            worse = Measured(values, last.margins - last.margins[best]).scores < -SURE
            near = np.flatnonzero(~worse | (np.arange(len(values)) == best))
        else:
            near = np.flatnonzero(np.abs(scores) <= SURE)
            turns = np.flatnonzero(np.diff(np.sign(scores)))
            near = np.concatenate([near, turns, turns + 1]).astype(int)
            if not len(near):  # all on one side: the crossing is beyond the window
                width = values[-1] - values[0]
                return values[0] - width, values[-1] + width
        inside = np.isin(near, [0, len(values) - 1], invert=True) | self.optimum
        first, final = near.min(), near.max()
        pad = 1 if self.optimum or not inside.all() or first == final else 0
        return values[max(first - pad, 0)], values[min(final + pad, len(values) - 1)]

    def _spread(self, low: float, high: float) -> np.ndarray:
        """Points over a window, within the range and on the dial's steps, all different."""
        low, high = max(low, self.low), min(high, self.high)
        if not self.step:
            return np.linspace(low, high, self.points)
        first, last, end = (round((x - self.low) / self.step) for x in (low, high, self.high))
        count = min(self.points, end + 1)
        missing = max(0, count - 1 - (last - first))
        first = max(0, min(first - missing // 2, end - (count - 1)))
        last = max(last, first + count - 1)
        return self.low + self.step * np.unique(np.round(np.linspace(first, last, count)))


def _weights(values: np.ndarray, at: np.ndarray, derivative: int = 0) -> np.ndarray:
    """Weights [at, point] that give a cubic through the points by least squares, or its derivative, at other values."""
    centre, half = (values[0] + values[-1]) / 2, max((values[-1] - values[0]) / 2, 1e-300)
    powers = np.arange(min(3, len(values) - 1) + 1)
    fit = np.linalg.pinv(((values - centre) / half)[:, None] ** powers)
    u = ((at - centre) / half)[:, None]
    if derivative:
        return (powers[1:] * u ** (powers[1:] - 1)) @ fit[1:]
    return u**powers @ fit


@lru_cache(4)
def _counts(size: int) -> np.ndarray:
    return resampled_counts(size, RESAMPLES)


def _band(rows: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Means over trajectories of rows [trajectory, ...] and their 95% intervals, pointwise."""
    mean = rows.mean(axis=0)
    if len(rows) <= SKEWED:
        return mean, *studentised_interval(rows, _counts(len(rows)))
    half = Z * rows.std(axis=0, ddof=1) / np.sqrt(len(rows))
    return mean, mean - half, mean + half


def crossing(measured: Measured, rising: bool, derivative: int = 0) -> Crossing:
    """Where a cubic fit of the mean margin crosses 0, with the values that its 95% interval does not exclude (Fieller).

    At any value the fit is a mean over trajectories of one weighted sum each, so its interval is that of a mean, however
    the margins at different points of the same trajectory depend on one another.
    """
    values = measured.values
    at = np.linspace(values[0], values[-1], GRID)
    rows = (_weights(values, at, derivative) @ measured.margins).T * (1 if rising else -1)
    mean, low, high = _band(rows)
    value = _between(at, mean, min(int((mean < 0).sum()), GRID - 1))
    possible = np.flatnonzero((low <= 0) & (high >= 0))
    if not len(possible):
        step = at[1] - at[0]
        return Crossing(value, value - step, value + step)
    left, right = map(int, possible[[0, -1]])
    bottom = _between(at, high, left) if left else at[0]
    top = _between(at, low, right + 1) if right + 1 < GRID else at[-1]
    return Crossing(value, float(min(bottom, value)), float(max(top, value)))


def optimum(measured: Measured) -> Crossing:
    """Where a cubic fit of the mean margin is largest, as `crossing` of its derivative."""
    return crossing(measured, False, derivative=1)


def _between(at: np.ndarray, curve: np.ndarray, index: int) -> float:
    """Where a curve crosses 0 between the grid's points index - 1 and index, by a straight line."""
    before, after = (curve[max(index - 1, 0)], curve[index])
    if index == 0 or (before < 0) == (after < 0):
        return float(at[index])
    return float(at[index - 1] + (at[index] - at[index - 1]) * before / (before - after))
