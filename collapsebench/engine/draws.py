"""The data sets of a generation: real, fresh real, synthetic, curated, in the form of the handover."""

from __future__ import annotations

import dataclasses

import jax
from jaxtyping import PyTree

from collapsebench.engine.handover import weighted
from collapsebench.engine.program import Program
from collapsebench.maths.streams import Stream, key_for, key_near, part
from collapsebench.parts.curator import Curator
from collapsebench.parts.data import Batch, Data
from collapsebench.parts.metric import View
from collapsebench.parts.regime import Regime
from collapsebench.specs.pytree import Count, Key, Number, difference


def draw_real(program: Program, key: Key, capacity: Number, n: Number) -> Data:
    """n rows of real data in a set of `capacity` rows, in the form of the handover."""
    return program.transfer.real(key, program.target, program.model, capacity, n)


def draw_key(program: Program, key: Key, stream: Stream, generation: Count) -> Key:
    """Key of the data that a generation draws in a stream: without a hash of its own where they are few numbers."""
    return (key_for if program.transfer.rows else key_near)(key, stream, generation)


def pair(owner: Curator | Regime, method: str, value: PyTree, what: str) -> tuple[PyTree, PyTree]:
    """The two things that a part's method has returned. Raises RequestError if it has not."""
    if not isinstance(value, tuple) or len(value) != 2:
        raise owner.refuse(f"{method} must return {what}, and gives a {type(value).__name__}")
    return value


def _row(x: PyTree) -> PyTree:
    return jax.tree.map(lambda a: jax.ShapeDtypeStruct(a.shape[1:], a.dtype), x)


def reduced(program: Program, data: Data) -> Data:
    """Drawn rows as sufficient statistics where single rows are not needed, so that no pool holds a buffer."""
    return program.model.summary.of(data) if program.reduces and isinstance(data, Batch) else data


def draw_synthetic(
    program: Program, key: Key, view: View, prompts: PyTree, memory: PyTree, capacity: Number, n: Number
) -> tuple[Data, Data, PyTree]:
    """Synthetic data of the model of a view, curated, the same as it is handed over, and the curator's next state."""
    model = program.model
    data = program.transfer.synthetic(key, model, view.params, prompts, capacity, n)
    if not isinstance(data, Batch):
        return data, data, memory
    if isinstance(view.real, Batch) and (why := difference(_row(data.x), _row(view.real.x))):
        raise model.refuse(f"sample gives rows of {why} as the target's")
    if program.curator is None:
        return data, _handed(program, key, view.params, data, n), memory
    curated = dataclasses.replace(view, synthetic=data)
    both = program.curator.weights(part(key, 1), curated, memory)
    weights, memory = pair(program.curator, "weights", both, "(weights, the next state)")
    if why := difference(weights, data.w):
        raise program.curator.refuse(f"weights gives {why} as there are rows")
    data = Batch(data.x, data.w * weights)
    return data, _handed(program, key, view.params, data), memory


def _handed(program: Program, key: Key, params: PyTree, drawn: Batch, n: Number | None = None) -> Data:
    """What the next generation gets of a model's rows: statistics where it needs no more."""
    return program.model.reduce_drawn(part(key, 0), params, drawn, n) if program.reduces else drawn


def draw_parts(
    program: Program, key: Key, view: View, older: tuple[PyTree, ...], prompts: PyTree, memory: PyTree
) -> tuple[Data, Data, PyTree]:
    """Synthetic data of the view's generation, in equal parts from the last models, as in `draw_synthetic`."""
    count = program.regime.models
    capacity, n = program.capacity, program.regime.synthetic_size(program.n, view.generation + 1)
    if count == 1:
        return draw_synthetic(program, key, view, prompts, memory, capacity, n)
    total: tuple[Data, Data] | None = None
    for i in range(count):
        own = dataclasses.replace(view, params=older[i - 1] if i else view.params)
        room, size = program.transfer.share(capacity, n, i, count)
        *more, memory = draw_synthetic(program, part(key, i), own, prompts, memory, room, size)
        total = (more[0], more[1]) if total is None else (total[0].concat(more[0]), total[1].concat(more[1]))
    assert total is not None
    return *total, memory


def draw_fresh(program: Program, key: Key, generation: Count) -> Data | None:
    """Fresh real data of a generation; None where the regime takes none."""
    regime, n = program.regime, program.n
    capacity = regime.fresh_capacity(n)
    if isinstance(capacity, int) and capacity == 0:
        return None
    size = regime.fresh_size(n, generation)
    return reduced(program, draw_real(program, draw_key(program, key, Stream.FRESH, generation), capacity, size))


def real_and_holdout(program: Program, key: Key) -> tuple[Data, Batch]:
    """The real data of a trajectory and its holdout rows, the same in every generation."""
    real = draw_real(program, key_for(key, Stream.REAL), program.n_real, program.n_real)
    x = program.target.sample_holdout(key_for(key, Stream.HOLDOUT), program.holdout)
    return real, weighted(x, program.holdout)


def snapshot(program: Program, key: Key, generation: Count, params: PyTree, first: PyTree, n: int) -> PyTree:
    """n draws from a trajectory's model, for a picture; with its codes in generation 0's model where that is kept."""
    model = program.model
    x = model.picture(key_for(key, Stream.SNAPSHOT, generation), params, program.target, n)
    if model.encodes and program.remembers_first:
        return {"x": x, "code": model.encode(first, x)[0]}
    return x
