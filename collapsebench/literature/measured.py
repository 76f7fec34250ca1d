"""Measurements from results: numbers with intervals for claims, and lines with bands for figures."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from collapsebench.analysis import intervals
from collapsebench.runs.results import experiment_of
from collapsebench.show.figures import Kind, Panel, Series

if TYPE_CHECKING:
    import xarray as xr

Results = Mapping[str, "xr.Dataset"]


@dataclasses.dataclass(frozen=True)
class Measured:
    """A measured value with its 95% interval; for a statement without a number, whether it `holds`."""

    value: float
    low: float = np.nan
    high: float = np.nan
    holds: bool | None = None

    def judged(self, holds: object) -> Measured:
        """The same value with a judgement of the statement."""
        return dataclasses.replace(self, holds=bool(holds))


def measured_mean(values: Any) -> Measured:
    """`Measured` of the mean of one number per trajectory."""
    mean, low, high = intervals.mean_interval(values)
    return Measured(float(mean), float(low), float(high))


def measured_share(hits: Any, z: float = intervals.Z) -> Measured:
    """`Measured` of a share of trajectories, with the Wilson (1927) interval of z standard errors."""
    share = float(np.mean(hits))
    return Measured(share, *intervals.wilson_interval(share, np.size(hits), z))


def measured_deviation(gaps: Sequence[np.ndarray]) -> Measured:
    """Largest of several mean deviations, in standard errors; each gap is [trajectory], value less law.

    It holds if all lie within the limit that all together keep to 95 times in 100 (Bonferroni, Student's t).
    """
    worst, limit = intervals.largest_score(gaps)
    return Measured(worst, holds=worst < limit)


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
