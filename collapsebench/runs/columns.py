"""What a run has measured so far: numbers by lane and generation, in memory or in a mapped file, and snapshots."""

from __future__ import annotations

import os
import shutil
import tempfile
from typing import NoReturn

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import PyTree

from collapsebench.engine.cursor import Block, Lanes
from collapsebench.engine.devices import free_memory
from collapsebench.engine.generation import NEVER
from collapsebench.engine.host import Host
from collapsebench.engine.loop import Compiled
from collapsebench.experiment.experiment import Experiment
from collapsebench.runs.progress import Progress, Step, silent
from collapsebench.specs.errors import RequestError, bytes_text

PICTURED = 16
"""Trajectories whose draws are kept by `snapshots`, up to 1000 each, of images about a hundred: the file is kept."""
LANE = 32
"""Bytes of a lane beside its numbers: its own number, and those of the result's coordinates."""
FITTED = 0.8
"""Share of a generation that its fit is taken for; draws and metrics, which may take longest, come after it."""
MAPPED = 0.25
"""Share of the free memory above which a result is kept in a mapped file instead."""


class Columns:
    """Numbers of a run as they come, block by block, of the generations that are recorded; it tells the progress.

    past [lanes]: the first generation whose rows float32 was too coarse for, None where that is not watched.
    values [columns, lanes, recorded]: each column lies in one piece, so that it can be written without a copy.
    """

    def __init__(self, experiment: Experiment, lanes: Lanes, progress: Progress | None) -> None:
        self._experiment, self._lanes, self._progress = experiment, lanes, progress or silent
        self.recorded = experiment.recorded
        self.snapshots: dict[int, dict[str, np.ndarray]] = {}
        shape = (len(experiment.columns), len(lanes), len(self.recorded))
        self.values = _room(shape, np.dtype(jnp.result_type(float)))
        self.past = np.full(len(lanes), NEVER, np.int32) if lanes.program.watches else None
        self._done = self._lane = self._generation = 0
        self._chunk = slice(0, 0)
        self._tell(compiling=True)

    def _tell(self, compiling: bool = False, begun: float = 0.0) -> None:
        total = len(self._lanes) * self._experiment.generations
        self._progress(Step(self._experiment.name, self._done + begun, total, compiling))

    def where(self, generations: slice) -> slice:
        """The positions of some generations among those that are recorded."""
        low, high = np.searchsorted(self.recorded, [generations.start, generations.stop])
        return slice(int(low), int(high))

    def add(self, block: Block, engine: Compiled | Host) -> None:
        """Keep a block's numbers, and draws from its models where a snapshot was asked for."""
        if not self._done:  # what was measured before the cursor with which a run goes on
            self.values[:, : block.lanes.start] = np.nan
            self.values[:, block.lanes, : self.where(block.generations).start] = np.nan
        self.fill(block.lanes, block.generations, block.pieces)
        if self.past is not None:
            states = block.carry if isinstance(block.carry, tuple) else (block.carry,)
            found = np.concatenate([np.atleast_1d(state.past) for state in states])
            self.past[block.lanes] = found[: block.lanes.stop - block.lanes.start]
        generation = block.generations.stop - 1
        if generation in self._lanes.stops and block.lanes.start < PICTURED and block.pieces:
            n = min(self._experiment.n, 1000, max(64, 2**17 // (self._experiment.target.dim or 1)))
            self._picture(generation, engine.draw(block, PICTURED, int(n)))
        cut = block.cursor.fit  # of one lane, whose generation is under way
        self._tell(begun=0.0 if cut is None else FITTED * cut["step"] / self._lanes.program.model.fit_steps())

    def fill(self, lanes: slice, generations: slice, pieces: list[np.ndarray]) -> None:
        """Keep the numbers of some generations, which come in the order of a run; pieces: [columns, lanes, recorded]."""
        here, low = self.where(generations), lanes.start
        for piece in pieces:
            high = low + piece.shape[1]
            self.values[:, low:high, here], low = piece, high
        self._done += (lanes.stop - lanes.start) * (generations.stop - generations.start)
        self._chunk, self._generation = lanes, generations.stop
        self._lane = lanes.stop if generations.stop == self._experiment.generations else lanes.start

    def _picture(self, generation: int, draws: PyTree) -> None:
        named = {
            jax.tree_util.keystr(path, simple=True, separator="_"): np.asarray(leaf)
            for path, leaf in jax.tree_util.tree_leaves_with_path(draws)
        }
        kept = self.snapshots.get(generation)
        joined = named if kept is None else {name: np.concatenate([kept[name], named[name]]) for name in named}
        self.snapshots[generation] = joined

    def whole(self) -> tuple[np.ndarray, np.ndarray]:
        """What is finished, [lanes, recorded, columns], and its generations.

        All lanes of whole chunks; before there is one, the generations that the first has.
        """
        ready = slice(0, len(self.recorded)) if self._lane else self.where(slice(0, self._generation))
        lanes = slice(0, self._lane) if self._lane else self._chunk
        return self.values[:, lanes, ready].transpose(1, 2, 0), self.recorded[ready]


def result_bytes(experiment: Experiment, lanes: int) -> int:
    """Bytes of the numbers that a run of so many lanes records."""
    return len(experiment.columns) * lanes * len(experiment.recorded) * (8 if experiment.x64 else 4)


def check_memory(experiment: Experiment, lanes: int) -> None:
    """Raise RequestError where the result of so many lanes, which is put together in memory, does not fit there twice."""
    if (size := 2 * result_bytes(experiment, lanes)) > (free := free_memory()):
        raise RequestError(
            f"sweep: it is put together in memory and needs {bytes_text(size)}; {bytes_text(free)} are free; record=50 keeps "
            "50 of its generations; nothing was run"
        )


def check_size(experiment: Experiment, lanes: int) -> None:
    """Raise RequestError, before anything runs, where so many lanes or their result fit neither memory nor disk."""
    if lanes >= 2**31:
        raise RequestError(f"trajectories: {lanes} of them, over all points; at most 2**31 - 1 can be told apart")
    size, free = result_bytes(experiment, lanes), free_memory()
    if LANE * lanes > free:
        raise RequestError(
            f"trajectories: {lanes} of them, over all points, need {bytes_text(LANE * lanes)} only to be counted, and "
            f"{bytes_text(free)} are free; run ranges of them: cb.run(..., trajectories=range(...)); nothing was run"
        )
    if size > MAPPED * free and size > shutil.disk_usage(tempfile.gettempdir()).free:
        _refuse(size)


def _refuse(size: int) -> NoReturn:
    raise RequestError(
        f"trajectories: the result needs {bytes_text(size)}, which neither memory ({bytes_text(free_memory())} are "
        f"free) nor {tempfile.gettempdir()} holds; record=50 keeps 50 of its generations; nothing was run"
    )


def _room(shape: tuple[int, ...], dtype: np.dtype) -> np.ndarray:
    """An array in memory, or in a file without a name where the memory is needed for the run.

    Raises RequestError, before anything has run, where it fits neither.
    """
    size = int(np.prod(shape, dtype=np.int64)) * dtype.itemsize
    if size <= MAPPED * free_memory():
        return np.empty(shape, dtype)
    try:
        with tempfile.TemporaryFile(prefix="collapsebench-") as file:
            os.posix_fallocate(file.fileno(), 0, size)
            return np.memmap(file, dtype, "r+", shape=shape)
    except OSError:
        _refuse(size)
