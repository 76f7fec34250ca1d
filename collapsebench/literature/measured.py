"""Measurements from results: numbers with intervals for claims, and lines with bands for figures."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from collapsebench.analysis import intervals
from collapsebench.runs.results import experiment_of
from collapsebench.show.figures import Kind, Panel, Series

if TYPE_CHECKING:
    import xarray as xr

Results = Mapping[str, "xr.Dataset"]
CHANCE = 5.733e-7
"""Two-sided level of five standard errors of a normal law."""


@dataclasses.dataclass(frozen=True)
class Measured:
    """A measured value, or the values of a curve's points [points], with 95% intervals that hold for all together.

    far: distance from the truth that no chance explains (five standard errors of a normal law). law: what a law gives.
    effect: what 3% are taken of in the place of the law. scatter: standard deviation of one trajectory. holds: of a
    statement without a number, whether it holds, None where the interval allows both. log10: the value is a decimal
    logarithm.
    """

    value: Any
    low: Any = np.nan
    high: Any = np.nan
    holds: bool | None = None
    far: Any = np.inf
    law: Any = None
    effect: Any = None
    scatter: float = np.nan
    log10: bool = False

    @property
    def half(self) -> Any:
        """Half-width of the interval, the longer side."""
        return np.maximum(np.subtract(self.high, self.value), np.subtract(self.value, self.low))

    def judged(self, holds: bool | np.bool_ | None) -> Measured:
        """The same value with a judgement of the statement."""
        return dataclasses.replace(self, holds=None if holds is None else bool(holds))

    def against(self, law: Any, effect: Any = None) -> Measured:
        """The same value beside what a law gives."""
        return dataclasses.replace(self, law=law, effect=effect)

    def times(self, factor: float) -> Measured:
        """What would have been measured, had every number been `factor` times as large."""
        if self.log10:
            moved = {name: getattr(self, name) + np.log10(factor) for name in ("value", "low", "high")}
            return dataclasses.replace(self, **moved)
        moved = {name: np.multiply(getattr(self, name), factor) for name in ("value", "low", "high", "far")}
        return dataclasses.replace(self, **moved)


def exact(value: Any) -> Measured:
    """`Measured` of what has no sampling error: a formula, or a loop of whole populations."""
    return Measured(value, value, value, far=0.0)


def estimated(value: Any, error: Any, freedom: float, points: int = 1) -> Measured:
    """`Measured` of estimates with their standard errors; the interval is Student's, simultaneous over `points`."""
    from scipy import stats

    half, far = intervals.t_limit(points, freedom) * error, stats.t.ppf(1 - CHANCE / 2 / points, freedom) * error
    return Measured(value, np.subtract(value, half), np.add(value, half), far=far)


def measured_mean(values: Any, points: int = 1) -> Measured:
    """`Measured` of the mean of one number per trajectory, [trajectory]; a trajectory that is NaN is left out."""
    values = np.asarray(values, float).ravel()
    values = values[~np.isnan(values)]
    if values.size < 2:
        return Measured(float(values.mean()) if values.size else np.nan)
    scatter = float(values.std(ddof=1))
    found = estimated(float(values.mean()), scatter / np.sqrt(values.size), values.size - 1, points)
    return dataclasses.replace(found, scatter=scatter)


def measured_log10(values: Any) -> Measured:
    """`Measured` of the mean decimal logarithm of one positive number per trajectory, [trajectory]."""
    return dataclasses.replace(measured_mean(np.log10(np.asarray(values, float))), log10=True)


def measured_variance(values: Any, points: int = 1) -> Measured:
    """`Measured` of the variance over trajectories; its standard error is by the fourth moment, of any law."""
    values = np.asarray(values, float)
    variance = float(values.var(ddof=1))
    kurtosis = float(((values - values.mean()) ** 4).mean() / values.var() ** 2)
    return estimated(variance, variance * np.sqrt((kurtosis - 1) / values.size), values.size - 1, points)


def measured_sd(values: Any) -> Measured:
    """`Measured` of the standard deviation over trajectories, of any law, to first order in 1 / trajectories."""
    found = measured_variance(values)
    sd = float(np.sqrt(found.value))
    half, far = found.half / (2 * sd), found.far / (2 * sd)
    return Measured(sd, sd - half, sd + half, far=far)


def measured_ratio(above: Any, below: Any, points: int = 1) -> Measured:
    """`Measured` of the ratio of two means over the same trajectories (delta method)."""
    above, below = np.asarray(above, float), np.asarray(below, float)
    ratio = float(above.mean() / below.mean())
    error = float((above - ratio * below).std(ddof=1) / abs(below.mean()) / np.sqrt(above.size))
    return estimated(ratio, error, above.size - 1, points)


def measured_share(hits: Any, points: int = 1) -> Measured:
    """`Measured` of a share of trajectories, with the Wilson (1927) interval, simultaneous over `points`."""
    from scipy import stats

    share, count = float(np.mean(hits)), np.size(hits)
    low, high = intervals.wilson_interval(share, count, float(intervals.t_limit(points)))
    ends = intervals.wilson_interval(share, count, float(stats.norm.ppf(1 - CHANCE / 2 / points)))
    return Measured(share, low, high, far=max(share - ends[0], ends[1] - share))


def curve(points: Sequence[Measured]) -> Measured:
    """One `Measured` of several points of a curve, each beside its law or none; their intervals should be simultaneous."""
    columns: dict[str, Any] = {
        name: np.array([getattr(p, name) for p in points]) for name in ("value", "low", "high", "far")
    }
    laws = None if points[0].law is None else np.array([float(p.law) for p in points])
    effects = None if points[0].effect is None else np.array([float(p.effect) for p in points])
    return Measured(**columns, law=laws, effect=effects)


def mean_curve(values: Sequence[Any], laws: Sequence[Any], effect: Any = None) -> Measured:
    """Curve of means, each of [trajectory], beside the numbers that a law gives."""
    pairs = zip(values, laws, strict=True)
    return curve([measured_mean(own, len(laws)).against(law, effect) for own, law in pairs])


def share_curve(hits: Sequence[Any], laws: Sequence[Any], effect: Any = None) -> Measured:
    """Curve of shares, each of hits [trajectory], beside the numbers that a law gives."""
    pairs = zip(hits, laws, strict=True)
    return curve([measured_share(own, len(laws)).against(law, effect) for own, law in pairs])


def above(found: Measured, limit: Any) -> bool | None:
    """Whether a value lies above a limit, at every point: None where an interval has the limit in it."""
    if np.all(found.low > limit):
        return True
    return False if np.any(found.high <= limit) else None


def below(found: Measured, limit: Any) -> bool | None:
    """Whether a value lies below a limit, at every point: None where an interval has the limit in it."""
    if np.all(found.high < limit):
        return True
    return False if np.any(found.low >= limit) else None


def ordered(*found: Measured) -> bool | None:
    """Whether values rise from each to the next: True where no two intervals touch, None where some overlap."""
    pairs = list(itertools.pairwise(found))
    if all(np.all(less.high < more.low) for less, more in pairs):
        return True
    return False if any(np.any(less.low > more.high) for less, more in pairs) else None


def within(found: Measured, distance: float, centre: float = 0.0) -> bool | None:
    """Whether a value lies no farther than `distance` from a centre: None where its interval allows both."""
    return together(above(found, centre - distance), below(found, centre + distance))


def together(*answers: bool | None) -> bool | None:
    """Whether all hold: False if one does not, None if it cannot be told of one."""
    return False if False in answers else None if None in answers else True


def completed_fits(result: xr.Dataset) -> np.ndarray:
    """Number of completed fits at each generation, generation + 1."""
    return result.generation.values + 1


def rows(result: xr.Dataset) -> int:
    """Rows per generation, from the result's record."""
    return experiment_of(result).n


def mean_lines(label: str, x: Any, values: Any, law: Any = None, *, axis: int = 0) -> list[Series]:
    """Lines of the mean over trajectories with its 95% interval and, where given, of its law, dashed."""
    dashes = [] if law is None else [Series("", x, law, kind=Kind.LAW, group=label)]
    return [Series(label, x, *intervals.mean_interval(values, axis)), *dashes]


def share_line(label: str, x: Any, hits: np.ndarray, group: str = "") -> Series:
    """Line of the share of trajectories with `hits` [trajectory, x], with its 95% interval (Wilson)."""
    found = [measured_share(column) for column in hits.T]
    share, low, high = np.array([(m.value, m.low, m.high) for m in found]).T
    return Series(label, x, share, low, high, group=group)


def clouds(title: str, result: xr.Dataset) -> Panel:
    """Panel of draws in the plane from one trajectory's models, the latest generation on top."""
    series = tuple(
        Series(f"generation {g}", *result["sample"].sel(snapshot=g).values[0].T, kind=Kind.POINTS)
        for g in result.snapshot.values
    )
    return Panel(title, "x1", "x2", series, equal=True)
