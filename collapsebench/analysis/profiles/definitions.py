"""The eight definitions of model collapse, each as a flag with its evidence. NumPy only.

Source: Schaeffer et al. (2025), Model Collapse Does Not Mean What You Think. R_g is the risk of trajectories at
generation g, [trajectory, generation]; a flag needs 5 standard errors, or an interval that excludes 0.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

import numpy as np

from collapsebench.analysis import intervals

DEFINITIONS = (
    "catastrophic increase", "any increase", "divergence", "collapsing variance", "changed scaling law", "modes lost",
    "tail lost", "hallucination",
)  # fmt: skip
SURE = 5.0
"""Standard errors that a flag needs."""


@dataclasses.dataclass(frozen=True)
class Flag:
    """Whether a definition holds (None: not measured), its evidence, and the evidence's 95% interval."""

    holds: bool | None
    evidence: float = np.nan
    low: float = np.nan
    high: float = np.nan


NOT_MEASURED = Flag(None)


def _mean(values: np.ndarray) -> tuple[float, float]:
    """Mean over trajectories and its standard error; infinite where a trajectory is."""
    values = values[~np.isnan(values)]
    if not values.size:
        return np.nan, np.nan
    if not np.isfinite(values).all():
        return float(values.mean()) if not (np.isinf(values).any() and values.min() == -np.inf) else -np.inf, 0.0
    return float(values.mean()), float(values.std(ddof=1) / np.sqrt(values.size)) if values.size > 1 else np.nan


def _flag(holds: bool, mean: float, error: float) -> Flag:
    return Flag(bool(holds), mean, mean - intervals.Z * error, mean + intervals.Z * error)


def slopes(values: np.ndarray) -> np.ndarray:
    """Least-squares slope per generation of each trajectory [trajectory, generation]; NaN where a value is not finite."""
    t = np.arange(values.shape[1]) - (values.shape[1] - 1) / 2
    return np.where(np.isfinite(values).all(axis=1), np.where(np.isfinite(values), values, 0) @ t / (t @ t), np.nan)


def catastrophic(risk: np.ndarray) -> Flag:
    """1. The mean risk exceeds ten times that of generation 0 within the horizon. Evidence: the largest ratio."""
    with np.errstate(all="ignore"):
        means = risk.mean(axis=0)
        worst = int(np.nanargmax(means))
        start = means[0]
        ratio, error = _mean(risk[:, worst] / start)
        error = (
            np.hypot(error, ratio * risk[:, 0].std(ddof=1) / np.sqrt(len(risk)) / start) if len(risk) > 1 else np.nan
        )
    return _flag(ratio > 10, ratio, error)


def increase(risk: np.ndarray) -> Flag:
    """2. The risk of some generation is above that of generation 0 by 5 standard errors. Evidence: the largest rise."""
    rises = [_mean(risk[:, g] - risk[:, 0]) for g in range(1, risk.shape[1])]
    if not rises:
        return NOT_MEASURED
    holds = any(mean > SURE * error or mean == np.inf for mean, error in rises)
    mean, error = max(rises, key=lambda rise: rise[0])
    return _flag(holds, mean, error)


def divergence(risk: np.ndarray) -> Flag:
    """3. The slope of the risk over the last half is positive. Evidence: the mean slope per generation."""
    half = risk[:, risk.shape[1] // 2 :]
    if half.shape[1] < 2:
        return NOT_MEASURED
    if np.isinf(half).any():
        return Flag(True, np.inf, np.inf, np.inf)
    mean, error = _mean(slopes(half))
    return _flag(mean - intervals.Z * error > 0, mean, error)


def collapsing(log_variance: np.ndarray) -> Flag:
    """4. The mean log trace of the covariance falls. Evidence: its slope per generation (-inf once it is a point)."""
    if log_variance.shape[1] < 2:
        return NOT_MEASURED
    if np.isneginf(log_variance).any():
        return Flag(True, -np.inf, -np.inf, -np.inf)
    mean, error = _mean(slopes(log_variance))
    return _flag(mean + intervals.Z * error < 0, mean, error)


def scaling(risks: Mapping[float, np.ndarray], resamples: int = 500) -> Flag:
    """5. The risk's power law in the sample size differs between the first and the last generation.

    risks: sample size -> risk. Evidence: last exponent less first of mean R ~ n^exponent, with a bootstrap interval.
    """
    sizes = np.array(sorted(risks))
    if len(sizes) < 3:
        return NOT_MEASURED
    x = np.log(sizes) - np.log(sizes).mean()
    own = [risks[size] for size in sizes]

    def change(*own: np.ndarray) -> float:
        rows = [np.log(np.maximum(risk[:, [0, -1]].mean(axis=0), np.finfo(float).tiny)) for risk in own]
        exponents = x @ np.stack(rows) / (x @ x)
        return float(exponents[1] - exponents[0])

    low, high = intervals.percentile_interval(intervals.bootstrap(own, change, resamples))
    return Flag(bool(low > 0 or high < 0), change(*own), float(low), float(high))


def modes_lost(modes: np.ndarray) -> Flag:
    """6. Fewer real modes keep half of their mass at the end than at the start. Evidence: the share that was lost."""
    start = modes[:, 0].mean()
    mean, error = _mean((modes[:, 0] - modes[:, -1]) / start if start > 0 else np.full(len(modes), np.nan))
    return _flag(mean > 0 and mean >= SURE * error, mean, error)


def tail_lost(mass: np.ndarray, quantile: float) -> Flag:
    """7. Most trajectories end with less than half of the real mass on the real tail. Evidence: their share.

    Not the mean mass: that of a model whose draws are unbiased is the same for ever, carried by the few trajectories
    that wandered into the tail. Interval: Wilson (1927).
    """
    last = mass[~np.isnan(mass[:, -1]), -1]
    if not last.size:
        return NOT_MEASURED
    share = float(np.mean(last < quantile / 2))
    low, high = intervals.wilson_interval(share, last.size)
    return Flag(low > 0.5, share, low, high)


def hallucination(mass: np.ndarray, quantile: float) -> Flag:
    """8. The mass outside the real 1 - quantile region ends above what is real there. Evidence: the mass."""
    mean, error = _mean(mass[:, -1])
    return _flag(mean - quantile > SURE * error, mean, error)
