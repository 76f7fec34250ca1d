"""One trajectory: its program, its state between generations, and the step of one generation."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PyTree

from collapsebench.engine.handover import Transfer, weighted
from collapsebench.maths.sources import Fountain
from collapsebench.maths.streams import Stream, key_for, part
from collapsebench.parts.curator import Curator
from collapsebench.parts.data import Batch, Data, Sources, has_rows
from collapsebench.parts.metric import Estimate, Metric, View
from collapsebench.parts.model import Model
from collapsebench.parts.regime import Regime
from collapsebench.parts.target import Target
from collapsebench.specs.pytree import Count, Key, Number, difference, spec, static


@spec
class Program:
    """Inputs of a trajectory as a pytree: static fields are compiled in, leaves can be swept.

    `n` and `n_real` are a static Size where rows are drawn, and leaves where no sample is ever made.
    """

    target: Target
    model: Model
    regime: Regime
    curator: Curator | None
    metrics: tuple[Metric, ...]
    n: Number
    n_real: Any
    holdout: int = static()
    generations: int = static()
    transfer: Transfer = static()
    warm_start: bool = static()

    @property
    def reduces(self) -> bool:
        """Whether drawn rows are reduced at once to sufficient statistics, which are all that the model needs."""
        return self.model.summary is not None and not self.regime.needs_samples

    @property
    def capacity(self) -> Number:
        """Rows of the largest synthetic set."""
        return self.regime.capacity(self.n, self.generations)

    @property
    def remembers_first(self) -> bool:
        """Whether a metric compares with the model of generation 0."""
        return any(metric.needs_first for metric in self.metrics)

    @property
    def columns(self) -> int:
        """Number of columns of a generation: metrics, their standard errors, and whether the trajectory has ended."""
        return sum(2 if metric.estimates else 1 for metric in self.metrics) + self.model.streams


@spec
class Carry:
    """The state of a trajectory between generations, a pytree that can be saved; None for what nothing reads.

    params: of the last fit. pool: the regime's. synthetic: the last synthetic set, as the pool takes it. older: the
    models before the last, newest first, for a regime that draws from several. prompts: the last data set, for
    a model that continues it. first: the parameters of generation 0. memory: the curator's.
    """

    params: PyTree
    pool: PyTree
    synthetic: Data
    older: tuple[PyTree, ...] = ()
    prompts: Data | None = None
    first: PyTree | None = None
    memory: PyTree | None = None


@spec
class Entry:
    """What a generation starts from: pool, training set, prompts, the curator's state, and parameters for a warm start."""

    pool: PyTree
    train: Data
    prompts: Data | None
    memory: PyTree | None
    start: PyTree | None


def draw_real(program: Program, key: Key, capacity: Number, n: Number) -> Data:
    """n rows of real data in a set of `capacity` rows, in the form of the handover."""
    return program.transfer.real(key, program.target, program.model, capacity, n)


def _pair(owner: Curator | Regime, method: str, value: PyTree, what: str) -> tuple[PyTree, PyTree]:
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
) -> tuple[Data, PyTree]:
    """Synthetic data that the model of a view hands over, curated, and the curator's next state."""
    model = program.model
    data = program.transfer.synthetic(key, model, view.params, prompts, capacity, n)
    if not isinstance(data, Batch):
        return data, memory
    if isinstance(view.real, Batch) and (why := difference(_row(data.x), _row(view.real.x))):
        raise model.refuse(f"sample gives rows of {why} as the target's")
    if program.curator is None:
        return data, memory
    curated = dataclasses.replace(view, synthetic=data)
    both = program.curator.weights(part(key, 1), curated, memory)
    weights, memory = _pair(program.curator, "weights", both, "(weights, the next state)")
    if why := difference(weights, data.w):
        raise program.curator.refuse(f"weights gives {why} as there are rows")
    return Batch(data.x, data.w * weights), memory


def draw_parts(
    program: Program, key: Key, view: View, older: tuple[PyTree, ...], prompts: PyTree, memory: PyTree
) -> tuple[Data, PyTree]:
    """Synthetic data of the view's generation, in equal parts from the last models, and the curator's next state."""
    count = program.regime.models
    capacity, n = program.capacity, program.regime.synthetic_size(program.n, view.generation + 1)
    if count == 1:
        return draw_synthetic(program, key, view, prompts, memory, capacity, n)
    total: Data | None = None
    for i in range(count):
        own = dataclasses.replace(view, params=older[i - 1] if i else view.params)
        room, size = program.transfer.share(capacity, n, i, count)
        more, memory = draw_synthetic(program, part(key, i), own, prompts, memory, room, size)
        total = more if total is None else total.concat(more)
    assert total is not None
    return total, memory


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


def draw_fresh(program: Program, key: Key, generation: Count) -> Data | None:
    """Fresh real data of a generation; None where the regime takes none."""
    regime, n = program.regime, program.n
    capacity = regime.fresh_capacity(n)
    if isinstance(capacity, int) and capacity == 0:
        return None
    size = regime.fresh_size(n, generation)
    return reduced(program, draw_real(program, key_for(key, Stream.FRESH, generation), capacity, size))


def step(program: Program, key: Key, carry: Carry, fresh: Data | None, generation: Count, rows: int) -> Entry:
    """Entry of a later generation: what the regime makes of the pool, the synthetic and the fresh real data."""
    regime = program.regime
    both = regime.update(key_for(key, Stream.REGIME, generation), carry.pool, carry.synthetic, fresh, generation)
    pool, train = _pair(regime, "update", both, "(pool, training set)")
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


def learn(program: Program, key: Key, generation: Count, entry: Entry) -> PyTree:
    """Parameters of the model fitted to an entry's training set."""
    return program.model.fit(*to_learn(program, key, generation, entry))


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
    sample_key = key_for(key, Stream.SAMPLE, generation)
    synthetic, memory = draw_parts(program, sample_key, view, older, entry.prompts, entry.memory)
    view = dataclasses.replace(view, synthetic=synthetic)
    measured = measure(program, key_for(key, Stream.METRIC, generation), view)
    prompts = synthetic if model.prompted else None
    older = (params, *older)[:count]
    return Carry(params, entry.pool, reduced(program, synthetic), older, prompts, first, memory), measured


def enter(program: Program, key: Key, real: Data, generation: Count, carry: Carry, rows: int) -> Entry:
    """Entry of a generation, the first or a later one. carry: the state before; of generation 0 its shapes."""
    data, room = reduced(program, real), reserved(program, carry.synthetic)
    fresh = draw_fresh(program, key, generation)
    return chosen(
        generation,
        lambda: begin(program, key, real, data, room, rows),
        lambda: step(program, key, carry, fresh, generation, rows),
    )


def generate(
    program: Program, key: Key, real: Data, holdout: Batch, generation: Count, carry: Carry
) -> tuple[Carry, Array]:
    """One generation of a compiled loop, the first or a later one. Returns the next state and the metrics."""
    entry = enter(program, key, real, generation, carry, training_rows(program, key, real, carry.synthetic))
    params = learn(program, key, generation, entry)
    return finish(program, key, real, holdout, generation, entry, params, carry)


def chosen(generation: Count, first: Callable[[], PyTree], later: Callable[[], PyTree]) -> PyTree:
    """`first()` in generation 0, else `later()`: Python's branch for a number, the program's for a traced one."""
    if isinstance(generation, int):
        return later() if generation else first()
    return jax.lax.cond(generation == 0, first, later)


def drawable(program: Program, data: Data) -> PyTree:
    """The training set as `fit` takes it: Sources become a Fountain over target and model."""
    return Fountain(data, program.target, program.model) if isinstance(data, Sources) else data


def measure(program: Program, key: Key, view: View) -> Float[Array, " columns"]:
    """All metrics of one generation in order; an Estimate takes two columns. NaN once a network's training has ended."""
    columns: list[Any] = []
    classes = [type(metric) for metric in program.metrics]
    for i, metric in enumerate(program.metrics):
        value = metric(part(key, classes.index(classes[i]) if metric.common_draws else i), view)
        wanted = jax.tree.map(lambda _: 0.0, value) if isinstance(value, Estimate) else 0.0
        if why := difference(value, wanted):
            raise metric.refuse(f"it gives {why}: one number a generation")
        columns += [value.value, value.standard_error] if isinstance(value, Estimate) else [value]
    row = jnp.stack([jnp.asarray(column, jnp.result_type(float)) for column in columns])
    if not program.model.streams:
        return row
    over = program.model.ended(view.params)
    return jnp.append(jnp.where(over, jnp.nan, row), over.astype(row.dtype))


def snapshot(program: Program, key: Key, generation: Count, params: PyTree, first: PyTree, n: int) -> PyTree:
    """n draws from a trajectory's model, for a picture; with its codes in generation 0's model where that is kept."""
    model = program.model
    x = model.sample(key_for(key, Stream.SNAPSHOT, generation), params, n)
    if model.encodes and program.remembers_first:
        return {"x": x, "code": model.encode(first, x)[0]}
    return x


def real_and_holdout(program: Program, key: Key) -> tuple[Data, Batch]:
    """The real data of a trajectory and its holdout rows, the same in every generation."""
    real = draw_real(program, key_for(key, Stream.REAL), program.n_real, program.n_real)
    x = program.target.sample_holdout(key_for(key, Stream.HOLDOUT), program.holdout)
    return real, weighted(x, program.holdout)


def _same_shapes(first: PyTree, second: PyTree) -> bool:
    def shapes(tree: PyTree) -> list[tuple[int, ...]]:
        return [leaf.shape for leaf in jax.tree.leaves(tree)]

    return shapes(first) == shapes(second)


def empty_carry(program: Program, key: Key) -> Carry:
    """Shapes of the state as a pytree of jax.ShapeDtypeStruct, by abstract evaluation."""
    model, count = program.model, program.regime.models - 1

    def initial(key: Key) -> Carry:
        real, holdout = real_and_holdout(program, key)
        zero = jnp.zeros((), jnp.int32)
        memory = None if program.curator is None else program.curator.init(key)
        prompts = real if model.prompted else None
        params = () if model.hosted else learn(program, key, zero, Entry((), real, prompts, memory, None))
        first = params if program.remembers_first else None
        view = View(program.target, model, params, real, (), real, holdout, zero, params, first)
        if model.hosted:  # which cannot be traced; its rows are like the target's
            params, drawn = None, program.transfer.stand_in(key, program.target, program.capacity, count + 1)
        else:
            drawn, memory = draw_parts(program, key, view, (params,) * count, prompts, memory)
        synthetic = reduced(program, drawn)
        rows, room = training_rows(program, key, real, synthetic), reserved(program, synthetic)
        entry = begin(program, key, real, reduced(program, real), room, rows)
        if not model.hosted and not _same_shapes(
            entry.train, reduced(program, real)
        ):  # of parameters that are rows, as a kernel density's
            params = learn(program, key, zero, entry)
        if program.warm_start and not model.hosted and (why := difference(params, model.init(key))):
            raise model.refuse(f"fit gives parameters of {why} as init does, and warm_start goes on from them")
        first = params if program.remembers_first else None
        return Carry(params, entry.pool, synthetic, (params,) * count, prompts, first, memory)

    return jax.eval_shape(initial, key)
