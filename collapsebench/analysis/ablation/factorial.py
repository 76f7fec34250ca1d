"""The 2^3 factorial of an experiment: eight arms with common random numbers, and their attribution."""

from __future__ import annotations

import dataclasses
import json
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from collapsebench.analysis.ablation.attribution import ERRORS, TERMS
from collapsebench.analysis.ablation.checks import STARTS, check_arms, checked
from collapsebench.analysis.ablation.dials import Dials, dials
from collapsebench.analysis.ablation.doses import Dose, default_doses, dose_sweeps, run_doses
from collapsebench.analysis.ablation.statistics import attribute, check_statistic
from collapsebench.analysis.intervals import top_share
from collapsebench.engine import devices
from collapsebench.experiment.experiment import Experiment
from collapsebench.experiment.sweep import part_label
from collapsebench.parts.data import Kind
from collapsebench.runs.progress import Progress, heard, part
from collapsebench.runs.results import new_dataset, record_variables
from collapsebench.runs.runner import run
from collapsebench.specs.errors import RequestError, shown
from collapsebench.specs.registry import METRICS

if TYPE_CHECKING:
    import xarray as xr

DIVERGENCES = ("kl", "excess_risk", "nll")
"""What is attributed where the request does not say: the first that every arm can be measured by. For symbols and
counts KL(model || target) comes first: the other way round it is infinite as soon as one value has died out."""
Levels = tuple[int, int, int]
CORNERS: list[Levels] = [(s, e, a) for s in (0, 1) for e in (0, 1) for a in (0, 1)]
"""(statistical, expressivity, approximation), 1 with the error."""


def arms(
    experiment: Experiment, rich: Any = None, divergence: Any = None, learner: Mapping[str, Any] | None = None
) -> dict[Levels, Experiment]:
    """The eight experiments by CORNERS; metrics = (divergence,).

    Raises RequestError where the dials cannot be set, or no divergence is defined for all eight.
    """
    return _arms(experiment, dials(experiment, rich, learner), divergence)


def _arms(experiment: Experiment, found: Dials, divergence: Any) -> dict[Levels, Experiment]:
    plain, refusals = dataclasses.replace(experiment, metrics=("nll",), snapshots=()), []
    for metric in [divergence] if divergence is not None else _divergences(experiment):
        try:
            return {c: dataclasses.replace(found.arm(plain, *c), metrics=(metric,)) for c in CORNERS}
        except RequestError as refusal:
            refusals.append(str(refusal))
    raise RequestError(refusals[0])


def _divergences(experiment: Experiment) -> tuple[Any, ...]:
    discrete = experiment.model.kind in (Kind.SYMBOL, Kind.COUNT)
    return (METRICS.build("kl", reverse=True), *DIVERGENCES) if discrete else DIVERGENCES


def ablate(
    experiment: Experiment, *, rich: Any = None, divergence: Any = None, learner: Mapping[str, Any] | None = None,
    statistic: str = "median", doses: bool | Mapping[str, Dose] = True, population: int | None = None, checks: bool = True,
    resamples: int = 1000, progress: Progress | bool | None = None,
) -> xr.Dataset:  # fmt: skip
    """Run all eight combinations of the three errors, on and off, and attribute the divergence to each.

    The experiment as it stands is the arm with all errors: its handover makes the statistical error, its model's class
    the expressivity error, its model's learner the approximation error. rich: a model whose class contains the truth
    (None: found by the target's family); one that is not known to is only a larger model, and the expressivity error is
    then residual: attrs["expressivity"]. divergence: a metric (None: the first of DIVERGENCES that all arms have).
    learner: fields that make the learner exact, beyond the model's own `exact`, such as {"unbiased": True}.
    statistic: what is attributed, "median" or "mean" over trajectories. The mean of the KL divergence is soon that of 1%
    of the runs (at n = 10 after 20 generations they carry half of it), and no resampling tells its error; `top_share`
    says so. The median has an interval whatever the tail, and so has the mean of a bounded divergence: "hellinger",
    "total_variation", of symbols "l2_squared".
    doses: also the response to several levels of each error; True for those of `doses.default_doses`, or
    {error: (path, levels)} such as {"approximation": ("model.steps", (1, 3, 9))}.
    population: rows of a large sample that stands for an infinite one where there is none (above three dimensions).
    checks: also arms that tell how exact the exact ones are (a network's learner, a large sample).
    progress: as in `run`, of all arms and doses together.
    Trajectory i sees the same random numbers in every arm and dose. Equal arms are run once.

    The exact learner of a network has two budgets: without any error it starts at the truth and takes small steps; else
    it goes from a random start to its data's optimum (`NetworkModel.exact`), in every generation unless warm_start.

    Returns a Dataset: `divergence` [statistical, expressivity, approximation, trajectory, generation]; `top_share`, the
    share of its mean that the top 1% of the runs carry, without trajectory; `shapley`, `share` and `alone` (with the
    other two off) [error, generation], `interaction` [combination, generation], what errors add together beyond what
    they add apart, and the factorial `effect` [term, generation], of the statistic, each with its 95% bootstrap interval
    `_low`, `_high` (of medians by percentiles, of means studentised, over `resamples` resamples of trajectories);
    `total` [generation], the divergence with all errors less that with none, which the Shapley values sum to; `floor`
    [generation], that with none; of networks `doubling` [statistical, expressivity, approximation, generation], what
    twice the steps of the exact learner change, and `by_start` [start, ...], its arms with cold and with warm starts; of
    a large sample `population_error`, what half of it changes, which is about the error of the whole; `dose_<error>`
    [<error>_level, others, generation], the statistic at each level with the other two errors "off" or "on". Each has
    its interval. Raises RequestError as `arms` does, Stopped on Ctrl-C.
    """
    begun = time.monotonic()
    check_statistic(statistic)
    if isinstance(resamples, bool) or not isinstance(resamples, int) or not 1 <= resamples <= 10**6:
        raise RequestError(f"resamples = {shown(resamples)}: it must be a whole number from 1 to 1000000")
    if not isinstance(doses, bool | Mapping):
        raise RequestError(f"doses = {shown(doses)}: it must be True, False, or a dict of {', '.join(ERRORS)}")
    devices.mesh()  # the truth may be an array: the first one starts the backend, with one device if not told
    found = dials(experiment, rich, learner, population)
    made = _arms(experiment, found, divergence)
    plain = dataclasses.replace(experiment, metrics=("nll",), snapshots=())
    tests = check_arms(found, plain, made) if checks else {}
    unique: dict[str, Experiment] = {arm.digest: arm for arm in made.values()}
    metric = made[1, 1, 1].metrics[0]
    levels = default_doses(experiment) if doses is True else dict(doses or {})
    sweeps = dose_sweeps(dataclasses.replace(experiment, snapshots=()), found, metric, levels)
    singles = [*unique.values(), *tests.values()]
    points = [1.0] * len(singles) + [float(request.size) for request in sweeps.values()]
    with heard(progress, experiment.name) as tell:

        def told(i: int) -> Progress:
            return part(tell, sum(points[:i]), points[i], sum(points))

        every = [run(arm, progress=told(i)) for i, arm in enumerate(singles)]
        responses, dose_coords = run_doses(
            sweeps, levels, statistic, resamples, experiment.seed, lambda i: told(len(singles) + i)
        )
    runs = every[: len(unique)]
    column = made[1, 1, 1].columns[0]
    numbers = [np.asarray(result[column].values, np.float64) for result in every]
    values = np.stack(numbers[: len(unique)])
    where = np.reshape([list(unique).index(made[corner].digest) for corner in CORNERS], (2, 2, 2))
    centres, attributed = attribute(values, where, statistic, resamples, experiment.seed)
    own = {corner: values[i] for corner, i in zip(CORNERS, where.ravel(), strict=True)}
    told_apart = checked(
        dict(zip(tests, numbers[len(unique) :], strict=True)), own, made, statistic, resamples, experiment.seed
    )
    data: dict[str, Any] = {
        "divergence": ((*ERRORS, "trajectory", "generation"), values[where]),
        "top_share": ((*ERRORS, "generation"), np.stack([top_share(arm) for arm in values])[where]),
        "total": ("generation", centres[1, 1, 1] - centres[0, 0, 0]),
        "floor": ("generation", centres[0, 0, 0]),
        **attributed, **told_apart, **responses,
    }  # fmt: skip
    terms = [" x ".join(term) for term in TERMS]
    coords: dict[str, Any] = {error: [False, True] for error in ERRORS}
    coords |= {"error": list(ERRORS), "term": terms, "combination": terms[len(ERRORS) :], **dose_coords}
    coords |= {"start": list(STARTS)} if "by_start" in told_apart else {}
    coords |= {"trajectory": runs[0].trajectory.values, "generation": runs[0].generation.values}
    arrays: dict[str, bytes] = {}
    sampled = any(not statistical and not arm.handover.infinite for (statistical, *_), arm in made.items())
    attrs = {
        **runs[0].attrs, "kind": "ablation", "experiment": json.dumps(experiment.to_json(arrays)), "digest": experiment.digest,
        "name": experiment.name, "handover": str(experiment.handover), "divergence": part_label(metric),
        "unit": metric.unit or "its own unit", "statistic": statistic, "rich": part_label(found.models[0][1]),
        "population": found.population if sampled else "infinite", "expressivity": "whole" if found.contained else "residual",
        "arms": json.dumps({"".join(map(str, corner)): arm.to_json(arrays) for corner, arm in made.items()}),
        "doses": json.dumps({error: levels[error][0] for error, _ in sweeps}),
        "resamples": resamples, "seconds": time.monotonic() - begun,
    }  # fmt: skip
    return new_dataset(data | record_variables(arrays), coords, attrs)


@dataclasses.dataclass(frozen=True)
class Ablation:
    """Arguments of `ablate` as data."""

    experiment: Experiment
    rich: Any = None
    divergence: Any = None
    statistic: str = "median"
    doses: bool | Mapping[str, Dose] = False
    checks: bool = True

    def run(self, progress: Progress | None = None) -> xr.Dataset:
        """Run the ablation; returns the Dataset of `ablate`."""
        fields = {field.name: getattr(self, field.name) for field in dataclasses.fields(self)}
        return ablate(fields.pop("experiment"), **fields, progress=progress)
