"""Events of a collapse: what is left of tail and spread, and when it is lost for good and not by the noise of a fit."""

from __future__ import annotations

import dataclasses
import math
from typing import TYPE_CHECKING

import numpy as np

from collapsebench.analysis.intervals import wilson_interval
from collapsebench.experiment.experiment import Experiment
from collapsebench.parts.data import Kind
from collapsebench.specs.names import spec_name

if TYPE_CHECKING:
    import xarray as xr

EVENTS = ("tail 5% half lost", "tail 1% half lost", "spread half lost", "total collapse", "rare tokens half lost")
"""Half of the model's mass in the real 5% and 1% tail is lost; half of the variance (of symbols: the entropy) of
generation 0 is lost; the variance is below TOTAL of that of generation 0 (of symbols: one is left); half of the tokens of
a text that occur once, or of the first `survivors` that is measured, are lost."""
TOTAL = 1e-4
CHANCE = 0.05
"""Share of loop-free trajectories that may have an event."""


@dataclasses.dataclass(frozen=True)
class Left:
    """What is left [trajectory, generation], as a share of what was there, and the share at which it counts as lost.

    NaN where it was not measured.
    """

    share: np.ndarray
    threshold: float

    @property
    def watched(self) -> np.ndarray:
        """Where there is a number to judge."""
        return ~np.isnan(self.share)

    @property
    def lost(self) -> np.ndarray:
        """Where it is at or below the threshold."""
        return self.watched & (self.share <= self.threshold)


def what_is_left(experiment: Experiment, result: xr.Dataset, start: xr.Dataset) -> list[Left | None]:
    """Left of each of EVENTS, None where no column measures it; spread relative to generation 0 of `start`."""
    return [*_tail_and_spread(experiment, result, start), _rare_tokens(experiment, result)]


def _rare_tokens(experiment: Experiment, result: xr.Dataset) -> Left | None:
    pairs = zip(experiment.metric_names, experiment.metrics, strict=True)
    names = [name for name, metric in pairs if spec_name(metric) == "survivors"]
    return Left(np.asarray(result[names[0]].values, float), 0.5) if names else None


def _tail_and_spread(experiment: Experiment, result: xr.Dataset, start: xr.Dataset) -> list[Left | None]:
    tails, found = tail_columns(experiment), list[Left | None]()
    for quantile in (0.05, 0.01):
        name = tails.get(quantile)
        found.append(None if name is None else Left(np.asarray(result[name].values, float) / quantile, 0.5))
    symbols = experiment.model.kind == Kind.SYMBOL
    spread, first = (_spread(data, symbols) for data in (result, start))
    if spread is None or first is None:
        return [*found, None, None]
    with np.errstate(all="ignore"):
        share = spread / first[:, 0].mean()
    found.append(Left(share, 0.5))
    if symbols and "support" in result:
        alive = float(start["support"].values[:, 0].mean())
        return [*found, Left(np.asarray(result["support"].values, float) / alive, 1 / alive)]
    return [*found, Left(share, 0 if symbols else TOTAL)]


def tail_columns(experiment: Experiment) -> dict[float, str]:
    """Column of each tail mass by its quantile."""
    pairs = zip(experiment.metric_names, experiment.metrics, strict=True)
    return {float(metric.quantile): name for name, metric in pairs if spec_name(metric) == "tail_mass"}


def _spread(result: xr.Dataset, symbols: bool) -> np.ndarray | None:
    if symbols:
        return np.asarray(result["entropy"].values, float) if "entropy" in result else None
    if "log_variance" in result:
        return np.exp(np.asarray(result["log_variance"].values, float))
    return np.asarray(result["variance"].values, float) if "variance" in result else None


def chance_length(lost: np.ndarray, watched: np.ndarray) -> tuple[float, float]:
    """(share of loop-free fits that are lost, generations that a loss must last to be none of chance).

    lost, watched: of loop-free fits, of any shape. They are independent, so the last m of them are all lost with
    probability share^m; m is the first at which that is at most CHANCE, at the upper end of the share's 95% interval.
    inf where every fit is lost: then it is the model's class that has none of it, not the loop.
    """
    count = int(watched.sum())
    if not count:
        return np.nan, np.nan
    share = float(lost.sum() / count)
    if share == 1:
        return share, np.inf
    return share, float(max(1, math.ceil(math.log(CHANCE) / math.log(wilson_interval(share, count)[1]))))


def lost_for_good(lost: np.ndarray, watched: np.ndarray, least: float) -> tuple[np.ndarray, np.ndarray]:
    """For [trajectory, generation]: (generation from which it stays lost to the end, whether it does so in time).

    A loss counts if it lasts to the last watched generation, `least` generations at the least. A trajectory without
    one is censored at the last generation whose loss could have been seen to last, -1 if there is none.
    """
    generations = lost.shape[1]
    last = np.where(watched.any(axis=1), generations - 1 - np.argmax(watched[:, ::-1], axis=1), -1)
    kept = watched & ~lost
    start = np.where(kept.any(axis=1), generations - np.argmax(kept[:, ::-1], axis=1), np.argmax(watched, axis=1))
    seen = (last >= 0) & (last - start + 1 >= least)
    return np.where(seen, start, np.maximum(last + 1 - min(least, generations + 1), -1)).astype(int), seen
