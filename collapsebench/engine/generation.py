"""One trajectory: what it needs, the state between its generations, and one generation. It knows the protocols only."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
from jaxtyping import Array

from collapsebench.maths.distributions.roles import population
from collapsebench.maths.sources import Fountain
from collapsebench.maths.streams import Stream, key_for, part
from collapsebench.parts.data import Batch, Data, Handover, Sources, has_rows
from collapsebench.parts.metric import Estimate, View
from collapsebench.specs.errors import RequestError
from collapsebench.specs.pytree import Key, spec, static


@spec
class Program:
    """Everything that one trajectory needs, as a pytree: what is static is compiled, what is a leaf can be swept.

    `n` and `n_real` are a static Size where rows are drawn, and leaves where no sample is ever made.
    """

    target: Any
    model: Any
    regime: Any
    curator: Any
    metrics: Any
    n: Any
    n_real: Any
    holdout: int = static()
    generations: int = static()
    handover: Handover = static()
    warm_start: bool = static()

    @property
    def reduces(self) -> bool:
        """Whether drawn rows are summed up at once: the model asks for no more than their sufficient statistics."""
        return hasattr(self.model, "summary") and not self.regime.needs_samples

    @property
    def capacity(self) -> Any:
        return self.regime.capacity(self.n, self.generations)

    @property
    def remembers_first(self) -> bool:
        """Whether a metric compares with the model of generation 0."""
        return any(metric.needs_first for metric in self.metrics)

    @property
    def columns(self) -> int:
        """Numbers that a generation gives: a metric's, its standard error's, and whether the trajectory has ended."""
        return sum(2 if metric.estimates else 1 for metric in self.metrics) + streams(self.model)


@spec
class Carry:
    """The state of a trajectory between generations: one pytree that can be saved."""

    params: Any
    pool: Any
    synthetic: Any
    models: Any
    prompts: Any
    first: Any
    """parameters of generation 0, where a metric compares with them"""


def _rows(x: Any, n: Any, dtype: Any) -> Batch:
    capacity = jax.tree.leaves(x)[0].shape[0]
    return Batch(x, (jnp.arange(capacity) < n).astype(dtype))


def _distribution_of(target: Any) -> Any:
    return target.distribution() if hasattr(target, "distribution") else None


def has_sampling_law(target: Any, model: Any) -> bool:
    """Whether the model's statistics of real data can be drawn without the data."""
    summary = getattr(model, "summary", None)
    return summary is not None and getattr(_distribution_of(target), "summary", None) == summary


def streams(model: Any) -> bool:
    """Whether a model learns by gradient steps, to which an infinite sample is a stream of fresh draws."""
    return bool(getattr(model, "streams", False))


def draw_real(program: Program, key: Key, capacity: Any, n: Any) -> Data:
    """n rows of real data in a set of `capacity`, in the form that the handover asks for."""
    target, summary = program.target, getattr(program.model, "summary", None)
    distribution = _distribution_of(target)
    if program.handover is Handover.POPULATION and streams(program.model):
        return Sources.of_reality(jax.eval_shape(program.model.init, key), n)
    if program.handover is Handover.POPULATION:
        return population(target if distribution is None else distribution, n, summary, "this target")
    if program.handover is Handover.SUMMARY and has_sampling_law(target, program.model):
        return summary.draw(key, distribution, n)  # type: ignore[union-attr]
    if not isinstance(capacity, int):
        raise RequestError("n: it must be a fixed number where the target has no sampling law of the model's summary")
    return _rows(target.sample(key, int(capacity)), n, jnp.result_type(float))


def reduced(program: Program, data: Data) -> Data:
    """Drawn rows as sufficient statistics where nobody needs the rows, so that no pool holds a buffer."""
    return program.model.summary.of(data) if program.reduces and isinstance(data, Batch) else data


def prompted(model: Any) -> bool:
    """Whether a model draws only when it is given rows to go on from; one that does not say so does not."""
    return bool(getattr(model, "prompted", False))


def draw_rows(program: Program, key: Key, params: Any, n: int, prompts: Any) -> Any:
    """n rows from one model; a prompted model is given the rows of the data set before."""
    if prompted(program.model):
        return program.model.sample(key, params, n, prompts.x)
    return program.model.sample(key, params, n)


def draw_synthetic(program: Program, key: Key, params: Any, prompts: Any, capacity: Any, n: Any) -> Data:
    """What one model hands to the next generation."""
    model, summary = program.model, getattr(program.model, "summary", None)
    if program.handover is Handover.POPULATION and streams(model):
        return Sources.of_model(params, n)
    if program.handover is Handover.POPULATION:
        generator = model.generator(params) if hasattr(model, "generator") else None
        if prompted(model):
            return summary.expect(generator, n, prompts)  # type: ignore[union-attr]
        return population(generator, n, summary, "this model")
    if program.handover is Handover.SUMMARY:
        more = (prompts,) if prompted(model) else ()
        return summary.draw(key, model.generator(params), n, *more)  # type: ignore[union-attr]
    sample_key, curate_key = part(key, 0), part(key, 1)
    batch = _rows(draw_rows(program, sample_key, params, int(capacity), prompts), n, jnp.result_type(float))
    if program.curator is not None:
        keep = program.curator.weights(curate_key, program.target, model, params, batch)
        batch = Batch(batch.x, batch.w * keep)
    return batch


def _split(program: Program, key: Key, carry: Carry, generation: Any) -> Data:
    """The synthetic data of this generation, in equal parts from the last models."""
    models = program.regime.models
    capacity, n = program.capacity, program.regime.synthetic_size(program.n, generation + 1)
    if models == 1:
        return draw_synthetic(program, key, carry.params, carry.prompts, capacity, n)
    if program.handover is Handover.SAMPLES:
        capacity = -(-int(capacity) // models)
    parts = [
        draw_synthetic(
            program, part(key, i), jax.tree.map(lambda a, i=i: a[i], carry.models), carry.prompts,
            capacity, n / models if program.handover is not Handover.SAMPLES else (n - i + models - 1) // models,
        )
        for i in range(models)
    ]  # fmt: skip
    total = parts[0]
    for more in parts[1:]:
        total = total.concat(more)
    return total


def _rows_of(program: Program, synthetic: Any) -> Any:
    """Rows that a pool must have room for per generation: nodes and models are as many as they are, whatever n is."""
    return synthetic.capacity if has_rows(synthetic) else program.capacity


def train_on(program: Program, key: Key, real: Any, carry: Carry, generation: Any) -> tuple[Any, Data]:
    """The pool and the training set of a generation; generation 0 sees the real data."""
    regime = program.regime
    n, fresh = program.n, None
    if not (isinstance(regime.fresh_capacity(n), int) and regime.fresh_capacity(n) == 0):
        size = regime.fresh_size(n, generation)
        drawn = draw_real(program, key_for(key, Stream.FRESH, generation), regime.fresh_capacity(n), size)
        fresh = reduced(program, drawn)
    real = reduced(program, real)

    def later() -> tuple[Any, Data]:
        return regime.update(key_for(key, Stream.REGIME, generation), carry.pool, carry.synthetic, fresh, generation)

    rows = max(real.capacity, jax.eval_shape(later)[1].capacity) if has_rows(real) else 0

    def padded() -> tuple[Any, Data]:
        pool, train = later()
        return pool, train.pad(rows)

    def first() -> tuple[Any, Data]:
        return regime.init(real, program.generations, _rows_of(program, carry.synthetic)), real.pad(rows)

    return jax.lax.cond(generation == 0, first, padded)


def step(program: Program, key: Key, real: Data, holdout: Batch, generation: Any, carry: Carry) -> tuple[Carry, Array]:
    """One generation: train, draw, measure. Returns the next state and the metrics, [columns]."""
    pool, train = train_on(program, key, real, carry, generation)
    start = program.model.init(key_for(key, Stream.INIT, 0 if program.warm_start else generation))
    if program.warm_start:
        start = jax.tree.map(lambda new, old: jnp.where(generation == 0, new, old), start, carry.params)
    params = program.model.fit(key_for(key, Stream.FIT, generation), start, drawable(program, train))
    first: Any = ()
    if program.remembers_first:
        first = jax.tree.map(lambda new, old: jnp.where(generation == 0, new, old), params, carry.first)
    models = carry.models
    if program.regime.models > 1:
        models = jax.tree.map(
            lambda old, new: jnp.where(generation == 0, new, jnp.concatenate([new[None], old[:-1]])), models, params
        )
    prompts: Any = ()
    if prompted(program.model):
        prompts = jax.tree.map(lambda old, new: jnp.where(generation == 0, new, old), carry.prompts, real)
    drawn_from = Carry(params, pool, carry.synthetic, models, prompts, first)
    synthetic = _split(program, key_for(key, Stream.SAMPLE, generation), drawn_from, generation)
    view = View(program.target, program.model, params, train, synthetic, real, holdout, generation, carry.params, first)
    measured = measure(program, key_for(key, Stream.METRIC, generation), view)
    prompts = synthetic if prompted(program.model) else ()
    return Carry(params, pool, reduced(program, synthetic), models, prompts, first), measured


def drawable(program: Program, data: Data) -> Any:
    """The training set as a learner gets it: sources learn here what they draw from."""
    return Fountain(data, program.target, program.model) if isinstance(data, Sources) else data


def measure(program: Program, key: Key, view: View) -> Array:
    """All metrics of one generation in order; an Estimate takes two columns. NaN once a network's training has ended."""
    columns: list[Any] = []
    classes = [type(metric) for metric in program.metrics]
    for i, metric in enumerate(program.metrics):
        value = metric(part(key, classes.index(classes[i]) if metric.common_draws else i), view)
        columns += [value.value, value.standard_error] if isinstance(value, Estimate) else [value]
    row = jnp.stack([jnp.asarray(column, jnp.result_type(float)) for column in columns])
    if not streams(program.model):
        return row
    over = ended(view.params)
    return jnp.append(jnp.where(over, jnp.nan, row), over.astype(row.dtype))


def real_and_holdout(program: Program, key: Key) -> tuple[Data, Batch]:
    """The real data of a trajectory and its holdout rows, the same in every generation."""
    real = draw_real(program, key_for(key, Stream.REAL), program.n_real, program.n_real)
    sample = getattr(program.target, "sample_holdout", program.target.sample)
    x = sample(key_for(key, Stream.HOLDOUT), program.holdout)
    return real, _rows(x, program.holdout, jnp.result_type(float))


def empty_carry(program: Program, key: Key) -> Carry:
    """Shapes of the state, found without computing: a pytree of jax.ShapeDtypeStruct."""

    def initial(key: Key) -> Carry:
        real, _ = real_and_holdout(program, key)
        model = program.model
        prompts = real if prompted(model) else ()
        # Two passes: the parameters' shape follows from the training set's, which follows from a synthetic set's.
        params = model.fit(key, model.init(key), drawable(program, real))
        count = program.regime.models
        models = jax.tree.map(lambda a: jnp.stack([a] * count), params) if count > 1 else ()
        first = params if program.remembers_first else ()
        synthetic = reduced(program, _split(program, key, Carry(params, (), (), models, prompts, first), 0))
        pool = program.regime.init(reduced(program, real), program.generations, _rows_of(program, synthetic))
        carry = Carry(params, pool, synthetic, models, prompts, first)
        train = train_on(program, key, real, carry, jnp.zeros((), jnp.int32))[1]
        params = model.fit(key, model.init(key), drawable(program, train))
        models = jax.tree.map(lambda a: jnp.stack([a] * count), params) if count > 1 else ()
        first = params if program.remembers_first else ()
        return Carry(params, pool, reduced(program, synthetic), models, prompts, first)

    return jax.eval_shape(initial, key)


def ended(params: Any) -> Any:
    """Whether training ended these parameters: one of them is not finite."""
    leaves = [jnp.isfinite(leaf).all() for leaf in jax.tree.leaves(params) if jnp.issubdtype(leaf.dtype, jnp.floating)]
    return ~jnp.stack(leaves).all()
