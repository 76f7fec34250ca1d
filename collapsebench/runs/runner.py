"""Run of an experiment: sizes, blocks of generations, progress, and the finished part on Ctrl-C."""

from __future__ import annotations

import contextlib
import dataclasses
import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import jax
import jax.numpy as jnp
import numpy as np

from collapsebench.engine import cache, devices
from collapsebench.engine.cursor import START, Block, Cursor, Lanes
from collapsebench.engine.handover import transfer
from collapsebench.engine.host import CallFailed, Host
from collapsebench.engine.loop import Compiled
from collapsebench.engine.plan import Plan
from collapsebench.engine.program import Program
from collapsebench.experiment.experiment import Experiment
from collapsebench.maths.numerics import as_leaves, whole_products
from collapsebench.maths.streams import root_key
from collapsebench.runs import results
from collapsebench.runs.checkpoints import checkpoint_of
from collapsebench.runs.columns import Columns, check_size
from collapsebench.runs.progress import Progress, heard
from collapsebench.runs.stopping import at_blocks
from collapsebench.specs.arrays import encode_number
from collapsebench.specs.errors import RequestError

if TYPE_CHECKING:
    import xarray as xr

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
        recorded=_recorded(experiment),
    )


def _recorded(experiment: Experiment) -> np.ndarray | None:
    kept = experiment.recorded
    return None if len(kept) == experiment.generations else np.isin(np.arange(experiment.generations), kept)


@contextlib.contextmanager
def precision(experiment: Experiment) -> Iterator[None]:
    """Context with float64 where the experiment has x64, and whole products; the caller's setting is restored."""
    with jax.enable_x64(True) if experiment.x64 else contextlib.nullcontext(), whole_products():
        yield


def run(
    experiment: Experiment, *, progress: Progress | bool | None = None, trajectories: range | None = None
) -> xr.Dataset:  # fmt: skip
    """Run all trajectories and return the result, dims (trajectory, generation).

    progress: None: a line on standard error once the run takes more than a second or two, in a terminal or a notebook; True:
    everywhere; False: nothing; or a function that is called with a Step after each block of generations. trajectories:
    numbers of those to run, for instance range(100, 200), whatever the experiment says (None: from 0, as many as it says);
    a trajectory is the same whichever run beside it, to the last bit where the experiment fixes `width`.
    Raises Stopped on Ctrl-C and CallFailed where a model's own function fails, with what is finished; RequestError when
    the experiment cannot be run as it stands.
    """
    if not isinstance(experiment, Experiment):
        raise RequestError(f"run: it takes an Experiment, not a value of type {type(experiment).__name__}")
    experiment.check_parts()  # not asked yet where it was read from a record
    with heard(progress, experiment.name) as tell:
        return run_points(experiment, {}, 1, progress=tell, trajectories=trajectories)


def run_points(
    experiment: Experiment, leaves: dict[str, np.ndarray], points: int, *, progress: Progress | None = None,
    trajectories: range | None = None, plan: Plan | None = None, cursor: Cursor = START, writer: Writer | None = None,
) -> xr.Dataset:  # fmt: skip
    """`run` for several values of some leaves at once: leaves maps a dotted path to its [points] values.

    The result has a leading dim `point`, unless `points` is 1 and no leaf is given. plan: sizes of the run (None: chosen).
    cursor: where to go on; what was measured before is NaN. writer: receives every Block. Inside of `checkpoints` the run
    saves where it stands, and goes on from what is saved.
    """
    cache.make_room()
    begun, before = time.time(), 0.0
    numbers = range(experiment.trajectories) if trajectories is None else _numbers(trajectories)
    stop: KeyboardInterrupt | CallFailed | None = None
    check_size(experiment, points * len(numbers))
    with precision(experiment):
        lanes = lanes_of(experiment, leaves, points, numbers)
        engine = engine_of(experiment, lanes)
        columns = Columns(experiment, lanes, progress)
        kept = checkpoint_of(lambda: _request(experiment, leaves, points, numbers), lanes)
        if kept is not None and (saved := kept.load(engine, columns)) is not None:
            plan, cursor, before = saved.plan, saved.cursor, saved.seconds
        plan = plan or engine.plan(experiment.width, together=kept is not None)
        results.begin_import()
        try:
            with contextlib.nullcontext(None) if kept is None else at_blocks() as asked:
                for block in engine.blocks(plan, cursor):
                    columns.add(block, engine)
                    if writer is not None:
                        writer(block)
                    if kept is not None:
                        now = asked is not None and asked.asked
                        kept.keep(columns, plan, block, now)
                        if now and block.cursor.lane < len(lanes):
                            raise KeyboardInterrupt
        except (KeyboardInterrupt, CallFailed) as why:
            stop = why
    numbered, generations = columns.whole()
    dataset = results.from_columns(
        experiment, numbered, columns.snapshots, points=points if leaves else None, started=begun, past=columns.past,
        seconds=before + time.time() - begun, plan=dataclasses.asdict(plan), trajectories=numbers, generations=generations,
    )  # fmt: skip
    if stop is None:
        return dataset
    done = int(dataset.generation[-1]) + 1 if dataset.sizes["generation"] else 0
    dataset.attrs["stopped"] = f"{done} of {experiment.generations} generations are here"
    finished = dataset if dataset.sizes["trajectory"] and dataset.sizes["generation"] else None
    if isinstance(stop, CallFailed):
        stop.result = finished
        raise stop
    raise Stopped(finished)


def _request(experiment: Experiment, leaves: dict[str, np.ndarray], points: int, numbers: range) -> dict[str, Any]:
    """JSON data that tell a run from every other, but for generations and trajectories that are added at the end."""
    values = {path: [encode_number(float(value)) for value in values] for path, values in leaves.items()}
    spread = [numbers.start, numbers.step, *([] if points == 1 else [numbers.stop])]  # more of them come after these
    about = {key: v for key, v in experiment.to_json({}).items() if key not in ("generations", "trajectories")}
    return {"experiment": about, "leaves": values, "points": points, "trajectories": spread}


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
        np.tile(np.arange(numbers.start, numbers.stop, numbers.step, dtype=np.int32), points),
        {path: np.repeat(np.asarray(values, dtype), len(numbers)) for path, values in leaves.items()},
        experiment.snapshots,
    )


def engine_of(experiment: Experiment, lanes: Lanes) -> Compiled | Host:
    """What runs the lanes of an experiment."""
    return Host(lanes) if experiment.host or experiment.model.hosted else Compiled(lanes)
