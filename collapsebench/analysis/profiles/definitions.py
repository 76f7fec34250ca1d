"""The eight definitions of model collapse, each as a flag with its evidence. NumPy only.

Source: Schaeffer et al. (2025), Model Collapse Does Not Mean What You Think. R_g is the risk of trajectories at
generation g, [trajectory, generation]; a flag needs 5 standard errors, so that noise does not raise it.
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


def _positive(values: np.ndarray) -> tuple[bool, float, float]:
    """(whether a number of trajectories [trajectory] is above 0, its mean, its standard error).

    By 5 standard errors of the mean, or above 0 in most trajectories by 5 of that share: where a few trajectories carry
    the mean, its standard error is as large as itself.
    """
    mean, error = _mean(values)
    known = values[~np.isnan(values)]
    most = known.size > 0 and intervals.wilson_interval(float(np.mean(known > 0)), known.size, SURE)[0] > 0.5
    return bool(mean > SURE * error or mean == np.inf or most), mean, error


def catastrophic(risk: np.ndarray) -> Flag:
    """1. The mean risk rises above ten times that of generation 0 within the horizon. Evidence: the largest ratio."""
    with np.errstate(all="ignore"):
        means = risk.mean(axis=0)
        worst = int(np.nanargmax(means))
        start = means[0]
        ratio, error = _mean(risk[:, worst] / start)
        error = (
            np.hypot(error, ratio * risk[:, 0].std(ddof=1) / np.sqrt(len(risk)) / start) if len(risk) > 1 else np.nan
        )
        risen, _, _ = _positive(risk[:, worst] - risk[:, 0])
    return _flag(ratio > 10 and risen, ratio, error)


def increase(risk: np.ndarray) -> Flag:
    """2. The risk of some generation is above that of generation 0. Evidence: the largest mean rise."""
    with np.errstate(invalid="ignore"):  # infinite less infinite
        rises = [_positive(risk[:, g] - risk[:, 0]) for g in range(1, risk.shape[1])]
    if not rises:
        return NOT_MEASURED
    _, mean, error = max(rises, key=lambda rise: rise[1])
    return _flag(any(holds for holds, _, _ in rises), mean, error)


def divergence(risk: np.ndarray) -> Flag:
    """3. The slope of the risk over the last half is positive. Evidence: the mean slope per generation."""
    half = risk[:, risk.shape[1] // 2 :]
    if half.shape[1] < 2:
        return NOT_MEASURED
    if np.isinf(half).any():
        return Flag(True, np.inf, np.inf, np.inf)
    return _flag(*_positive(slopes(half)))


def collapsing(log_variance: np.ndarray) -> Flag:
    """4. The mean log trace of the covariance falls. Evidence: its slope per generation (-inf once it is a point)."""
    if log_variance.shape[1] < 2:
        return NOT_MEASURED
    if np.isneginf(log_variance).any():
        return Flag(True, -np.inf, -np.inf, -np.inf)
    falls, mean, error = _positive(-slopes(log_variance))
    return _flag(falls, -mean, error)


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

    draws = intervals.bootstrap(own, change, resamples)
    low, high = intervals.percentile_interval(draws)
    found = change(*own)
    return Flag(bool(abs(found) > SURE * np.nanstd(draws, ddof=1)), found, float(low), float(high))


def modes_lost(modes: np.ndarray) -> Flag:
    """6. Fewer real modes keep half of their mass at the end than at the start. Evidence: the share that was lost."""
    start = modes[:, 0].mean()
    mean, error = _mean((modes[:, 0] - modes[:, -1]) / start if start > 0 else np.full(len(modes), np.nan))
    return _flag(mean > 0 and mean >= SURE * error, mean, error)


def tail_lost(gone: np.ndarray) -> Flag:
    """7. Most trajectories lose half of the real mass on the real tail for good. Evidence: their share.

    gone [trajectory]: whether it is lost and does not come back (`events.lost_for_good`). Not the mean mass: that of a
    model whose draws are unbiased is the same for ever, carried by the few trajectories that wandered into the tail;
    nor the mass at the end, which the noise of one fit can halve. Interval: Wilson (1927).
    """
    share = float(np.mean(gone))
    low, high = intervals.wilson_interval(share, gone.size)
    return Flag(intervals.wilson_interval(share, gone.size, SURE)[0] > 0.5, share, low, high)


def hallucination(mass: np.ndarray, free: np.ndarray, quantile: float) -> Flag:
    """8. The mass outside the real 1 - quantile region ends above what is real there. Evidence: the mass.

    free: the mass of loop-free fits, of any shape, above which it must end too: a fit to few rows has wide tails.
    """
    (mean, error), (fit, of_fit) = _mean(mass[:, -1]), _mean(free.ravel())
    return _flag(mean - quantile > SURE * error and mean - fit > SURE * np.hypot(error, of_fit), mean, error)
