"""Survival analysis of times to an event that not every trajectory has: Kaplan-Meier curve and median. NumPy only."""

from __future__ import annotations

import dataclasses

import numpy as np

from collapsebench.analysis.intervals import Z, wilson_interval


@dataclasses.dataclass(frozen=True)
class Survival:
    """P(no event up to and including generation g), [generations], with its 95% interval, and the median time.

    The median is the first generation at which the curve is at or below 1/2; inf where it stays above. Its interval
    inverts that of the curve.
    """

    curve: np.ndarray
    low: np.ndarray
    high: np.ndarray
    median: float
    median_low: float
    median_high: float


def kaplan_meier(time: np.ndarray, seen: np.ndarray, generations: int) -> Survival:
    """Survival of trajectories with an event at generation `time` where `seen`, else last watched at `time` (censored).

    Interval: Greenwood's variance on the scale of log(-log S), 1.96 standard errors, which stays within [0, 1].
    Sources: Kaplan and Meier (1958); Greenwood (1926); Kalbfleisch and Prentice (2002), section 1.4.
    """
    grid = np.arange(generations)
    events = np.array([np.sum(seen & (time == g)) for g in grid], float)
    at_risk = np.array([np.sum(time >= g) for g in grid], float)
    with np.errstate(divide="ignore", invalid="ignore"):
        curve = np.cumprod(np.where(at_risk > 0, 1 - events / at_risk, 1))
        variance = np.cumsum(np.where(at_risk > events, events / (at_risk * (at_risk - events)), 0))
        half = Z * np.sqrt(variance) / np.abs(np.log(curve))
        inside = (curve > 0) & (curve < 1)
        low = np.where(inside, curve ** np.exp(half), curve)
        high = np.where(inside, curve ** np.exp(-half), curve)
    total = len(time)
    if total:  # an end of the curve at 0 or 1: Wilson's interval of a share that was never, or always, seen
        low = np.where(curve == 1, wilson_interval(1, total)[0], low)
        high = np.where(curve == 0, wilson_interval(0, total)[1], high)
    return Survival(curve, low, high, _first(curve), _first(low), _first(high))


def _first(curve: np.ndarray) -> float:
    below = np.flatnonzero(curve <= 0.5 + 1e-12)  # a product of shares misses one half by rounding
    return float(below[0]) if below.size else np.inf
