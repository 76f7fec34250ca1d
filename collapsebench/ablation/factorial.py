"""The 2^3 factorial of an experiment: eight arms, the same random numbers, one attribution."""

from __future__ import annotations

import dataclasses
import json
from typing import Any

import numpy as np
import xarray as xr

from collapsebench.ablation.attribution import ERRORS, TERMS, bootstrap_means, effects, interval, shapley, shares
from collapsebench.ablation.dials import Dials, dials
from collapsebench.errors import RequestError
from collapsebench.experiment import Experiment, short_name
from collapsebench.runner import Progress, Step, run
from collapsebench.types import Handover

DIVERGENCES = ("kl", "excess_risk", "nll")
"""What is attributed where the request does not say: the first that every arm can be measured by."""
Levels = tuple[int, int, int]


def arms(experiment: Experiment, rich: Any = None, divergence: Any = None) -> dict[Levels, Experiment]:
    """The eight experiments by (statistical, expressivity, approximation), 1 with the error; metrics = (divergence,).

    Raises RequestError where the dials cannot be set, or no divergence is defined for all eight.
    """
    found = dials(experiment, rich)
    refusals = []
    for metric in [divergence] if divergence is not None else DIVERGENCES:
        try:
            return _arms(dataclasses.replace(experiment, metrics=("nll",), snapshots=()), found, metric)
        except RequestError as refusal:
            refusals.append(str(refusal))
    raise RequestError(refusals[0])


def _arms(experiment: Experiment, found: Dials, metric: Any) -> dict[Levels, Experiment]:
    corners: list[Levels] = [(s, e, a) for s in (0, 1) for e in (0, 1) for a in (0, 1)]
    return {levels: dataclasses.replace(found.arm(experiment, *levels), metrics=(metric,)) for levels in corners}


def ablate(
    experiment: Experiment, *, rich: Any = None, divergence: Any = None, resamples: int = 1000,
    progress: Progress | None = None,
) -> xr.Dataset:  # fmt: skip
    """Switch each of the three errors off and on in all eight ways, and say what each contributes to the divergence.

    The experiment as it stands is the arm with all errors: its handover makes the statistical error, its model's class
    the expressivity error, its model's learner the approximation error. rich: a model whose class contains the truth
    (None: found by the target's family). divergence: a metric (None: the first of DIVERGENCES that all arms have).
    Trajectory i sees the same random numbers in every arm. Equal arms are run once.

    Returns a Dataset: `divergence` [statistical, expressivity, approximation, trajectory, generation]; `shapley` and
    `share` [error, generation] and `effect` [term, generation], of means over trajectories, each with its 95% bootstrap
    interval `_low`, `_high` (percentiles over `resamples` resamples of trajectories); `total` [generation], the
    divergence with all errors less that with none, which the Shapley values sum to; `floor` [generation], that with
    none. Raises RequestError as `arms` does, Stopped on Ctrl-C.
    """
    made = arms(experiment, rich, divergence)
    unique: list[Experiment] = []
    for arm in made.values():
        if arm not in unique:
            unique.append(arm)
    unique.sort(key=lambda arm: arm.handover == Handover.POPULATION)
    runs = [run(arm, progress=_told(progress, i, len(unique))) for i, arm in enumerate(unique)]
    column = unique[0].columns[0]
    values = [np.asarray(result[column].values, np.float64) for result in runs]
    where = {levels: unique.index(arm) for levels, arm in made.items()}

    def spread(means: np.ndarray) -> np.ndarray:
        """[unique, ...] to [2, 2, 2, ...]."""
        return np.stack([means[where[levels]] for levels in made]).reshape(2, 2, 2, *means.shape[1:])

    means = spread(np.stack([value.mean(axis=0) for value in values]))
    resampled = bootstrap_means(values, resamples, experiment.seed)
    draws = np.moveaxis(np.stack([spread(draw) for draw in resampled]), 0, 3)  # [2, 2, 2, resamples, generation]
    data: dict[str, Any] = {
        "divergence": ((*ERRORS, "trajectory", "generation"), spread(np.stack(values))),
        "total": ("generation", means[1, 1, 1] - means[0, 0, 0]),
        "floor": ("generation", means[0, 0, 0]),
    }
    for name, dim, function in (("shapley", "error", shapley), ("share", "error", _share), ("effect", "term", effects)):
        data[name] = ((dim, "generation"), function(means))
        for end, bound in zip(("low", "high"), interval(function(draws).swapaxes(0, 1)), strict=True):
            data[f"{name}_{end}"] = ((dim, "generation"), bound)
    coords: dict[str, Any] = {error: [False, True] for error in ERRORS}
    coords |= {"error": list(ERRORS), "term": [" x ".join(term) for term in TERMS]}
    coords |= {"trajectory": runs[0].trajectory.values, "generation": runs[0].generation.values}
    attrs = {
        **runs[0].attrs, "kind": "ablation", "experiment": json.dumps(experiment.to_json()), "digest": experiment.digest,
        "name": experiment.name, "handover": str(experiment.handover), "divergence": short_name(unique[0].metrics[0]),
        "unit": unique[0].metrics[0].unit or "its own unit",
        "arms": json.dumps({"".join(map(str, levels)): arm.to_json() for levels, arm in made.items()}),
        "resamples": resamples, "seconds": sum(result.attrs["seconds"] for result in runs),
    }  # fmt: skip
    return xr.Dataset(data, coords, attrs)


def _share(means: np.ndarray) -> np.ndarray:
    return shares(shapley(means))


def _told(progress: Progress | None, i: int, count: int) -> Progress | None:
    if progress is None:
        return None
    return lambda step: progress(Step(step.name, i * step.total + step.done, count * step.total, step.compiling))
