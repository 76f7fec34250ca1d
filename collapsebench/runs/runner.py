"""Run of an experiment: sizes, blocks of generations, progress, and the finished part on Ctrl-C."""

from __future__ import annotations

import contextlib
import dataclasses
import math
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import PyTree

from collapsebench.engine import devices, loop
from collapsebench.engine.generation import Carry, Program, empty_carry
from collapsebench.engine.handover import transfer
from collapsebench.experiment.experiment import Experiment
from collapsebench.maths.numerics import as_leaves
from collapsebench.maths.streams import Stream, key_for, root_key, trajectory_key
from collapsebench.parts.model import Model
from collapsebench.runs import results
from collapsebench.runs.progress import Progress, Step
from collapsebench.specs.errors import RequestError
from collapsebench.specs.pytree import Key

if TYPE_CHECKING:
    import xarray as xr

BLOCK = 256
"""Generations that one call may return; it bounds device memory, however many generations there are."""
SECONDS = 0.5
"""How long a call should take: often enough for a progress bar and Ctrl-C, seldom enough to cost nothing."""


class Stopped(KeyboardInterrupt):
    """Ctrl-C came during a run. `result` holds the generations that every trajectory had finished, or None."""

    def __init__(self, result: xr.Dataset | None) -> None:
        super().__init__("stopped")
        self.result = result


@dataclasses.dataclass(frozen=True)
class Plan:
    """Sizes of a run: `width` lanes vectorised, `chunk` lanes in one call, up to `block` generations in one call."""

    width: int
    chunk: int
    block: int


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


def make_plan(experiment: Experiment, program: Program, carry: Carry, lanes: int) -> Plan:
    """Width from the cache and the memory budget, chunk from the memory budget; see `Experiment.width`."""
    count = devices.mesh().size
    held = _bytes(carry)
    drawn = int(program.capacity) if experiment.handover.rows else 1
    dim = max((leaf.size for leaf in jax.tree.leaves(carry.params)), default=1)
    row = experiment.target.dim or 1
    working = held + 4 * 3 * (drawn * max(1, row) + dim)
    free = 4 * devices.memory_budget()
    if working > free:
        raise MemoryError(
            f"n = {experiment.n}: one trajectory needs about {working / 2**30:.1f} GiB on each of {count} devices, and "
            f"{free / 2**30:.1f} GiB are free; nothing was run"
        )
    widest = max(1, min(devices.cache_bytes() // working, devices.memory_budget() // (8 * working)))
    share = math.ceil(lanes / count)
    if experiment.model.streams and jax.default_backend() == "cpu":
        widest = 1  # bench_networks_side_by_side measures it; a convolution by itself is faster than several
    width = experiment.width or min(2 ** int(math.log2(widest)), 2 ** math.ceil(math.log2(share)))
    block = min(BLOCK, 2 ** math.ceil(math.log2(experiment.generations)))
    most = max(1, devices.memory_budget() // (4 * (held + 64 * block)) // width)
    groups = min(math.ceil(share / width), most)
    return Plan(width, groups * width * count, block)


def _bytes(tree: PyTree) -> int:
    return sum(leaf.size * leaf.dtype.itemsize for leaf in jax.tree.leaves(tree))


@contextlib.contextmanager
def precision(experiment: Experiment) -> Iterator[None]:
    """Context with float64 where the experiment has x64; the caller's setting is restored."""
    with jax.enable_x64(True) if experiment.x64 else contextlib.nullcontext():
        yield


class _Clock:
    """Chooses how many generations the next call does, and tells the progress callback."""

    def __init__(self, name: str, total: int, progress: Progress | None) -> None:
        self._name, self._total, self._progress = name, total, progress
        self._done = 0
        self._rate = 0.0
        self._tell(compiling=True)

    def _tell(self, compiling: bool = False) -> None:
        if self._progress is not None:
            self._progress(Step(self._name, self._done, self._total, compiling))

    def length(self, lanes: int) -> int:
        """Generations that should take about SECONDS; one while the speed is unknown."""
        return max(1, int(self._rate * SECONDS / lanes))

    def count(self, lane_generations: int, useful: int, seconds: float) -> None:
        """Note a finished call of so many trajectory-generations, of which so many are part of the result."""
        self._rate = lane_generations / max(seconds, 1e-6)
        self._done += useful
        self._tell()


def run(experiment: Experiment, *, progress: Progress | None = None) -> xr.Dataset:
    """Run all trajectories and return the result, dims (trajectory, generation).

    progress: called with a Step after each block of generations.
    Raises Stopped on Ctrl-C, with what is finished; RequestError when the experiment cannot be run as it stands.
    """
    if not isinstance(experiment, Experiment):
        raise RequestError(f"run: it takes an Experiment, not a value of type {type(experiment).__name__}")
    experiment.check_parts()  # not asked yet where it was read from a record
    return run_points(experiment, {}, 1, progress=progress)


def run_points(
    experiment: Experiment, leaves: dict[str, np.ndarray], points: int, *, progress: Progress | None = None
) -> xr.Dataset:
    """`run` for several values of some leaves at once: leaves maps a dotted path to its [points] values.

    The result has a leading dim `point`, unless `points` is 1 and no leaf is given.
    """
    started = time.time()
    with precision(experiment):
        columns, snapshots, finished, plan = _run_lanes(experiment, leaves, points, progress)
    dataset = results.from_columns(
        experiment, columns, snapshots, points=points if leaves else None, started=started,
        seconds=time.time() - started, width=plan.width,
    )  # fmt: skip
    if finished:
        return dataset
    dataset.attrs["stopped"] = f"{dataset.sizes['generation']} of {experiment.generations} generations are here"
    raise Stopped(dataset if dataset.sizes["trajectory"] and dataset.sizes["generation"] else None)


def _run_lanes(
    experiment: Experiment, leaves: dict[str, np.ndarray], points: int, progress: Progress | None
) -> tuple[np.ndarray, dict[int, PyTree], bool, Plan]:
    """Metrics [lanes, generations, columns] with lanes = points * trajectories, point-major."""
    mesh = devices.mesh()  # before any array is made: the first one starts the backend, with one device if not told
    program = make_program(experiment)
    lanes = points * experiment.trajectories
    root = root_key(experiment.seed, experiment.name)
    shapes = empty_carry(program, root)
    plan = make_plan(experiment, program, shapes, lanes)
    index = np.tile(np.arange(experiment.trajectories, dtype=np.int32), points)
    dtype = np.dtype(jnp.result_type(float))
    swept = {path: np.repeat(np.asarray(values, dtype), experiment.trajectories) for path, values in leaves.items()}
    columns: list[np.ndarray] = []
    kept: dict[int, list[Any]] = {g: [] for g in experiment.snapshots}
    clock = _Clock(experiment.name, lanes * experiment.generations, progress)
    finished = True
    results.begin_import()
    for low in range(0, lanes, plan.chunk):
        rows = np.arange(low, low + plan.chunk) % lanes  # the last chunk is filled up: one program for all
        useful = min(plan.chunk, lanes - low)
        carry = loop.blank(shapes, plan.chunk, mesh)
        mine = {path: values[rows] for path, values in swept.items()}
        parts: list[np.ndarray] = []
        generation = 0
        try:
            while generation < experiment.generations:
                stop = min(generation + min(plan.block, clock.length(plan.chunk)), experiment.generations)
                stop = min([stop, *(g + 1 for g in kept if g >= generation)])
                begun = time.perf_counter()
                carry, block = loop.advance(
                    program, root, mine, index[rows], carry, np.int32(generation), np.int32(stop),
                    mesh=mesh, width=plan.width, block=plan.block,
                )  # fmt: skip
                parts.append(np.asarray(block)[: stop - generation, :useful])
                if stop - 1 in kept:
                    kept[stop - 1].append(_snapshot(experiment, program, root, index[rows], carry, stop - 1, useful))
                seconds = time.perf_counter() - begun
                clock.count(plan.chunk * (stop - generation), useful * (stop - generation), seconds)
                generation = stop
        except KeyboardInterrupt:
            finished = False
            if not columns and parts:  # no chunk is whole: keep the generations that this one finished
                columns.append(np.concatenate(parts).swapaxes(0, 1))
            break
        columns.append(np.concatenate(parts).swapaxes(0, 1))
    width = len(experiment.columns)
    values = np.concatenate(columns) if columns else np.zeros((0, 0, width), dtype)
    snapshots = {g: jax.tree.map(lambda *a: np.concatenate(a), *parts) for g, parts in kept.items() if parts}
    return values, snapshots, finished, plan


def _snapshot(
    experiment: Experiment, program: Program, root: Key, index: np.ndarray, carry: Carry, g: int, useful: int
) -> PyTree:
    """Draws from the models of the first 16 trajectories, as they stand after generation g.

    Up to 1000, and of images about a hundred: the result is a file that is kept.
    """
    rows = np.arange(min(16, useful))
    size = int(min(experiment.n, 1000, max(64, 2**17 // (experiment.target.dim or 1))))

    @jax.jit
    def draw(model: Model, root: Key, index: PyTree, params: PyTree, first: PyTree) -> PyTree:
        def one(lane: PyTree) -> PyTree:
            i, params, first = lane
            key = key_for(trajectory_key(root, i), Stream.SNAPSHOT, g)
            x = model.sample(key, params, size)
            if model.encodes and program.remembers_first:  # what generation 0 makes of it
                return {"x": x, "code": model.encode(first, x)[0]}
            return x

        # One after another: a picture is not worth the memory of 16 networks' draws.
        return jax.lax.map(one, (index, params, first))

    first = jax.tree.map(lambda a: a[rows], (carry.params, carry.first))
    return jax.tree.map(np.asarray, draw(program.model, root, index[rows], *first))
