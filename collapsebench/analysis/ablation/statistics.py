"""Statistics over trajectories of the eight arms, what is attributed to each error, and their intervals. NumPy only."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from collapsebench.analysis.ablation.attribution import alone, effects, interactions, shapley, shares
from collapsebench.analysis.intervals import (
    percentile_interval,
    resampled_counts,
    resampled_medians,
    studentised_interval,
)  # fmt: skip
from collapsebench.specs.errors import RequestError, nearest, shown

STATISTICS = ("median", "mean")
PARTS: dict[str, tuple[str, Callable[[np.ndarray], np.ndarray]]] = {
    "shapley": ("error", shapley), "share": ("error", lambda arms: shares(shapley(arms))), "alone": ("error", alone),
    "effect": ("term", effects), "interaction": ("combination", interactions),
}  # fmt: skip
"""Name, leading dim and function of arms [2, 2, 2, ...] of everything that is attributed."""


def check_statistic(statistic: str) -> str:
    """The statistic. Raises RequestError for one that is not known."""
    if not isinstance(statistic, str):
        raise RequestError(f"statistic = {shown(statistic)}: it must be a word")
    if statistic not in STATISTICS:
        known = ", ".join(STATISTICS)
        raise RequestError(f"statistic = {statistic}: not one of {known}{nearest(statistic, STATISTICS)}")
    return statistic


def centre(values: np.ndarray, statistic: str) -> np.ndarray:
    """Mean or median of values [trajectory, ...]; a NaN counts as the largest value of a median."""
    if statistic == "mean":
        return np.asarray(values.mean(axis=0))
    return resampled_medians(values, np.ones((1, len(values)), int))[0]


def with_interval(values: np.ndarray, statistic: str, resamples: int, seed: int) -> dict[str, np.ndarray]:
    """Mean or median of values [trajectory, ...] and the ends `_low`, `_high` of its 95% bootstrap interval."""
    counts = resampled_counts(len(values), resamples, seed)
    if statistic == "mean":
        low, high = studentised_interval(values, counts)
    else:
        low, high = percentile_interval(resampled_medians(values, counts))
    return {"": centre(values, statistic), "_low": low, "_high": high}


def attribute(
    values: np.ndarray, where: np.ndarray, statistic: str, resamples: int, seed: int
) -> tuple[np.ndarray, dict[str, tuple[tuple[str, str], np.ndarray]]]:
    """The statistic of each arm [2, 2, 2, generation], and variables of PARTS with their 95% bootstrap intervals.

    values: [arm, trajectory, generation] of the arms that differ; where: [2, 2, 2], the number of each combination's.
    Trajectories are resampled together in all arms, as they saw the same random numbers. What is linear in means is
    itself a mean over trajectories, and its interval is studentised; that of medians is of percentiles; a share of
    means is linearised (delta method).
    """
    counts = resampled_counts(values.shape[1], resamples, seed)
    with np.errstate(invalid="ignore"):  # infinite less infinite
        arms = np.stack([centre(own, statistic) for own in values])[where]
        if statistic == "median":
            draws = np.stack([resampled_medians(own, counts) for own in values])[where]
        found: dict[str, Any] = {}
        for name, (dim, function) in PARTS.items():
            value = function(arms)
            if statistic == "median":
                low, high = percentile_interval(function(draws).swapaxes(0, 1))
            else:
                low, high = studentised_interval(_rows(name, function, values[where], value), counts)
            for end, of in (("", value), ("_low", low), ("_high", high)):
                found[name + end] = ((dim, "generation"), of)
    return arms, found


def _rows(name: str, function: Callable[[np.ndarray], np.ndarray], arms: np.ndarray, value: np.ndarray) -> np.ndarray:
    """Numbers of single trajectories [trajectory, ...] whose mean is the value."""
    if name != "share":
        return np.moveaxis(function(arms), 1, 0)
    own = np.moveaxis(shapley(arms), 1, 0)
    total = own.sum(axis=1, keepdims=True)
    with np.errstate(divide="ignore"):
        return np.asarray(value + (own - value * total) / total.mean(axis=0))
