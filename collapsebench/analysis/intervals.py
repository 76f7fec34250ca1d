"""Confidence intervals over trajectories: means, spreads, shares, several at once, and by resampling."""

from __future__ import annotations

import contextlib
import math
import warnings
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

Z = 1.96
"""Standard errors on either side of a 95% interval."""


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Nothing but NaN, or a single number, has no interval: it is NaN, and NumPy need not say so."""
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        yield


def mean_interval(values: ArrayLike, axis: int = 0) -> tuple[Any, Any, Any]:
    """Mean over trajectories and its 95% interval (1.96 standard errors); NaN trajectories are left out."""
    values = np.asarray(values)
    with _quiet():
        count = np.isfinite(values).sum(axis)
        mean = np.nanmean(values, axis)
        half = Z * np.nanstd(values, axis, ddof=1) / np.sqrt(np.maximum(count, 1))
        return mean, mean - half, mean + half


def sd_interval(values: np.ndarray) -> tuple[float, float, float]:
    """Standard deviation over trajectories [trajectory] of any law, and its 95% interval, to first order in 1 / n.

    Its variance is sd^2 (kurtosis - 1) / (4 n): a half-normal's is 1.43 times that of a normal's. Source: Cramer (1946).
    """
    sd = values.std(ddof=1)
    kurtosis = np.mean((values - values.mean()) ** 4) / max(values.var() ** 2, np.finfo(float).tiny)
    half = Z * sd * np.sqrt(max(kurtosis - 1, 0) / (4 * values.size))
    return float(sd), float(sd - half), float(sd + half)


def variance_interval(values: np.ndarray) -> tuple[Any, Any, Any]:
    """Variance over normal trajectories [trajectory, ...] and its 95% interval (1.96 standard errors)."""
    variance = values.var(axis=0, ddof=1)
    half = Z * variance * np.sqrt(2 / (len(values) - 1))
    return variance, variance - half, variance + half


def prediction_interval(values: np.ndarray) -> tuple[Any, Any, Any]:
    """Mean over normal trajectories [trajectory] and the 95% interval of one more of them (Student's t)."""
    mean, runs = values.mean(), values.size
    half = t_limit(1, runs - 1) * values.std(ddof=1) * np.sqrt(1 + 1 / runs)
    return mean, mean - half, mean + half


def wilson_interval(share: float, count: int, z: float = Z) -> tuple[float, float]:
    """Interval of a probability of which a share of `count` trajectories came true, z standard errors (Wilson, 1927)."""
    centre = (share + z * z / (2 * count)) / (1 + z * z / count)
    half = z / (1 + z * z / count) * np.sqrt(share * (1 - share) / count + z * z / (4 * count * count))
    return float(centre - half), float(centre + half)


def t_limit(count: int, freedom: float = math.inf) -> np.float64:
    """Standard errors that `count` estimates keep within, all of them, 95 times in 100.

    Each at level .05 / count (Bonferroni; Dunn, 1961) of Student's t, of the normal law for infinite `freedom`.
    """
    from scipy import stats

    return np.float64(stats.t.ppf(1 - 0.025 / count, freedom))


def largest_score(gaps: Sequence[np.ndarray]) -> tuple[float, float]:
    """The largest of several means in its standard errors, and the `t_limit` of all of them.

    gaps: equally many trajectories each, [trajectory], less what they should be on average.
    """
    scores = [abs(gap.mean()) * np.sqrt(gap.size) / gap.std(ddof=1) for gap in gaps]
    return float(max(scores)), float(t_limit(len(scores), gaps[0].size - 1))


def bootstrap(
    samples: Sequence[np.ndarray], statistic: Callable[..., Any], resamples: int, seed: int = 0
) -> np.ndarray:
    """statistic(*samples) of resampled trajectories, [resamples, ...]; each sample is [trajectory, ...] (Efron, 1979)."""
    rng = np.random.default_rng(seed)
    return np.stack([statistic(*(s[rng.integers(len(s), size=len(s))] for s in samples)) for _ in range(resamples)])


def bootstrap_means(samples: Sequence[np.ndarray], resamples: int, seed: int = 0) -> np.ndarray:
    """Means over trajectories of resampled samples, [resamples, samples, ...]; each sample is [trajectory, ...].

    Samples of equally many trajectories saw the same random numbers and are resampled together: what they have in
    common cancels in a difference. A single trajectory is deterministic; what is infinite somewhere has NaN.
    Source: Efron (1979).
    """
    counts: dict[int, np.ndarray] = {}
    samples = [np.where(np.isfinite(sample), sample, np.nan) for sample in samples]
    rng = np.random.default_rng(seed)
    means = []
    for sample in samples:
        size = len(sample)
        if size not in counts:
            counts[size] = rng.multinomial(size, np.full(size, 1 / size), resamples) / size
        flat = counts[size] @ sample.reshape(size, -1)
        means.append(flat.reshape(resamples, *sample.shape[1:]))
    return np.stack(means, axis=1)


def block_bootstrap_medians(series: np.ndarray, resamples: int, rng: np.random.Generator) -> np.ndarray:
    """Medians of a time series [n] resampled in blocks of sqrt(n), whose values depend on each other (Kuensch, 1989)."""
    length = max(1, math.isqrt(len(series)))
    starts = rng.integers(len(series) - length + 1, size=(resamples, -(-len(series) // length), 1))
    picks = (starts + np.arange(length)).reshape(resamples, -1)[:, : len(series)]
    return np.asarray(np.median(series[picks], axis=1))


def percentile_interval(draws: np.ndarray, level: float = 0.95) -> tuple[Any, Any]:
    """The percentile interval of bootstrap draws over the leading axis; NaN draws are left out (Efron, 1979)."""
    tail = (1 - level) / 2
    with _quiet():
        low, high = np.nanquantile(draws, [tail, 1 - tail], axis=0)
    return low, high
