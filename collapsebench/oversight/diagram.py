"""Phase diagrams: what is left, and when a limit is broken, over two numbers of an experiment, by one compiled program."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from collapsebench.engine.plan import Plan
from collapsebench.experiment.experiment import Experiment
from collapsebench.experiment.sweep import Sweep, is_leaf
from collapsebench.oversight.answer import measured, ratio_of_means
from collapsebench.oversight.border import border_of
from collapsebench.oversight.known import DIAGRAMS, Known
from collapsebench.oversight.limits import Limit, limit_of, name_of
from collapsebench.runs.progress import Progress, heard, part, silent
from collapsebench.runs.results import kept_records, new_dataset
from collapsebench.runs.runner import run_points
from collapsebench.specs import record
from collapsebench.specs.errors import RequestError, nearest

if TYPE_CHECKING:
    import xarray as xr

NUMBERS = 1 << 24
"""Numbers that are in memory at a time: cells times trajectories times generations of a piece of the diagram."""
WIDTH = 4096
"""Trajectories side by side where no rows are drawn: pieces then waste few lanes of their last group."""
GENERATIONS = "generations"
"""The axis that needs no runs of its own: every run has all generations up to its last."""


def diagram(
    experiment: object, values: Mapping[str, Iterable[float]] | None = None, limit: Limit | str | None = None, *,
    cells: int | None = None, n: int | None = None, generations: int | None = None, trajectories: int | None = None,
    seed: int | None = None, progress: Progress | bool | None = None,
) -> xr.Dataset:  # fmt: skip
    """What is left at the last generation, and when a limit on loss is broken, over a grid of two numbers.

    experiment: an Experiment, and then `values`: two numbers by dotted path, such as {"regime.real_fraction": [...],
    "n": [...]}, the first along x and the second along y, which may be "generations"; or one of `known.DIAGRAMS`
    ("real_share", "fresh_rows", "temperature", "judge", "verifier", "growth"), which has values of its own, `cells` of them on
    each side. limit: as in `plan`, such as "variance=.5". Trajectory i sees the same random numbers in every cell.
    progress: as in `run`.

    Returns a Dataset over both axes: `left` at the last generation, a ratio of two means over trajectories, with
    `left_error`, its standard error; `collapse_time`, the first generation at which the limit is broken (NaN: none); and
    along y `border`, the x at which the limit is just kept by an exact law or a stability condition (attrs "law"; NaN: none).
    Raises RequestError, one line, and Stopped on Ctrl-C.
    """
    sizes = {"n": n, "generations": generations, "trajectories": trajectories, "seed": seed}
    request = make_diagram(experiment, values, limit, cells, sizes)
    with heard(progress, request.experiment.name) as tell:
        return request.run(tell)


def make_diagram(
    experiment: object, values: Mapping[str, Iterable[float]] | None = None, limit: Limit | str | None = None,
    cells: int | None = None, sizes: Mapping[str, int | None] | None = None,
) -> Diagram:  # fmt: skip
    """The request of `diagram` with the same arguments. Raises RequestError, one line, for what could not be drawn."""
    given: dict[str, Any] = {field: value for field, value in (sizes or {}).items() if value is not None}
    labels = ("", "")
    if not isinstance(experiment, Experiment):
        known = _known(experiment)
        side = known.cells if cells is None else cells
        if isinstance(side, bool) or not isinstance(side, int | np.integer) or side < 2:
            raise RequestError(f"cells = {side!r}: it must be a whole number of at least 2")
        experiment = dataclasses.replace(known.experiment, **given)
        values, labels = values or known.values(experiment, int(side)), known.labels
        limit = known.limit if limit is None else limit
    else:
        experiment = dataclasses.replace(experiment, **given)
        if cells is not None:
            raise RequestError(
                f"cells = {cells}: only a diagram that is named has values of its own; give them in values"
            )
    if not isinstance(values, Mapping) or len(values) != 2:
        raise RequestError("values: a diagram needs two fields and their values, the first along x, the second along y")
    settled = {
        path: tuple(value.item() if isinstance(value, np.generic) else value for value in own)
        for path, own in values.items()
    }
    return Diagram(experiment, settled, limit_of(limit or "variance"), labels)


def _known(name: object) -> Known:
    if not isinstance(name, str) or name not in DIAGRAMS:
        why = f"not one of {', '.join(DIAGRAMS)}, nor an Experiment{nearest(str(name), DIAGRAMS)}"
        raise RequestError(f"diagram = {name}: {why}")
    return DIAGRAMS[name]


@dataclasses.dataclass(frozen=True)
class Diagram:
    """Arguments of `diagram` as data. labels: those of x and y (empty: the paths)."""

    experiment: Experiment
    values: dict[str, tuple[float, ...]]
    limit: Limit
    labels: tuple[str, str] = ("", "")

    def __post_init__(self) -> None:
        if self.limit.optimum:
            raise RequestError("limit = best: a diagram needs a bound, such as risk=.5")
        if GENERATIONS in self.values and list(self.values)[1] != GENERATIONS:
            raise RequestError("values: generations are along y, and so come second")
        for path, values in self.values.items():
            if len(values) < 2 or (np.diff(np.asarray(values, float)) <= 0).any():
                raise RequestError(f"values = {path}: it must be at least two numbers, ascending")
            if path != GENERATIONS and not is_leaf(self.experiment, path, values):
                raise RequestError(f"values = {path}: it is no number that one compiled program can run over")
        times = self.values.get(GENERATIONS, (1,))
        if times[0] < 1 or times[-1] >= self.experiment.generations or any(t != int(t) for t in times):
            most = self.experiment.generations - 1
            raise RequestError(f"values = generations: whole numbers from 1 to {most}, the last generation")
        Sweep(self.experiment, self.swept)  # every value is checked as a sweep's is

    @property
    def swept(self) -> dict[str, tuple[float, ...]]:
        """The values that are lanes of the program."""
        return {path: values for path, values in self.values.items() if path != GENERATIONS}

    @property
    def digest(self) -> str:
        """SHA-256 of the records of all arguments, 16 digits."""
        values = {path: list(map(float, own)) for path, own in self.values.items()}
        return record.digest([self.experiment.to_json({}), values, name_of(self.limit)])

    def run(self, progress: Progress = silent) -> xr.Dataset:
        """Run all cells, a piece of the grid after another; returns the Dataset of `diagram`."""
        experiment = dataclasses.replace(
            self.experiment, metrics=(self.limit.metric(self.experiment),), snapshots=(), record=None
        )
        if experiment.width is None and not experiment.handover.rows:
            experiment = dataclasses.replace(experiment, width=WIDTH)
        columns = self.columns()
        points = len(next(iter(columns.values())))
        each = experiment.trajectories * experiment.generations
        pieces = -(-points * each // NUMBERS)
        size = -(-points // pieces)
        plan, runs, found = None, list[Any](), list[tuple[np.ndarray, ...]]()
        for low in range(0, points, size):
            rows = np.minimum(
                np.arange(low, low + size), points - 1
            )  # the last piece is filled up: one program for all
            own = {path: values[rows] for path, values in columns.items()}
            told = part(progress, low * each, size * each, pieces * size * each)
            result = run_points(experiment, own, size, progress=told, plan=plan)
            plan = Plan(*(int(result.attrs[name]) for name in ("width", "chunk", "block")))
            found.append(self._reduced(experiment, result))
            runs.append(result.isel(trajectory=[0], generation=[0], point=[0]))
            runs[-1].attrs["seconds"] = result.attrs["seconds"]
        left, error = (np.concatenate(parts)[:points] for parts in zip(*found, strict=True))
        return self._dataset(experiment, runs, left, error)

    def columns(self) -> dict[str, np.ndarray]:
        """Leaves of the program by path, [cell], the cells row by row: x runs fastest."""
        paths = list(self.swept)
        grid = np.meshgrid(*(np.asarray(self.values[path], float) for path in reversed(paths)), indexing="ij")
        columns = dict(zip(reversed(paths), (values.ravel() for values in grid), strict=True))
        if "n" in columns and self.experiment.n_real is None:
            columns["n_real"] = columns["n"]
        return columns

    def _reduced(self, experiment: Experiment, result: xr.Dataset) -> tuple[np.ndarray, np.ndarray]:
        """What is left [cell, generation] of one piece, and its standard error."""
        values = measured(experiment, result)
        return ratio_of_means(*self.limit.parts(experiment, values[..., :1], values))

    def _dataset(
        self, experiment: Experiment, runs: list[xr.Dataset], left: np.ndarray, error: np.ndarray
    ) -> xr.Dataset:
        x, y = self.values
        width, first = len(self.values[x]), runs[0]
        broken = left > self.limit.level if self.limit.upper else left < self.limit.level
        time = np.where(broken.any(axis=1), broken.argmax(axis=1), np.nan)
        if y == GENERATIONS:
            at = np.asarray(self.values[y], int)
            cells = {"left": left[:, at].T, "left_error": error[:, at].T}
            cells["collapse_time"] = np.where(time[None] <= at[:, None], time[None], np.nan)
        else:
            cells = {"left": left[:, -1], "left_error": error[:, -1], "collapse_time": time}
        data: dict[str, Any] = {name: ((y, x), values.reshape(-1, width)) for name, values in cells.items()}
        law, line = border_of(self.experiment, self.limit, *self.values.items())
        data["border"] = (y, line)
        coords = {path: (path, np.asarray(values, float)) for path, values in self.values.items()}
        made = new_dataset(data | kept_records(first), coords, first.attrs)
        for name, text in _LONG_NAMES.items():
            made[name].attrs["long_name"] = text
        return made.assign_attrs(
            kind="diagram", digest=self.digest, limit=name_of(self.limit), level=float(self.limit.level), x=x, y=y, law=law,
            x_label=self.labels[0] or x, y_label=self.labels[1] or y, upper=int(self.limit.upper),
            experiment=json.dumps(self.experiment.to_json({})), seconds=sum(run.attrs["seconds"] for run in runs),
            trajectories=experiment.trajectories, generations=experiment.generations,
        )  # fmt: skip


_LONG_NAMES = {
    "left": "what the limit bounds, at the last generation", "left_error": "standard error of left",
    "collapse_time": "first generation at which the limit is broken; NaN: none",
    "border": "x at which the limit is just kept, by theory; NaN: none",
}  # fmt: skip
