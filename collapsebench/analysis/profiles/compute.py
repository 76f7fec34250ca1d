"""Collapse profile of a result: times of each event and flags of each definition, from its columns."""

from __future__ import annotations

import dataclasses
import itertools
from typing import TYPE_CHECKING, Any

import numpy as np

from collapsebench.analysis.intervals import mean_interval, median, wilson_interval
from collapsebench.analysis.profiles import definitions
from collapsebench.analysis.profiles.definitions import DEFINITIONS, NOT_MEASURED, Flag
from collapsebench.analysis.profiles.events import (
    EVENTS,
    Left,
    chance_length,
    lost_for_good,
    tail_columns,
    what_is_left,
)  # fmt: skip
from collapsebench.analysis.profiles.survival import kaplan_meier
from collapsebench.experiment.experiment import Experiment
from collapsebench.experiment.sweep import Sweep
from collapsebench.runs.results import experiment_of, is_dataset, kept_records, new_dataset
from collapsebench.specs.errors import RequestError
from collapsebench.specs.registry import METRICS, REGIMES

if TYPE_CHECKING:
    import xarray as xr

RISKS = ("excess_risk", "kl", "nll", "w2_squared")
"""What counts as population risk: the first of these that a result has."""
_RANDOM = ("trajectory", "generation")
_BY_TIME = ("event", "generation")
_DIMS = {"survival": _BY_TIME, "left": _BY_TIME, "left_median": _BY_TIME, "lost": _BY_TIME} | {
    "median": ("event",), "chance": ("event",), "lasting": ("event",), "flag": ("definition",), "evidence": ("definition",),
}  # fmt: skip


def measured(experiment: Experiment) -> Experiment:
    """The experiment with every metric that a profile uses and its parts allow."""
    wanted = [
        *RISKS[:2], "nll", "log_variance", "entropy", "support", "tail_mass", METRICS.build("tail_mass", quantile=0.01), "modes",
        "survivors",
    ]  # fmt: skip
    kept: list[Any] = []
    for metric in wanted:
        try:
            dataclasses.replace(experiment, metrics=(metric,))
        except RequestError:
            continue
        kept.append(metric)
    return dataclasses.replace(experiment, metrics=tuple(kept) or experiment.metrics)


def loop_free(request: Experiment | Sweep) -> Experiment | Sweep | None:
    """The request without its loop: n fresh real rows in every generation; None where regime mix is refused."""
    if isinstance(request, Sweep):
        base = loop_free(request.experiment)
        rest = {path: values for path, values in request.values.items() if path.split(".")[0] != "regime"}
        return Sweep(base, rest) if rest and isinstance(base, Experiment) else base
    regime = REGIMES.get("mix")(real_fraction=1.0)
    try:
        return dataclasses.replace(request, regime=regime, warm_start=False, curator=None, snapshots=())
    except RequestError:
        return None


def profile(result: xr.Dataset, control: xr.Dataset | None = None) -> xr.Dataset:
    """Times of early and late collapse and flags of the eight definitions, for each point of a sweep.

    A tail or a spread is lost when it does not come back: at or below its threshold from some generation to the last,
    for so long that at most 5% of loop-free trajectories (a fit to n fresh real rows in every generation) have such an
    event. control: the result of `loop_free`'s run; None: the fits of generation 0, which have the same law where
    n_real is n and starts are cold. The mean cannot tell: that of the tail mass stays while most trajectories lose it.

    Returns a Dataset with the result's sweep dims in front: `survival` (with `_low`, `_high`) [event, generation],
    the Kaplan-Meier curve of each of EVENTS, NaN where too few generations follow to see a loss last; `median` (with
    `_low`, `_high`) [event] in generations, inf where fewer than half came; `left` (with `_low`, `_high`) and
    `left_median` [event, generation], mean and median over trajectories of what is left, as a share of the real tail
    or of generation 0; `lost` (with `_low`, `_high`) [event, generation], the share of trajectories at or below the
    threshold then; `chance` [event], that share of loop-free fits; `lasting` [event], generations that a loss must
    last (inf: every loop-free fit is lost, by the model's class and not by the loop); `flag` [definition], 1 where a
    definition of collapse holds, 0 where not, NaN where the result has nothing to tell it by; `evidence` (with `_low`,
    `_high`) [definition]. A definition across sample sizes needs a sweep over n, and is the same at each of its points.
    Raises RequestError for what is no result of a run.
    """
    experiment, swept = _checked(result, control)
    shape = tuple(result.sizes[dim] for dim in swept)
    made = dict[str, np.ndarray]()
    for index in itertools.product(*map(range, shape)):
        at = dict(zip(swept, index, strict=True))
        point, scaling = result.isel(at), result.isel({dim: i for dim, i in at.items() if dim != "n"})
        chance = None
        if control is not None:
            chance = control.sel({dim: point[dim].item() for dim in swept if dim in control.dims})
        for name, values in _point(experiment, point, scaling, chance).items():
            made.setdefault(name, np.full(shape + values.shape, np.nan))[index] = values
    variables: dict[str, Any] = {
        name: ((*swept, *_DIMS[name.removesuffix("_low").removesuffix("_high")]), values)
        for name, values in made.items()
    }
    coords: dict[str, Any] = {dim: result[dim].values for dim in swept}
    coords |= {"event": list(EVENTS), "definition": list(DEFINITIONS), "generation": result.generation.values}
    variables |= kept_records(result)
    attrs = {"kind": "profile", "risk": _risk_name(experiment) or "none"}
    attrs["loop_free"] = "generation 0" if control is None else "a run without its loop"
    return new_dataset(variables, coords, {**result.attrs, **attrs})


def _checked(result: xr.Dataset, control: xr.Dataset | None) -> tuple[Experiment, list[str]]:
    """The result's experiment and its swept dims. Raises RequestError as `profile` does."""
    given = {"result": result} if control is None else {"result": result, "control": control}
    for name, data in given.items():
        if not is_dataset(data) or "trajectory" not in data.dims:
            raise RequestError(f"profile: {name}: it must be a result of cb.run or cb.sweep")
    experiment = experiment_of(result)
    for name, data in given.items():
        if missing := [column for column in experiment.columns if column not in data]:
            raise RequestError(f"profile: {name}: it has no {missing[0]}, which the result's experiment measures")
        if (np.diff(data.generation.values) != 1).any():
            raise RequestError(f"profile: {name}: it holds some generations only; leave out record of the experiment")
    dims = {name: [str(dim) for dim in data[experiment.columns[0]].dims] for name, data in given.items()}
    swept = [dim for dim in dims["result"] if dim not in _RANDOM]
    if other := [dim for dim in dims.get("control", ()) if dim not in dims["result"]]:
        raise RequestError(f"profile: control: it has dim {other[0]}, which the result has not")
    return experiment, swept


def _risk_name(experiment: Experiment) -> str | None:
    return next((name for name in RISKS if name in experiment.metric_names), None)


def _point(
    experiment: Experiment, point: xr.Dataset, sizes: xr.Dataset, control: xr.Dataset | None
) -> dict[str, np.ndarray]:
    chance = point.isel(generation=slice(1)) if control is None else control
    left, by_chance = (what_is_left(experiment, data, point) for data in (point, chance))
    rows = [_event(ours, free, point.sizes["generation"]) for ours, free in zip(left, by_chance, strict=True)]
    found: dict[str, list[Any]] = {name: [row[name] for row, _ in rows] for name in rows[0][0]}
    for flag in _flags(experiment, point, sizes, rows[0][1], chance):
        holds = np.nan if flag.holds is None else float(flag.holds)
        for name, value in (
            ("flag", holds), ("evidence", flag.evidence), ("evidence_low", flag.low), ("evidence_high", flag.high),
        ):  # fmt: skip
            found.setdefault(name, []).append(value)
    return {name: np.asarray(values, float) for name, values in found.items()}


def _event(left: Left | None, free: Left | None, generations: int) -> tuple[dict[str, Any], np.ndarray | None]:
    """Variables of one event, NaN where it is not measured, and whether each trajectory [trajectory] has had it."""
    nothing = np.full(generations, np.nan)
    names = ("survival", "survival_low", "survival_high", "left", "left_low", "left_high", "left_median", "lost")
    found: dict[str, Any] = dict.fromkeys((*names, "lost_low", "lost_high"), nothing)
    found |= dict.fromkeys(("median", "median_low", "median_high", "chance", "lasting"), np.nan)
    if left is None or free is None:
        return found, None
    found["chance"], found["lasting"] = chance_length(free.lost, free.watched)
    found |= zip(("left", "left_low", "left_high"), mean_interval(left.share), strict=True)
    found["left_median"] = median(left.share)
    counts = left.watched.sum(axis=0)
    share = np.where(counts > 0, left.lost.sum(axis=0) / np.maximum(counts, 1), np.nan)
    ends = [wilson_interval(s, max(count, 1)) for s, count in zip(share, counts, strict=True)]
    found |= zip(("lost", "lost_low", "lost_high"), (share, *np.array(ends).T), strict=True)
    if not found["lasting"] <= generations:
        return found, None
    time, gone = lost_for_good(left.lost, left.watched, found["lasting"])
    curve = kaplan_meier(time, gone, generations)
    visible = np.arange(generations) <= generations - found["lasting"]
    for name, values in (("", curve.curve), ("_low", curve.low), ("_high", curve.high)):
        found[f"survival{name}"] = np.where(visible, values, np.nan)
    found |= {"median": curve.median, "median_low": curve.median_low, "median_high": curve.median_high}
    return found, gone


def _flags(
    experiment: Experiment, point: xr.Dataset, sizes: xr.Dataset, gone: np.ndarray | None, free: xr.Dataset
) -> list[Flag]:
    """Flag of each of DEFINITIONS. gone: trajectories that have lost the 5% tail for good. free: loop-free fits."""
    name, tails = _risk_name(experiment), tail_columns(experiment)
    risk = None if name is None else np.asarray(point[name].values, float)
    # A risk that is no excess (nll) has no zero of its own, so no ratio to its start: only its rise is judged.
    excess = None if name == "nll" else risk
    log_variance = point["log_variance"].values if "log_variance" in point else None
    if log_variance is None and "variance" in point:
        with np.errstate(divide="ignore"):
            log_variance = np.log(point["variance"].values)
    by_size = {}
    if "n" in sizes.dims and excess is not None:
        by_size = {float(n): np.asarray(sizes[name].sel(n=n).values, float) for n in sizes.n.values}
    rare = tails.get(0.01)
    return [
        NOT_MEASURED if excess is None else definitions.catastrophic(excess),
        NOT_MEASURED if risk is None else definitions.increase(risk),
        NOT_MEASURED if risk is None else definitions.divergence(risk),
        NOT_MEASURED if log_variance is None else definitions.collapsing(np.asarray(log_variance, float)),
        definitions.scaling(by_size) if by_size else NOT_MEASURED,
        definitions.modes_lost(point["modes"].values) if "modes" in point else NOT_MEASURED,
        NOT_MEASURED if gone is None else definitions.tail_lost(gone),
        NOT_MEASURED if rare is None else definitions.hallucination(point[rare].values, free[rare].values, 0.01),
    ]
