"""The loop on the host: one generation at a time, for models that JAX cannot trace or whose generations last minutes."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Iterator
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, PyTree

from collapsebench.engine.calls import together
from collapsebench.engine.cursor import START, Block, Cursor, Lanes
from collapsebench.engine.draws import real_and_holdout, snapshot
from collapsebench.engine.generation import empty_carry, enter, finish, to_learn, training_rows
from collapsebench.engine.loop import set_leaf
from collapsebench.engine.plan import Plan
from collapsebench.engine.program import Carry, Entry, Program
from collapsebench.maths.streams import trajectory_key
from collapsebench.parts.data import Data
from collapsebench.specs.errors import RequestError
from collapsebench.specs.pytree import Count, Key

SECONDS = 5.0
"""How long a piece of a fit should take: a run stops, and goes on, between two of them."""


class CallFailed(RequestError):
    """A part that runs outside of JAX has failed: one line that names the function, the generation and the trajectory.

    result: the Dataset of what was finished, or None.
    """

    result: Any = None


class Host:
    """The engine that runs a generation of one trajectory after another, outside of one compiled program.

    What JAX can trace is compiled piece by piece: the training set, the fit (a network's in pieces of about SECONDS), the
    draws with the metrics. Of a model that is `hosted`, fit, draws and metrics are plain calls.
    """

    def __init__(self, lanes: Lanes) -> None:
        self._lanes = lanes
        self._model = lanes.program.model
        shapes = empty_carry(lanes.program, lanes.root)
        self._empty = jax.tree.map(lambda a: jnp.zeros(a.shape, a.dtype), shapes)

    def plan(self, width: int | None = None, together: bool = False) -> Plan:
        """Sizes of the run: as many lanes at a time as the model has workers, and one generation."""
        return Plan(1, min(self._model.workers, len(self._lanes)), 1)

    def full(self, plan: Plan) -> Cursor:
        """A cursor of arrays with all that one of this run can hold."""
        fit = None
        if self._model.fit_steps():
            own = _Trajectory(self._lanes, 0, self._empty)
            entry = jax.eval_shape(own.enter, 0, self._empty)
            fit = {"state": jax.eval_shape(own.begin_fit, 0, entry), "step": 0}
        return Cursor(state=(self._empty,) * plan.chunk, fit=fit)

    def blocks(self, plan: Plan, cursor: Cursor = START) -> Iterator[Block]:
        """Run the lanes from a cursor on: one generation, or one piece of a fit, of a few lanes after another.

        Raises CallFailed where a function of a hosted model fails.
        """
        total = self._lanes.program.generations
        for low in range(cursor.lane, len(self._lanes), plan.chunk):
            at = cursor if low == cursor.lane else Cursor(low)
            high = min(low + plan.chunk, len(self._lanes))
            own = [_Trajectory(self._lanes, lane, self._empty) for lane in range(low, high)]
            states = tuple(at.state) if at.state is not None else (self._empty,) * len(own)
            for generation in range(at.generation, total):
                where = slice(low, high), slice(generation, generation + 1)
                if self._model.fit_steps():
                    entry = own[0].enter(generation, states[0])
                    fit = at.fit if generation == at.generation else None
                    for fit in own[0].pieces(generation, entry, fit):  # noqa: B020
                        between = Cursor(low, generation, states if generation else None, fit)
                        yield Block(where[0], slice(generation, generation), [], states, between)
                    done = [own[0].finish(generation, entry, own[0].end_fit(generation, entry, fit), states[0])]
                else:
                    whole = [partial(t.whole, generation, state) for t, state in zip(own, states, strict=True)]
                    done = together(whole)
                states = tuple(carry for carry, _ in done)
                kept = tuple(map(self._kept, states))
                after = Cursor(high) if generation + 1 == total else Cursor(low, generation + 1, kept)
                measured = np.stack([np.asarray(row) for _, row in done], axis=1)[..., None]
                recorded = self._lanes.program.recorded_in(generation, generation + 1)
                yield Block(*where, [measured[..., recorded]], states, after)
                states = kept

    def _kept(self, carry: Carry) -> Carry:
        """The state without parameters that nothing after this generation needs and that could not be saved."""
        if self._model.saves or self._lanes.program.warm_start:
            return carry
        return dataclasses.replace(carry, params=None)

    def draw(self, block: Block, rows: int, n: int) -> PyTree:
        """n draws of each model of a block, after its last generation, of the lanes below `rows`: [lanes, n, ...]."""
        generation = block.generations.stop - 1
        each: list[PyTree] = []
        for lane, carry in enumerate(block.carry, block.lanes.start):
            if lane >= rows:
                break
            key = trajectory_key(self._lanes.root, self._lanes.index[lane])
            each.append(snapshot(self._lanes.program, key, generation, carry.params, carry.first, n))
        return jax.tree.map(lambda *a: np.stack([np.asarray(b) for b in a]), *each)


class _Trajectory:
    """One lane: its program, its real data, and the stages of its generations."""

    def __init__(self, lanes: Lanes, lane: int, empty: Carry) -> None:
        self._program = lanes.program
        for path, values in lanes.swept.items():
            self._program = set_leaf(self._program, path, jnp.asarray(values[lane]))
        self._number = int(lanes.index[lane])
        self._key = trajectory_key(lanes.root, self._number)
        self._real, self._holdout = _real_and_holdout(self._program, self._key)

    def enter(self, generation: int, carry: Carry) -> Entry:
        """Training set and what else the generation starts from."""
        hosted = self._program.model.hosted
        program = dataclasses.replace(self._program, warm_start=False) if hosted else self._program
        traced = dataclasses.replace(carry, params=None, older=(), first=None) if hosted else carry
        entry = _enter(program, self._key, self._real, jnp.int32(generation), traced)
        return dataclasses.replace(entry, start=carry.params) if hosted and self._program.warm_start else entry

    def begin_fit(self, generation: int, entry: Entry) -> PyTree:
        """State of a fit that can be cut, before its first step."""
        return _begin_fit(self._program, self._key, jnp.int32(generation), entry)

    def pieces(self, generation: int, entry: Entry, fit: PyTree) -> Iterator[PyTree]:
        """The fit's steps, from those of `fit` on (None: the first), in pieces; gives the state after each."""
        fit = {"state": self.begin_fit(generation, entry), "step": 0} if fit is None else fit
        steps, count = self._program.model.fit_steps(), 1
        while fit["step"] < steps:
            stop = min(int(fit["step"]) + count, steps)
            begun = time.perf_counter()
            bounds = jnp.int32(fit["step"]), jnp.int32(stop)
            state = _go_on(self._program, self._key, jnp.int32(generation), entry, fit["state"], *bounds)
            jax.block_until_ready(state)
            count = max(1, int(SECONDS * (stop - fit["step"]) / max(time.perf_counter() - begun, 1e-6)))
            fit = {"state": state, "step": stop}
            yield fit

    def end_fit(self, generation: int, entry: Entry, fit: PyTree) -> PyTree:
        """Parameters that a fit has come to after its last step."""
        return _end_fit(self._program, self._key, jnp.int32(generation), entry, fit["state"])

    def finish(self, generation: int, entry: Entry, params: PyTree, carry: Carry) -> tuple[Carry, Array]:
        """Draws and metrics: the next state and a row of numbers."""
        data = self._real, self._holdout
        if self._program.model.hosted:
            return finish(self._program, self._key, *data, generation, entry, params, carry)
        return _finish(self._program, self._key, *data, jnp.int32(generation), entry, params, carry)

    def whole(self, generation: int, carry: Carry) -> tuple[Carry, Array]:
        """A whole generation: the next state and a row of numbers."""
        try:
            entry = self.enter(generation, carry)
            if self._program.model.hosted:
                params = self._program.model.fit(*to_learn(self._program, self._key, generation, entry))
            else:
                params = _learn(self._program, self._key, jnp.int32(generation), entry)
            return self.finish(generation, entry, params, carry)
        except RequestError as error:
            if not self._program.model.hosted:
                raise
            raise CallFailed(f"{error} (generation {generation} of trajectory {self._number})") from error


_real_and_holdout = jax.jit(real_and_holdout)
_finish = jax.jit(finish)


@jax.jit
def _enter(program: Program, key: Key, real: Data, generation: Count, carry: Carry) -> Entry:
    return enter(program, key, real, generation, carry, training_rows(program, key, real, carry.synthetic))


@jax.jit
def _learn(program: Program, key: Key, generation: Count, entry: Entry) -> PyTree:
    return program.model.fit(*to_learn(program, key, generation, entry))


@jax.jit
def _begin_fit(program: Program, key: Key, generation: Count, entry: Entry) -> PyTree:
    return program.model.fit_start(*to_learn(program, key, generation, entry))


@jax.jit
def _go_on(
    program: Program, key: Key, generation: Count, entry: Entry, state: PyTree, start: Count, stop: Count
) -> PyTree:
    fit_key, _, data = to_learn(program, key, generation, entry)
    return program.model.fit_piece(fit_key, state, data, start, stop)


@jax.jit
def _end_fit(program: Program, key: Key, generation: Count, entry: Entry, state: PyTree) -> PyTree:
    fit_key, _, data = to_learn(program, key, generation, entry)
    return program.model.fit_end(fit_key, state, data)
