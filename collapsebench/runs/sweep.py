"""Run of a sweep: numbers are lanes of one program, shapes a loop."""

from __future__ import annotations

import itertools
import json
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from jaxtyping import PyTree

from collapsebench.engine.host import CallFailed
from collapsebench.experiment.experiment import Experiment
from collapsebench.experiment.sweep import Sweep, is_leaf, label, set_field, set_fields
from collapsebench.runs.columns import check_memory
from collapsebench.runs.progress import Progress, heard, part, silent
from collapsebench.runs.results import EVENTS, describe, new_dataset, record_variables
from collapsebench.runs.runner import Stopped, run, run_points

if TYPE_CHECKING:
    import xarray as xr


def sweep(
    experiment: Experiment, values: dict[str, Any], *, progress: Progress | bool | None = None
) -> xr.Dataset:  # fmt: skip
    """Run every combination of `values`; the result has one further dim per swept field, in front, by its dotted path.

    progress: as in `run`, of all points together.
    Raises Stopped on Ctrl-C, and CallFailed where a model's own function fails, with the points that are finished (the
    others are NaN).
    """
    request = Sweep(experiment, values)
    with heard(progress, experiment.name) as tell:
        return run_sweep(request, progress=tell)


class Runs(Protocol):
    """A request that runs itself, as an ablation does."""

    def run(self, progress: Progress) -> xr.Dataset:
        """The result."""
        ...


def run_request(request: Experiment | Sweep | Runs, progress: Progress = silent) -> xr.Dataset:
    """Run an experiment, a sweep or an ablation; returns its result."""
    if isinstance(request, Experiment):
        return run(request, progress=progress)
    return run_sweep(request, progress=progress) if isinstance(request, Sweep) else request.run(progress)


def rows_drawn(experiment: Experiment) -> float:
    """Rough cost of one trajectory in rows, of experiments that differ in their sizes."""
    rows = experiment.model.rows_per_fit(float(experiment.n) if experiment.handover.rows else 50.0)
    return experiment.generations * (rows + 20.0)


def run_sweep(request: Sweep, *, progress: Progress | None = None) -> xr.Dataset:
    """`sweep` of a Sweep object."""
    experiment = request.experiment
    leaves = {path: v for path, v in request.values.items() if is_leaf(experiment, path, v)}
    shapes = {path: v for path, v in request.values.items() if path not in leaves}
    grid = [g.ravel() for g in np.meshgrid(*[np.asarray(v, float) for v in leaves.values()], indexing="ij")]
    columns = dict(zip(leaves, grid, strict=True))
    if "n" in columns and experiment.n_real is None:
        columns["n_real"] = columns["n"]
    points = grid[0].size if grid else 1
    combinations = list(itertools.product(*shapes.values()))
    check_memory(experiment, len(combinations) * points * experiment.trajectories)
    parts: list[xr.Dataset | None] = []
    stop: Stopped | CallFailed | None = None
    every = [set_fields(experiment, dict(zip(shapes, values, strict=True))) for values in combinations]
    costs = [own.trajectories * rows_drawn(own) for own in every]
    for i, own in enumerate(every):
        for path, value in leaves.items():  # one check per value; the program itself is the same for all
            for one in value:
                set_field(own, path, one)
        told = part(progress or silent, sum(costs[:i]), costs[i], sum(costs))
        try:
            parts.append(run_points(own, columns, points, progress=told) if columns else run(own, progress=told))
        except (Stopped, CallFailed) as why:
            stop = why
            break
    if stop is not None and not parts:
        stop.result = None
        raise stop
    parts += [None] * (len(combinations) - len(parts))
    result = _assemble(request, leaves, shapes, parts)
    if stop is not None:
        stop.result = result
        raise stop
    return result


def _assemble(request: Sweep, leaves: Any, shapes: PyTree, parts: list[xr.Dataset | None]) -> xr.Dataset:
    first = next(part for part in parts if part is not None)
    inner = tuple(len(v) for v in leaves.values())
    outer = tuple(len(v) for v in shapes.values())
    order = [*shapes, *leaves]
    to = [order.index(path) for path in request.values]
    data = {}
    for name, absent in {**dict.fromkeys(request.experiment.columns, np.nan), **EVENTS}.items():
        like = next((part[name] for part in parts if part is not None and name in part), None)
        if like is None:
            continue
        empty = np.full(like.shape, np.nan if name in request.experiment.columns else absent)
        stack = [part[name].values if part is not None and name in part else empty for part in parts]
        array = np.stack(stack).reshape(outer + inner + (like.shape[1:] if leaves else like.shape))
        dims = (*request.values, *(str(dim) for dim in like.dims if dim != "point"))
        data[name] = (dims, np.moveaxis(array, to, range(len(to))))
    coords: dict[str, Any] = {path: [label(value) for value in values] for path, values in request.values.items()}
    coords |= {"trajectory": first.trajectory.values, "generation": first.generation.values}
    arrays: dict[str, bytes] = {}
    attrs = {
        **first.attrs, "digest": request.digest, "experiment": json.dumps(request.experiment.to_json(arrays)),
        "sweep": json.dumps(request.values_json(arrays)),
        "seconds": sum(part.attrs["seconds"] for part in parts if part is not None),
    }  # fmt: skip
    return describe(new_dataset(data | record_variables(arrays), coords, attrs), request.experiment)
