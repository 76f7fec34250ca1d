"""One generation of a trajectory: enter by `begin` or `step`, learn, finish."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, PyTree

from collapsebench.engine.draws import draw_fresh, draw_key, draw_parts, pair, real_and_holdout, reduced
from collapsebench.engine.program import Carry, Entry, Program
from collapsebench.maths.sources import Fountain
from collapsebench.maths.streams import Stream, key_for, part
from collapsebench.parts.checks import asking
from collapsebench.parts.data import Batch, Data, Sources, as_matrix, has_rows
from collapsebench.parts.metric import Estimate, View
from collapsebench.specs.pytree import Count, Key, Number, difference

GRID = 8.0
"""Rounding errors of the mean in a standard deviation below which rows are too coarse: rounding then adds 1 / (12 GRID^2),
.13%, to the variance in every generation."""
WATCHED = 32
"""Rows whose spread is watched: it is known to 13%."""
NEVER = -1
"""In place of the first generation whose rows are too coarse, where none is."""


def reserved(program: Program, synthetic: Data) -> Number:
    """Rows that a pool reserves for a synthetic set like this one: its capacity if it has rows, else the program's."""
    return synthetic.capacity if has_rows(synthetic) else program.capacity


def begin(program: Program, key: Key, real: Data, data: Data, room: Number, rows: int) -> Entry:
    """Entry of generation 0: the real data in a buffer of `rows` rows, and the state that the parts begin with.

    data: the real data, `reduced`. room: what a pool reserves for a synthetic set.
    """
    model, curator = program.model, program.curator
    return Entry(
        pool=program.regime.init(data, program.generations, room),
        train=_padded(data, rows),
        prompts=real if model.prompted else None,
        memory=None if curator is None else curator.init(key_for(key, Stream.CURATE)),
        start=model.init(key_for(key, Stream.INIT)) if program.warm_start else None,
    )


def step(program: Program, key: Key, carry: Carry, fresh: Data | None, generation: Count, rows: int) -> Entry:
    """Entry of a later generation: what the regime makes of the pool, the synthetic and the fresh real data."""
    regime = program.regime
    both = regime.update(key_for(key, Stream.REGIME, generation), carry.pool, carry.synthetic, fresh, generation)
    pool, train = pair(regime, "update", both, "(pool, training set)")
    start = carry.params if program.warm_start else None
    return Entry(pool, _padded(train, rows), carry.prompts, carry.memory, start)


def _padded(data: Data, rows: int) -> Data:
    return data.pad(rows) if rows else data


def training_rows(program: Program, key: Key, real: Data, synthetic: Data) -> int:
    """Rows of a buffer for the real data and for every later training set; 0 where training sets are no buffers.

    Raises RequestError for a regime whose `update` gives a pool of another form than `init`.
    """

    def two(real: Data, synthetic: Data) -> tuple[Data, PyTree, PyTree, Data]:
        first = begin(program, key, real, reduced(program, real), reserved(program, synthetic), 0)
        cold = dataclasses.replace(program, warm_start=False)
        fresh, one = draw_fresh(program, key, jnp.int32(1)), jnp.int32(1)
        second = step(cold, key, Carry((), first.pool, synthetic), fresh, one, 0)
        return first.train, first.pool, second.pool, second.train

    first, pool, later, second = jax.eval_shape(two, real, synthetic)
    if why := difference(later, pool):
        raise program.regime.refuse(f"update gives a pool of {why} as init does")
    return max(first.capacity, second.capacity) if has_rows(first) else 0


def to_learn(program: Program, key: Key, generation: Count, entry: Entry) -> tuple[Key, PyTree, PyTree]:
    """Arguments of `fit`: key, initial parameters, training set; Sources become a Fountain over target and model."""
    model, data = program.model, entry.train
    start = model.init(key_for(key, Stream.INIT, generation)) if entry.start is None else entry.start
    return key_for(key, Stream.FIT, generation), start, drawable(program, data)


def finish(
    program: Program,
    key: Key,
    real: Data,
    holdout: Batch,
    generation: Count,
    entry: Entry,
    params: PyTree,
    carry: Carry,
) -> tuple[Carry, Array]:
    """Draw from the fitted model and measure. Returns the state for the next generation and the metrics, [columns].

    carry: the state before; of no use in generation 0.
    """
    model, count, first = program.model, program.regime.models - 1, None
    older = chosen(generation, lambda: (params,) * count, lambda: carry.older) if count else ()
    if program.remembers_first:
        first = chosen(generation, lambda: params, lambda: carry.first)
    view = View(program.target, model, params, entry.train, (), real, holdout, generation, carry.params, first)
    sample_key = draw_key(program, key, Stream.SAMPLE, generation)
    synthetic, handed, memory = draw_parts(program, sample_key, view, older, entry.prompts, entry.memory)
    view = dataclasses.replace(view, synthetic=synthetic)
    measured = where_recorded(
        program, generation, lambda: measure(program, key_for(key, Stream.METRIC, generation), view)
    )
    prompts = synthetic if model.prompted else None
    older = (params, *older)[:count]
    past = None
    if program.watches:
        earlier = chosen(generation, lambda: jnp.int32(NEVER), lambda: carry.past)
        now = coarse(synthetic) & ~coarse(real)
        past = jnp.where((earlier == NEVER) & now.any(), jnp.asarray(generation, jnp.int32), earlier)
    return Carry(params, entry.pool, handed, older, prompts, first, memory, past), measured


def coarse(data: Data) -> Bool[Array, " d"]:
    """By column of rows [capacity, d], whether the spread of the first WATCHED is within GRID rounding errors of the mean.

    The first ones, because sums over all made a compiled loop draw all of them once more: a kernel density's took 2.5
    times as long.
    """
    assert isinstance(data, Batch)
    x, w = as_matrix(data.x)[:WATCHED].T, data.w[:WATCHED]
    total = jnp.maximum(w.sum(), 1)
    mean = (w[None] * x).sum(axis=1) / total
    spread = jnp.sqrt((w[None] * (x - mean[:, None]) ** 2).sum(axis=1) / total)
    return spread < GRID * jnp.finfo(x.dtype).eps * jnp.abs(mean)


def enter(program: Program, key: Key, real: Data, generation: Count, carry: Carry, rows: int) -> Entry:
    """Entry of a generation, the first or a later one. carry: the state before; of generation 0 its shapes."""
    room = reserved(program, carry.synthetic)
    fresh = draw_fresh(program, key, generation)
    return chosen(  # the real data are reduced in generation 0 alone: not every compiler moves that out of the loop
        generation,
        lambda: begin(program, key, real, reduced(program, real), room, rows),
        lambda: step(program, key, carry, fresh, generation, rows),
    )


def generate(
    program: Program, key: Key, real: Data, holdout: Batch, generation: Count, carry: Carry
) -> tuple[Carry, Array]:
    """One generation of a compiled loop, the first or a later one. Returns the next state and the metrics."""
    entry = enter(program, key, real, generation, carry, training_rows(program, key, real, carry.synthetic))
    params = program.model.fit(*to_learn(program, key, generation, entry))
    return finish(program, key, real, holdout, generation, entry, params, carry)


def chosen(generation: Count, first: Callable[[], PyTree], later: Callable[[], PyTree]) -> PyTree:
    """`first()` in generation 0, else `later()`: Python's branch for a number, the program's for a traced one."""
    if isinstance(generation, int):
        return later() if generation else first()
    return jax.lax.cond(generation == 0, first, later)


def where_recorded(program: Program, generation: Count, measured: Callable[[], Array]) -> Array:
    """`measured()`, the metrics of a generation, or zeros where its generation is not recorded."""
    if program.recorded is None:
        return measured()
    zeros = lambda: jnp.zeros(program.columns, jnp.result_type(float))  # noqa: E731
    if isinstance(generation, int):
        return measured() if program.recorded[generation] else zeros()
    return jax.lax.cond(jnp.asarray(program.recorded)[generation], measured, zeros)


def drawable(program: Program, data: Data) -> PyTree:
    """The training set as `fit` takes it: Sources become a Fountain over target and model."""
    return Fountain(data, program.target, program.model) if isinstance(data, Sources) else data


def measure(program: Program, key: Key, view: View) -> Float[Array, " columns"]:
    """All metrics of one generation in order; an Estimate takes two columns. NaN once a network's training has ended."""
    columns: list[Any] = []
    classes = [type(metric) for metric in program.metrics]
    for i, metric in enumerate(program.metrics):
        with asking(metric):
            value = metric(part(key, classes.index(classes[i]) if metric.common_draws else i), view)
        wanted = jax.tree.map(lambda _: 0.0, value) if isinstance(value, Estimate) else 0.0
        if why := difference(value, wanted):
            raise metric.refuse(f"it gives {why}: one number a generation")
        columns += [value.value, value.standard_error] if isinstance(value, Estimate) else [value]
    row = jnp.stack([jnp.asarray(column, jnp.result_type(float)) for column in columns])
    if program.model.hosted:
        return row
    if not program.model.streams:  # a fit that failed is no number in any metric
        failed = [
            jnp.isnan(leaf).any() for leaf in jax.tree.leaves(view.params) if jnp.issubdtype(leaf.dtype, jnp.floating)
        ]
        return jnp.where(jnp.stack(failed).any(), jnp.nan, row) if failed else row
    over = program.model.ended(view.params)
    return jnp.append(jnp.where(over, jnp.nan, row), over.astype(row.dtype))


def _same_shapes(first: PyTree, second: PyTree) -> bool:
    def shapes(tree: PyTree) -> list[tuple[int, ...]]:
        return [leaf.shape for leaf in jax.tree.leaves(tree)]

    return shapes(first) == shapes(second)


def empty_carry(program: Program, key: Key) -> Carry:
    """Shapes of the state as a pytree of jax.ShapeDtypeStruct, by abstract evaluation, once for programs of one shape."""
    return _initial.eval_shape(program, key)


@jax.jit
def _initial(program: Program, key: Key) -> Carry:
    """The state before generation 1, for its shapes alone."""
    model, count = program.model, program.regime.models - 1
    real, holdout = real_and_holdout(program, key)
    zero = jnp.zeros((), jnp.int32)
    memory = None if program.curator is None else program.curator.init(key)
    prompts = real if model.prompted else None
    entry = Entry((), real, prompts, memory, None)
    params = () if model.hosted else model.fit(*to_learn(program, key, zero, entry))
    first = params if program.remembers_first else None
    view = View(program.target, model, params, real, (), real, holdout, zero, params, first)
    if model.hosted:  # which cannot be traced; its rows are like the target's
        drawn = program.transfer.stand_in(key, program.target, program.capacity, count + 1)
        params, synthetic = None, reduced(program, drawn)
    else:
        _, synthetic, memory = draw_parts(program, key, view, (params,) * count, prompts, memory)
    rows, room = training_rows(program, key, real, synthetic), reserved(program, synthetic)
    entry = begin(program, key, real, reduced(program, real), room, rows)
    if not model.hosted and not _same_shapes(
        entry.train, reduced(program, real)
    ):  # of parameters that are rows, as a kernel density's
        params = model.fit(*to_learn(program, key, zero, entry))
    if program.warm_start and not model.hosted and (why := difference(params, model.init(key))):
        raise model.refuse(f"fit gives parameters of {why} as init does, and warm_start goes on from them")
    first = params if program.remembers_first else None
    past = zero if program.watches else None
    return Carry(params, entry.pool, synthetic, (params,) * count, prompts, first, memory, past)
