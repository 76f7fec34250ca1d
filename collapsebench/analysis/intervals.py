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


def median(values: ArrayLike, axis: int = 0) -> Any:
    """Median over trajectories; NaN trajectories are left out."""
    with _quiet():
        return np.nanmedian(np.asarray(values), axis)


def variance_interval(values: np.ndarray) -> tuple[Any, Any, Any]:
    """Variance over normal trajectories [trajectory, ...] and its 95% interval (1.96 standard errors)."""
    variance = values.var(axis=0, ddof=1)
    half = Z * variance * np.sqrt(2 / (len(values) - 1))
    return variance, variance - half, variance + half


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


def top_share(values: ArrayLike) -> np.ndarray:
    """Share of the sum over trajectories [trajectory, ...] that the top 1% of them, and at least one, make up.

    NaN where a value is not finite, 1 / 100 where all are equal (or the one of fewer than 100). Near 1 the mean is that
    of a few trajectories, and no resampling of the others can tell its error.
    """
    values = np.asarray(values, float)
    count = max(1, len(values) // 100)
    with _quiet():
        share = np.sort(values, axis=0)[len(values) - count :].sum(axis=0) / values.sum(axis=0)
    return np.asarray(np.where(values.sum(axis=0) == 0, count / len(values), share))


def heavy_tailed(share: float, trajectories: int) -> bool:
    """Whether a `top_share` is that of a heavy tail: ten times what as many equal trajectories would make up."""
    return share > 10 * max(1, trajectories // 100) / trajectories


def bootstrap(
    samples: Sequence[np.ndarray], statistic: Callable[..., Any], resamples: int, seed: int = 0
) -> np.ndarray:
    """statistic(*samples) of resampled trajectories, [resamples, ...]; each sample is [trajectory, ...] (Efron, 1979)."""
    rng = np.random.default_rng(seed)
    return np.stack([statistic(*(s[rng.integers(len(s), size=len(s))] for s in samples)) for _ in range(resamples)])


def resampled_counts(size: int, resamples: int, seed: int = 0) -> np.ndarray:
    """How often each of `size` trajectories is in each resample, [resamples, size] (Efron, 1979)."""
    return np.random.default_rng(seed).multinomial(size, np.full(size, 1 / size), resamples)


def resampled_medians(values: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """Medians over trajectories of values [trajectory, ...], one for each row of `resampled_counts`: [resamples, ...].

    A NaN, a run that broke down, counts as the largest value.
    """
    size, resamples = len(values), len(counts)
    flat = values.reshape(size, -1)
    found = np.empty((resamples, flat.shape[1]))
    for column, own in enumerate(flat.T):
        order = np.argsort(own)  # NaN last
        reached = np.cumsum(counts[:, order], axis=1, dtype=np.int32)
        middle = [np.argmax(reached >= place, axis=1) for place in ((size + 1) // 2, size // 2 + 1)]
        found[:, column] = own[order[np.stack(middle)]].mean(axis=0)
    return found.reshape(resamples, *values.shape[1:])


def studentised_interval(rows: np.ndarray, counts: np.ndarray, level: float = 0.95) -> tuple[Any, Any]:
    """Bootstrap-t interval of the mean over trajectories of rows [trajectory, ...], by `resampled_counts`.

    It follows the skewness, which the percentile interval does not: the sum of many lognormal steps. Equal rows have no
    width; what is not finite somewhere has NaN. Source: Efron and Tibshirani (1993), section 12.5.
    """
    size, tail = len(rows), (1 - level) / 2
    flat = np.where(np.isfinite(rows), rows, np.nan).reshape(size, -1)
    centre = flat.mean(axis=0)
    flat = flat - centre
    with _quiet():
        means, squares = counts @ flat / size, counts @ flat**2 / size
        error = flat.std(axis=0) / np.sqrt(size)
        # A resample without the one run that makes the spread has next to none itself: its score would be endless.
        scores = means / np.maximum(np.sqrt(np.maximum(squares - means**2, 0) / size), 0.1 * error)
        low, high = np.nanquantile(np.where(np.isfinite(scores), scores, np.nan), [tail, 1 - tail], axis=0)
        ends = [np.where(error > 0, centre - error * end, centre) for end in (high, low)]
    return tuple(end.reshape(rows.shape[1:]) for end in ends)


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
