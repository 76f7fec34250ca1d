"""Run of an experiment: sizes, blocks of generations, progress, and the finished part on Ctrl-C."""

from __future__ import annotations

import contextlib
import dataclasses
import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import PyTree

from collapsebench.engine import devices
from collapsebench.engine.cursor import START, Block, Cursor, Lanes
from collapsebench.engine.handover import transfer
from collapsebench.engine.host import CallFailed, Host
from collapsebench.engine.loop import Compiled
from collapsebench.engine.plan import Plan
from collapsebench.engine.program import Program
from collapsebench.experiment.experiment import Experiment
from collapsebench.maths.numerics import as_leaves
from collapsebench.maths.streams import root_key
from collapsebench.runs import results
from collapsebench.runs.progress import Progress, Step
from collapsebench.specs.errors import RequestError

if TYPE_CHECKING:
    import xarray as xr

PICTURED = 16
"""Trajectories whose draws are kept by `snapshots`, up to 1000 each, of images about a hundred: the file is kept."""
Writer = Callable[[Block], object]
"""Called with every block as soon as it is measured, before the next one takes its arrays back."""


class Stopped(KeyboardInterrupt):
    """Ctrl-C came during a run. `result` holds the generations that every trajectory had finished, or None."""

    def __init__(self, result: xr.Dataset | None) -> None:
        super().__init__("stopped")
        self.result = result


def make_program(experiment: Experiment) -> Program:
    """The experiment as a pytree; here, and only here, Python numbers become arrays."""
    n_real = experiment.n if experiment.n_real is None else experiment.n_real
    target = experiment.target.prepare()
    metrics = tuple(metric.prepare(experiment) for metric in experiment.metrics)
    kind = transfer(experiment.handover, experiment.model)
    return Program(
        target=as_leaves(target),
        model=as_leaves(experiment.model.prepare()),
        regime=as_leaves(experiment.regime),
        curator=as_leaves(experiment.curator),
        metrics=as_leaves(metrics),
        n=kind.size(experiment.n),
        n_real=kind.real_size(target, experiment.model, n_real),
        holdout=experiment.holdout,
        generations=experiment.generations,
        transfer=kind,
        warm_start=experiment.warm_start,
    )


@contextlib.contextmanager
def precision(experiment: Experiment) -> Iterator[None]:
    """Context with float64 where the experiment has x64; the caller's setting is restored."""
    with jax.enable_x64(True) if experiment.x64 else contextlib.nullcontext():
        yield


def run(experiment: Experiment, *, progress: Progress | None = None, trajectories: range | None = None) -> xr.Dataset:
    """Run all trajectories and return the result, dims (trajectory, generation).

    progress: called with a Step after each block of generations. trajectories: numbers of those to run, for instance
    range(100, 200), whatever the experiment says (None: from 0, as many as it says); a trajectory is the same whichever
    run beside it, to the last bit where the experiment fixes `width`.
    Raises Stopped on Ctrl-C and CallFailed where a model's own function fails, with what is finished; RequestError when
    the experiment cannot be run as it stands.
    """
    if not isinstance(experiment, Experiment):
        raise RequestError(f"run: it takes an Experiment, not a value of type {type(experiment).__name__}")
    experiment.check_parts()  # not asked yet where it was read from a record
    return run_points(experiment, {}, 1, progress=progress, trajectories=trajectories)


def run_points(
    experiment: Experiment, leaves: dict[str, np.ndarray], points: int, *, progress: Progress | None = None,
    trajectories: range | None = None, plan: Plan | None = None, cursor: Cursor = START, writer: Writer | None = None,
) -> xr.Dataset:  # fmt: skip
    """`run` for several values of some leaves at once: leaves maps a dotted path to its [points] values.

    The result has a leading dim `point`, unless `points` is 1 and no leaf is given. plan: sizes of the run (None: chosen).
    cursor: where to go on; what was measured before is NaN. writer: receives every Block.
    """
    begun = time.time()
    numbers = range(experiment.trajectories) if trajectories is None else _numbers(trajectories)
    stop: KeyboardInterrupt | CallFailed | None = None
    with precision(experiment):
        lanes = lanes_of(experiment, leaves, points, numbers)
        engine = engine_of(experiment, lanes)
        plan = plan or engine.plan(experiment.width)
        found = _Found(experiment, lanes, engine, progress)
        results.begin_import()
        try:
            for block in engine.blocks(plan, cursor):
                found.add(block)
                if writer is not None:
                    writer(block)
        except (KeyboardInterrupt, CallFailed) as why:
            stop = why
    dataset = results.from_columns(
        experiment, found.whole(), found.snapshots, points=points if leaves else None, started=begun,
        seconds=time.time() - begun, plan=dataclasses.asdict(plan), trajectories=numbers,
    )  # fmt: skip
    if stop is None:
        return dataset
    dataset.attrs["stopped"] = f"{dataset.sizes['generation']} of {experiment.generations} generations are here"
    kept = dataset if dataset.sizes["trajectory"] and dataset.sizes["generation"] else None
    if isinstance(stop, CallFailed):
        stop.result = kept
        raise stop
    raise Stopped(kept)


def _numbers(trajectories: range) -> range:
    if not isinstance(trajectories, range) or not trajectories or min(trajectories) < 0 or max(trajectories) >= 2**31:
        raise RequestError(f"trajectories = {trajectories!r}: a range of numbers from 0 on, such as range(100, 200)")
    return trajectories


def lanes_of(experiment: Experiment, leaves: dict[str, np.ndarray], points: int, numbers: range) -> Lanes:
    """The lanes of a run, point-major: every trajectory of the first point, then of the second."""
    devices.mesh()  # before any array is made: the first one starts the backend, with one device if not told
    dtype = np.dtype(jnp.result_type(float))
    return Lanes(
        make_program(experiment),
        root_key(experiment.seed, experiment.name),
        np.tile(np.asarray(numbers, np.int32), points),
        {path: np.repeat(np.asarray(values, dtype), len(numbers)) for path, values in leaves.items()},
        experiment.snapshots,
    )


def engine_of(experiment: Experiment, lanes: Lanes) -> Compiled | Host:
    """What runs the lanes of an experiment."""
    return Host(lanes) if experiment.host or experiment.model.hosted else Compiled(lanes)


class _Found:
    """What a run has measured so far, [lanes, generations, columns], and its snapshots; it tells the progress."""

    def __init__(
        self, experiment: Experiment, lanes: Lanes, engine: Compiled | Host, progress: Progress | None
    ) -> None:
        self._experiment, self._lanes, self._engine, self._progress = experiment, lanes, engine, progress
        self._snapshots: dict[int, list[PyTree]] = {}
        shape = (len(lanes), experiment.generations, len(experiment.columns))
        self._values = np.full(shape, np.nan, np.dtype(jnp.result_type(float)))
        self._done = 0
        self._last: Block | None = None
        self._tell(compiling=True)

    def _tell(self, compiling: bool = False) -> None:
        if self._progress is not None:
            total = len(self._lanes) * self._experiment.generations
            self._progress(Step(self._experiment.name, self._done, total, compiling))

    def add(self, block: Block) -> None:
        """Keep a block's numbers, and draws from its models where a snapshot was asked for."""
        self._values[block.lanes, block.generations] = block.values
        self._last = block
        self._done += block.values.shape[0] * block.values.shape[1]
        generation = block.generations.stop - 1
        if generation in self._lanes.stops and block.lanes.start < PICTURED and block.values.size:
            n = min(self._experiment.n, 1000, max(64, 2**17 // (self._experiment.target.dim or 1)))
            self._snapshots.setdefault(generation, []).append(self._engine.draw(block, PICTURED, int(n)))
        self._tell()

    @property
    def snapshots(self) -> dict[int, PyTree]:
        """Draws by generation, [trajectories, n, ...]."""
        return {g: jax.tree.map(lambda *a: np.concatenate(a), *parts) for g, parts in self._snapshots.items()}

    def whole(self) -> np.ndarray:
        """What is finished: all lanes of whole chunks; before there is one, the generations that the first has."""
        if self._last is None:
            return self._values[:0, :0]
        done = self._last.cursor.lane
        return self._values[:done] if done else self._values[self._last.lanes, : self._last.generations.stop]
