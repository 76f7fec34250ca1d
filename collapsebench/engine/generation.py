"""One trajectory: its program, its state between generations, and the step of one generation."""

from __future__ import annotations

import dataclasses
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
    """The state of a trajectory between generations: one pytree that can be saved; () for what nothing reads.

    models: the last `regime.models` ones, the newest first. prompts: the last data set, for a model that goes on from
    it. first: the parameters of generation 0. memory: the curator's.
    """

    params: PyTree
    pool: PyTree
    synthetic: PyTree
    models: PyTree
    prompts: PyTree
    first: PyTree
    memory: PyTree


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
    program: Program, key: Key, view: View, models: PyTree, prompts: PyTree, memory: PyTree
) -> tuple[Data, PyTree]:
    """Synthetic data of the view's generation, in equal parts from the last models, and the curator's next state."""
    count = program.regime.models
    capacity, n = program.capacity, program.regime.synthetic_size(program.n, view.generation + 1)
    if count == 1:
        return draw_synthetic(program, key, view, prompts, memory, capacity, n)
    total: Data | None = None
    for i in range(count):
        own: Any = dataclasses.replace(view, params=jax.tree.map(lambda a, i=i: a[i], models))
        room, size = program.transfer.share(capacity, n, i, count)
        more, memory = draw_synthetic(program, part(key, i), own, prompts, memory, room, size)
        total = more if total is None else total.concat(more)
    assert total is not None
    return total, memory


def _rows_of(program: Program, synthetic: PyTree) -> Number:
    """Rows that a pool reserves per generation: the synthetic set's capacity if it has rows, else the program's."""
    return synthetic.capacity if has_rows(synthetic) else program.capacity


def train_on(program: Program, key: Key, real: PyTree, carry: Carry, generation: Count) -> tuple[PyTree, Data]:
    """The pool and the training set of a generation; generation 0 sees the real data."""
    regime = program.regime
    n, fresh = program.n, None
    if not (isinstance(regime.fresh_capacity(n), int) and regime.fresh_capacity(n) == 0):
        size = regime.fresh_size(n, generation)
        drawn = draw_real(program, key_for(key, Stream.FRESH, generation), regime.fresh_capacity(n), size)
        fresh = reduced(program, drawn)
    real = reduced(program, real)

    def later() -> tuple[PyTree, Data]:
        both = regime.update(key_for(key, Stream.REGIME, generation), carry.pool, carry.synthetic, fresh, generation)
        return _pair(regime, "update", both, "(pool, training set)")

    pool, train = jax.eval_shape(later)
    rows = max(real.capacity, train.capacity) if has_rows(real) else 0

    def padded() -> tuple[PyTree, Data]:
        pool, train = later()
        return pool, train.pad(rows)

    def first() -> tuple[PyTree, Data]:
        return regime.init(real, program.generations, _rows_of(program, carry.synthetic)), real.pad(rows)

    if why := difference(pool, jax.eval_shape(first)[0]):
        raise regime.refuse(f"update gives a pool of {why} as init does")
    return jax.lax.cond(generation == 0, first, padded)


def step(
    program: Program, key: Key, real: Data, holdout: Batch, generation: Count, carry: Carry
) -> tuple[Carry, Array]:
    """One generation: train, draw, measure. Returns the next state and the metrics, [columns]."""
    model = program.model

    def at_first(new: PyTree, old: PyTree) -> PyTree:
        return jax.tree.map(lambda a, b: jnp.where(generation == 0, a, b), new, old)

    pool, train = train_on(program, key, real, carry, generation)
    start = model.init(key_for(key, Stream.INIT, 0 if program.warm_start else generation))
    if program.warm_start:
        start = at_first(start, carry.params)
    params = model.fit(key_for(key, Stream.FIT, generation), start, drawable(program, train))
    first: PyTree = at_first(params, carry.first) if program.remembers_first else ()
    models = carry.models
    if program.regime.models > 1:
        models = jax.tree.map(
            lambda old, new: jnp.where(generation == 0, new, jnp.concatenate([new[None], old[:-1]])), models, params
        )
    prompts = at_first(real, carry.prompts) if model.prompted else ()
    memory = carry.memory
    if program.curator is not None:
        memory = at_first(program.curator.init(key_for(key, Stream.CURATE)), memory)
    view = View(program.target, model, params, train, (), real, holdout, generation, carry.params, first)
    synthetic, memory = draw_parts(program, key_for(key, Stream.SAMPLE, generation), view, models, prompts, memory)
    view = dataclasses.replace(view, synthetic=synthetic)
    measured = measure(program, key_for(key, Stream.METRIC, generation), view)
    prompts = synthetic if model.prompted else ()
    return Carry(params, pool, reduced(program, synthetic), models, prompts, first, memory), measured


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
    if not program.model.streams:  # a fit that failed is no number in any metric
        failed = [
            jnp.isnan(leaf).any() for leaf in jax.tree.leaves(view.params) if jnp.issubdtype(leaf.dtype, jnp.floating)
        ]
        return jnp.where(jnp.stack(failed).any(), jnp.nan, row) if failed else row
    over = program.model.ended(view.params)
    return jnp.append(jnp.where(over, jnp.nan, row), over.astype(row.dtype))


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

    def initial(key: Key) -> Carry:
        real, holdout = real_and_holdout(program, key)
        model, count = program.model, program.regime.models
        prompts = real if model.prompted else ()
        memory = () if program.curator is None else program.curator.init(key)

        def fitted(data: Data) -> tuple[PyTree, PyTree, PyTree]:
            params = model.fit(key, model.init(key), drawable(program, data))
            models = jax.tree.map(lambda a: jnp.stack([a] * count), params) if count > 1 else ()
            return params, models, params if program.remembers_first else ()

        params, models, first = fitted(real)
        zero = jnp.zeros((), jnp.int32)
        view = View(program.target, model, params, real, (), real, holdout, zero, params, first)
        drawn, memory = draw_parts(program, key, view, models, prompts, memory)
        synthetic = reduced(program, drawn)
        pool = program.regime.init(reduced(program, real), program.generations, _rows_of(program, synthetic))
        carry = Carry(params, pool, synthetic, models, prompts, first, memory)
        train = train_on(program, key, real, carry, zero)[1]
        if not _same_shapes(train, reduced(program, real)):  # of parameters that are rows, as a kernel density's are
            params, models, first = fitted(train)
        if program.warm_start and (why := difference(params, model.init(key))):
            raise model.refuse(f"fit gives parameters of {why} as init does, and warm_start goes on from them")
        return Carry(params, pool, synthetic, models, prompts, first, memory)

    return jax.eval_shape(initial, key)
