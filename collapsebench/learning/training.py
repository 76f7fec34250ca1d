"""Training by gradient steps: one loop for every network, its budget and schedule as data."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PyTree

from collapsebench.maths.sources import minibatch
from collapsebench.maths.streams import part
from collapsebench.specs.errors import RequestError, nearest
from collapsebench.specs.pytree import Count, Key, spec, static, within

OPTIMISERS = ("adam", "sgd")
SCHEDULES = ("constant", "cosine", "linear")
PRECISIONS = ("float32", "tensorfloat32", "bfloat16")


@spec
class Training:
    """Training budget and optimiser: `steps` steps on minibatches of `batch` rows.

    rate: step size at its highest. optimiser: "adam" or "sgd". schedule: "constant", or a "cosine" or "linear" decay to
    0 at the last step. warmup: steps over which the rate rises from 0. decay: weight decay (None: none), added to the
    gradient as in Adam with L2, or, if `decoupled`, to the step as in AdamW. clip: largest norm of a gradient (None:
    any). average: share of the running mean of parameters that a step keeps, whose end is what was learned (None: the
    last parameters). precision: of the products, "float32", "tensorfloat32" or "bfloat16"; parameters are float32.
    pieces: the gradient is the mean over so many equal pieces of a minibatch, one after another, which need less memory
    and, where they fit into a processor's cache, less time.
    Sources: Kingma and Ba (2015); Loshchilov and Hutter (2019).
    """

    steps: int = within(200, low=0)
    batch: int = static(64)
    rate: float = within(1e-3, low=0)
    optimiser: str = static("adam")
    schedule: str = static("constant")
    warmup: float = within(0.0, low=0)
    decay: float | None = None
    decoupled: bool = static(False)
    clip: float | None = None
    average: float | None = None
    precision: str = static("float32")
    pieces: int = static(1)

    def check(self) -> None:
        """Raise RequestError for an unknown optimiser, schedule or precision, or a number out of range."""
        for field, known in (("optimiser", OPTIMISERS), ("schedule", SCHEDULES), ("precision", PRECISIONS)):
            if (value := getattr(self, field)) not in known:
                raise RequestError(
                    f"model.training.{field} = {value}: not one of {', '.join(known)}{nearest(str(value), known)}"
                )
        if self.batch < 1:
            raise RequestError(f"model.training.batch = {self.batch}: it must be at least 1")
        if self.pieces < 1 or self.batch % self.pieces:
            raise RequestError(f"model.training.pieces = {self.pieces}: it must divide batch = {self.batch}")

    def rate_at(self, step: Count) -> Float[Array, ""]:
        """Step size at step 0, 1, ..."""
        rate = self.rate * jnp.minimum(1, (step + 1) / jnp.maximum(self.warmup, 1))
        done = step / jnp.maximum(self.steps, 1)
        if self.schedule == "cosine":
            return rate * 0.5 * (1 + jnp.cos(math.pi * done))
        return rate * (1 - done) if self.schedule == "linear" else rate

    def transform(self) -> Any:
        """Optimiser without its step size, an optax.GradientTransformation."""
        import optax

        decay = [] if self.decay is None else [optax.add_decayed_weights(self.decay)]
        return optax.chain(
            *([] if self.clip is None else [optax.clip_by_global_norm(self.clip)]),
            *([] if self.decoupled else decay),
            optax.scale_by_adam() if self.optimiser == "adam" else optax.identity(),
            *(decay if self.decoupled else []),
        )


Loss = Callable[[Any, Key, Any], Any]
"""(params, key, rows) -> the mean loss of the rows."""


def gradient(loss: Loss, training: Training, params: PyTree, key: Key, rows: PyTree) -> tuple[Float[Array, ""], Any]:
    """Loss of a minibatch and its gradient, at the precision and in the pieces of the Training."""

    def low(params: PyTree, key: Key, rows: PyTree) -> PyTree:
        params, rows = jax.tree.map(_halved, (params, rows))
        return loss(params, key, rows).astype(jnp.float32)

    with jax.default_matmul_precision("float32" if training.precision == "bfloat16" else training.precision):
        slope = jax.value_and_grad(low if training.precision == "bfloat16" else loss)
        if training.pieces == 1:
            return slope(params, key, rows)

        def add(total: PyTree, piece: PyTree) -> PyTree:
            found = slope(params, part(key, piece[0]), piece[1])
            return jax.tree.map(lambda a, b: a + b / training.pieces, total, found), None

        count = training.pieces
        pieces = jax.tree.map(lambda a: a.reshape(count, -1, *a.shape[1:]), rows)
        nothing = jax.tree.map(jnp.zeros_like, (jnp.zeros((), jnp.float32), params))
        return jax.lax.scan(add, nothing, (jnp.arange(count), pieces))[0]


def _halved(a: Array) -> Array:
    return a.astype(jnp.bfloat16) if jnp.issubdtype(a.dtype, jnp.floating) else a


def train(key: Key, params: PyTree, loss: Loss, data: PyTree, training: Training) -> PyTree:
    """Parameters after `training.steps` steps on `data`, a Batch or a Fountain.

    A loss that is not finite makes every parameter NaN, and NaN they stay: the trajectory has ended.
    """
    state = begin_training(params, training)
    steps = jnp.asarray(training.steps, jnp.int32)
    return learned(advance_training(key, state, loss, data, training, 0, steps), training)


def begin_training(params: PyTree, training: Training) -> PyTree:
    """State of training before its first step: parameters, the optimiser's state, their running mean or ()."""
    return params, training.transform().init(params), params if training.average is not None else ()


def learned(state: PyTree, training: Training) -> PyTree:
    """Parameters that a state of training has come to."""
    return state[0] if training.average is None else state[2]


def advance_training(
    key: Key, state: PyTree, loss: Loss, data: PyTree, training: Training, start: Count, stop: Count
) -> PyTree:
    """State of training after its steps from `start` to `stop`."""
    transform = training.transform()

    def step(i: Count, carry: PyTree) -> PyTree:
        params, state, mean = carry
        here = part(key, i)
        rows = minibatch(part(here, 0), data, training.batch)
        value, slope = gradient(loss, training, params, part(here, 1), rows)
        change, state = transform.update(slope, state, params)
        rate = jnp.where(jnp.isfinite(value), training.rate_at(i), jnp.nan)
        params = jax.tree.map(lambda p, c: p - (rate * c).astype(p.dtype), params, change)
        if training.average is not None:  # early on a plain mean, so that the start is forgotten
            keep = jnp.minimum(training.average, (1 + i) / (10 + i))
            mean = jax.tree.map(lambda m, p: keep * m + (1 - keep) * p, mean, params)
        return params, state, mean

    return jax.lax.fori_loop(start, stop, step, state)
