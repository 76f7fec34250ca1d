"""Collapse profile of a result: times of each event and flags of each definition, from its columns."""

from __future__ import annotations

import dataclasses
import itertools
from typing import TYPE_CHECKING, Any

import numpy as np

from collapsebench.analysis.profiles import definitions
from collapsebench.analysis.profiles.definitions import DEFINITIONS, NOT_MEASURED, Flag
from collapsebench.analysis.profiles.survival import first_time, kaplan_meier
from collapsebench.experiment.experiment import Experiment
from collapsebench.parts.data import Kind
from collapsebench.runs.results import experiment_of, is_dataset, kept_records, new_dataset
from collapsebench.specs.errors import RequestError
from collapsebench.specs.names import spec_name
from collapsebench.specs.registry import METRICS

if TYPE_CHECKING:
    import xarray as xr

EVENTS = ("tail 5% half lost", "tail 1% half lost", "spread half lost", "total collapse")
"""Half of the model's mass in the real 5% and 1% tail is lost; half of the variance (of symbols: the entropy) of
generation 0 is lost; the variance is below TOTAL of that of generation 0 (of symbols: one is left)."""
TOTAL = 1e-4
RISKS = ("excess_risk", "kl", "nll", "w2_squared")
"""What counts as population risk: the first of these that a result has."""
_RANDOM = ("trajectory", "generation")


def measured(experiment: Experiment) -> Experiment:
    """The experiment with every metric that a profile uses and its parts allow."""
    wanted = [
        *RISKS[:2], "nll", "log_variance", "entropy", "support", "tail_mass", METRICS.build("tail_mass", quantile=0.01), "modes",
    ]  # fmt: skip
    kept: list[Any] = []
    for metric in wanted:
        try:
            dataclasses.replace(experiment, metrics=(metric,))
        except RequestError:
            continue
        kept.append(metric)
    return dataclasses.replace(experiment, metrics=tuple(kept) or experiment.metrics)


def profile(result: xr.Dataset) -> xr.Dataset:
    """Times of early and late collapse and flags of the eight definitions, for each point of a sweep.

    Returns a Dataset with the result's sweep dims in front of: `survival` (with `_low`, `_high`) [event, generation],
    the Kaplan-Meier curve of each of EVENTS; `median` (with `_low`, `_high`) [event] in generations, inf where fewer
    than half came; `flag` [definition], 1 where a definition of collapse holds, 0 where not, NaN where the result has
    nothing to tell it by; `evidence` (with `_low`, `_high`) [definition]. A definition across sample sizes needs a
    sweep over n, and is the same at each of its points.
    Raises RequestError for what is no result of a run.
    """
    if not is_dataset(result) or "trajectory" not in result.dims:
        raise RequestError("profile: it takes a result of cb.run or cb.sweep")
    experiment = experiment_of(result)
    if missing := [column for column in experiment.columns if column not in result]:
        raise RequestError(f"profile: the result has no {missing[0]}, which its experiment measures")
    swept = [str(dim) for dim in result[experiment.columns[0]].dims if dim not in _RANDOM]
    shape = tuple(result.sizes[dim] for dim in swept)
    data: dict[str, np.ndarray] = {}
    for index in itertools.product(*map(range, shape)):
        point = result.isel(dict(zip(swept, index, strict=True)))
        scaling = result.isel({dim: i for dim, i in zip(swept, index, strict=True) if dim != "n"})
        for name, values in _point(experiment, point, scaling).items():
            data.setdefault(name, np.full(shape + values.shape, np.nan))[index] = values
    tails = {
        "survival": ("event", "generation"),
        "median": ("event",),
        "flag": ("definition",),
        "evidence": ("definition",),
    }
    variables: dict[str, Any] = {name: ((*swept, *tails[name.split("_")[0]]), values) for name, values in data.items()}
    coords: dict[str, Any] = {dim: result[dim].values for dim in swept}
    coords |= {"event": list(EVENTS), "definition": list(DEFINITIONS), "generation": result.generation.values}
    variables |= kept_records(result)
    return new_dataset(variables, coords, {**result.attrs, "kind": "profile", "risk": _risk_name(experiment) or "none"})


def _risk_name(experiment: Experiment) -> str | None:
    return next((name for name in RISKS if name in experiment.metric_names), None)


def _point(experiment: Experiment, point: xr.Dataset, sizes: xr.Dataset) -> dict[str, np.ndarray]:
    found: dict[str, list[Any]] = {}
    for happened, watched in _events(experiment, point):
        if happened is None:
            curve = kaplan_meier(np.zeros(0), np.zeros(0, bool), point.sizes["generation"])
            curve = dataclasses.replace(
                curve, **{f.name: np.nan * getattr(curve, f.name) for f in dataclasses.fields(curve)}
            )
        else:
            curve = kaplan_meier(*first_time(happened, watched), point.sizes["generation"])
        for name, value in (
            ("survival", curve.curve), ("survival_low", curve.low), ("survival_high", curve.high),
            ("median", curve.median), ("median_low", curve.median_low), ("median_high", curve.median_high),
        ):  # fmt: skip
            found.setdefault(name, []).append(value)
    for flag in _flags(experiment, point, sizes):
        holds = np.nan if flag.holds is None else float(flag.holds)
        for name, value in (
            ("flag", holds), ("evidence", flag.evidence), ("evidence_low", flag.low), ("evidence_high", flag.high),
        ):  # fmt: skip
            found.setdefault(name, []).append(value)
    return {name: np.asarray(values, float) for name, values in found.items()}


def _tails(experiment: Experiment) -> dict[float, str]:
    """Column of each tail mass by its quantile."""
    pairs = zip(experiment.metric_names, experiment.metrics, strict=True)
    return {float(metric.quantile): name for name, metric in pairs if spec_name(metric) == "tail_mass"}


def _events(experiment: Experiment, point: xr.Dataset) -> list[tuple[Any, Any]]:
    """(happened, watched) [trajectory, generation] of each of EVENTS; (None, None) where no column measures it."""
    tails, found = _tails(experiment), []
    for quantile in (0.05, 0.01):
        mass = point[tails[quantile]].values if quantile in tails else None
        found.append((None, None) if mass is None else (mass <= quantile / 2, ~np.isnan(mass)))
    symbols = experiment.model.kind == Kind.SYMBOL
    spread = _spread(experiment, point, symbols)
    if spread is None:
        return [*found, (None, None), (None, None)]
    with np.errstate(all="ignore"):
        left = spread / spread[:, 0].mean()
    found.append((left <= 0.5, ~np.isnan(left)))
    if symbols and "support" in point:
        alive = point["support"].values
        return [*found, (alive <= 1, ~np.isnan(alive))]
    return [*found, (left <= (0 if symbols else TOTAL), ~np.isnan(left))]


def _spread(experiment: Experiment, point: xr.Dataset, symbols: bool) -> np.ndarray | None:
    if symbols:
        return np.asarray(point["entropy"].values, float) if "entropy" in point else None
    if "log_variance" in point:
        return np.exp(np.asarray(point["log_variance"].values, float))
    return np.asarray(point["variance"].values, float) if "variance" in point else None


def _flags(experiment: Experiment, point: xr.Dataset, sizes: xr.Dataset) -> list[Flag]:
    name, tails = _risk_name(experiment), _tails(experiment)
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
    return [
        NOT_MEASURED if excess is None else definitions.catastrophic(excess),
        NOT_MEASURED if risk is None else definitions.increase(risk),
        NOT_MEASURED if risk is None else definitions.divergence(risk),
        NOT_MEASURED if log_variance is None else definitions.collapsing(np.asarray(log_variance, float)),
        definitions.scaling(by_size) if by_size else NOT_MEASURED,
        definitions.modes_lost(point["modes"].values) if "modes" in point else NOT_MEASURED,
        definitions.tail_lost(point[tails[0.05]].values, 0.05) if 0.05 in tails else NOT_MEASURED,
        definitions.hallucination(point[tails[0.01]].values, 0.01) if 0.01 in tails else NOT_MEASURED,
    ]
