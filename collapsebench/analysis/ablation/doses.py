"""Dose and response: the divergence at several levels of one error, the other two switched off or on."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from collapsebench.analysis.ablation.attribution import ERRORS
from collapsebench.analysis.ablation.dials import Dials
from collapsebench.analysis.ablation.statistics import with_interval
from collapsebench.experiment.experiment import Experiment
from collapsebench.experiment.sweep import Sweep, set_field
from collapsebench.parts.metric import Metric
from collapsebench.runs.progress import Progress
from collapsebench.runs.sweep import run_sweep
from collapsebench.specs.errors import RequestError, nearest, shown

Dose = tuple[str, tuple[Any, ...]]
"""A field of the experiment by its dotted path, and its levels."""
FACTORS = (0.1, 0.3, 1, 3, 10)
"""Sample sizes of the statistical dial, in units of the experiment's own n."""
OTHERS = ("off", "on")


def default_doses(experiment: Experiment) -> dict[str, Dose]:
    """Default doses of each error: sample sizes around n, and the model's `dials`, largest error first."""
    found: dict[str, Dose] = {"statistical": ("n", tuple(sorted({max(2, round(experiment.n * f)) for f in FACTORS})))}
    named = experiment.model.dials
    return found | {
        error: (f"model.{named[error][0]}", tuple(named[error][1])) for error in ERRORS[1:] if error in named
    }


def dose_sweeps(
    experiment: Experiment, found: Dials, metric: Metric, chosen: Mapping[str, Dose]
) -> dict[tuple[str, str], Sweep]:
    """A sweep over the levels for each (error, whether the others are "off" or "on"), common random numbers in all.

    Levels that an experiment refuses (too few rows, too narrow a kernel) are left out, and so is a sweep without any.
    Raises RequestError for an error or a field that is not known.
    """
    made: dict[tuple[str, str], Sweep] = {}
    for error, dose in chosen.items():
        if error not in ERRORS:
            raise RequestError(f"doses: {shown(error)}: not one of {', '.join(ERRORS)}{nearest(str(error), ERRORS)}")
        path, levels = _dose(error, dose)
        for others in (0, 1):
            statistical, expressivity, approximation = (int(other == error or others) for other in ERRORS)
            if error == "expressivity" or not _has(found.models[0][1], path):
                expressivity = 1  # the class as given has this dial
            try:
                base = dataclasses.replace(
                    found.arm(experiment, statistical, expressivity, approximation), metrics=(metric,)
                )
            except RequestError:
                continue
            allowed = tuple(level for level in levels if _allows(base, path, level))
            if allowed:
                made[error, OTHERS[others]] = Sweep(base, {path: allowed})
    return made


def _dose(error: str, dose: Any) -> Dose:
    """The field and the levels of a dose. Raises RequestError for what is no such pair."""
    match dose:
        case (str(path), (tuple() | list()) as levels) if levels:
            return path, tuple(levels)
    raise RequestError(f"doses: {error} = {shown(dose)}: it must be a field and its levels, such as ('n', (10, 100))")


def _has(model: Any, path: str) -> bool:
    """Whether the model has the field at a dotted path such as model.training.steps."""
    if not path.startswith("model."):
        return True
    for name in path.split(".")[1:]:
        if not dataclasses.is_dataclass(model) or name not in {field.name for field in dataclasses.fields(model)}:
            return False
        model = getattr(model, name)
    return True


def _allows(base: Experiment, path: str, level: Any) -> bool:
    if not _has(base.model, path):
        raise RequestError(f"doses: {path}: the model has no such field")
    try:
        set_field(base, path, level)
    except RequestError:
        return False
    return True


def run_doses(
    sweeps: Mapping[tuple[str, str], Sweep], levels: Mapping[str, Dose], statistic: str, resamples: int, seed: int,
    progress: Callable[[int], Progress],
) -> tuple[dict[str, Any], dict[str, Any]]:  # fmt: skip
    """Variables and coordinates: `dose_<error>` [<error>_level, others, generation] with its 95% bootstrap interval.

    progress(i) is the callback of the i-th sweep.
    """
    data: dict[str, Any] = {}
    for i, ((error, others), request) in enumerate(sweeps.items()):
        result = run_sweep(request, progress=progress(i))
        done = next(iter(request.values.values()))
        values = np.asarray(result[request.experiment.columns[0]].values, np.float64)  # [level, trajectory, generation]
        found = with_interval(values.swapaxes(0, 1), statistic, resamples, seed)
        rows = [list(map(repr, levels[error][1])).index(repr(level)) for level in done]
        for end, ours in found.items():
            shape = (len(levels[error][1]), len(OTHERS), ours.shape[-1])
            filled = data.setdefault(
                f"dose_{error}{end}", ((f"{error}_level", "others", "generation"), np.full(shape, np.nan))
            )
            filled[1][rows, OTHERS.index(others)] = ours
    dosed = {error for error, _ in sweeps}
    coords: dict[str, Any] = {f"{error}_level": [_label(level) for level in levels[error][1]] for error in dosed}
    return data, coords | ({"others": list(OTHERS)} if dosed else {})


def _label(level: object) -> str:
    return "all" if level is None else f"{level:g}" if isinstance(level, int | float) else str(level)
