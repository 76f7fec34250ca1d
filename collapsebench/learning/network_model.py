"""Base of the models that learn by gradient steps: training, initial parameters, exact learner, dials."""

from __future__ import annotations

import dataclasses
from typing import Any, ClassVar, Self

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, PyTree

from collapsebench.learning.training import Training, advance_training, begin_training, learned
from collapsebench.parts.model import Dials, Model
from collapsebench.parts.part import Setting
from collapsebench.parts.target import Target
from collapsebench.specs.errors import RequestError
from collapsebench.specs.pytree import Count, Key

THOROUGH, ENOUGH = 4, 2000
"""Steps of the exact learner: so many times the learner's own, and the least."""
SMALL = 0.01
"""Rate of the exact learner that starts at the truth, in units of its rate from a random start."""


class NetworkModel(Model):
    """Base class of network models. A derived class gives `random_params`, `loss`, `sample` and `log_prob`.

    training: the learner. start: what training starts from: parameters, or a target that is a trained network of the
    same shape, for instance the truth; None: random parameters.
    """

    streams = True
    prepares = True
    iterative = True
    extrapolates = True
    learner = ("training",)
    dials: ClassVar[Dials] = {
        "expressivity": ("hidden", ((4,), (16,), (64,))),
        "approximation": ("training.steps", (20, 50, 200, 1000)),
    }
    training: Training
    start: PyTree

    def check(self, experiment: Setting) -> None:
        """Raise RequestError unless `training` is a valid Training."""
        if not isinstance(self.training, Training):
            raise RequestError(f"model.training = {self.training!r}: it must be a Training(steps=..., rate=...)")
        self.training.check()

    def exact(self) -> Self:
        """Same model with a learner that is to converge from a random start to its data's optimum.

        THOROUGH times the steps and at least ENOUGH, at a rate of at least 1e-3 with cosine decay, averaged parameters, no
        weight decay. Whether that is enough, `ablate` measures by doubling the steps.
        """
        steps, rate = max(THOROUGH * self.training.steps, ENOUGH), max(self.training.rate, 1e-3)
        return self.replace(training=dataclasses.replace(
            self.training, steps=steps, rate=rate, schedule="cosine", average=0.99, decay=None
        ))  # fmt: skip

    def random_params(self, key: Key) -> PyTree:
        """Random initial parameters. A derived class gives it."""
        raise NotImplementedError

    def loss(self, params: PyTree, key: Key, x: PyTree) -> Float[Array, ""]:
        """Training loss of a minibatch x. A derived class gives it."""
        raise NotImplementedError

    def prepare(self) -> Self:
        """Model with its initial parameters, where `start` is a target that has them."""
        return self.replace(start=self.start.parameters()) if isinstance(self.start, Target) else self

    def init(self, key: Key) -> PyTree:
        """Initial parameters: random, or `start`."""
        start = self.prepare().start
        return self.random_params(key) if start is None else jax.tree.map(jnp.asarray, start)

    def fit(self, key: Key, params: PyTree, data: PyTree) -> PyTree:
        start, steps = self.fit_start(key, params, data), jnp.asarray(self.training.steps, jnp.int32)
        return self.fit_end(key, self.fit_piece(key, start, data, 0, steps), data)

    def fit_steps(self) -> int:
        return int(self.training.steps)

    def fit_start(self, key: Key, params: PyTree, data: PyTree) -> PyTree:
        return begin_training(params, self.training)

    def fit_piece(self, key: Key, state: PyTree, data: PyTree, start: Count, stop: Count) -> PyTree:
        return advance_training(key, state, self.loss, data, self.training, start, stop)

    def fit_end(self, key: Key, state: PyTree, data: PyTree) -> PyTree:
        return learned(state, self.training)

    def ended(self, params: PyTree) -> Bool[Array, ""]:
        """Whether any parameter is not finite."""
        leaves = [jnp.isfinite(a).all() for a in jax.tree.leaves(params) if jnp.issubdtype(a.dtype, jnp.floating)]
        return ~jnp.stack(leaves).all()

    def from_truth(self, target: Target) -> Self:
        """Copy whose training starts at the target in small steps, where that is a network of the same shape.

        Infinite data of the target have their optimum there; steps of SMALL times the rate keep to it.
        """
        held = target.held_by()
        if self.start is not None or held is None:
            return self
        same = jax.eval_shape(held.init, jax.random.key(0)) == jax.eval_shape(self.init, jax.random.key(0))
        training = dataclasses.replace(self.training, rate=SMALL * self.training.rate)
        return self.replace(start=target, training=training) if same else self

    def rows_per_fit(self, n: float) -> float:
        """Rows that one fit reads, for an estimate of time; a step counts 300 for each row of its minibatch."""
        return n + 300.0 * float(self.training.steps) * self.training.batch

    def products(self) -> list[tuple[int, int, int]]:
        """Matrix products of a forward pass for one row: (pixels, inner, columns) per layer, the input's first."""
        raise self.refuse("its products are not written down")


def check_widths(name: str, widths: Any) -> None:
    """Raise RequestError unless `widths` is a tuple of whole positive numbers."""
    if not isinstance(widths, tuple) or not all(isinstance(w, int | np.integer) and w > 0 for w in widths):
        raise RequestError(f"model.{name} = {widths!r}: it must be widths in parentheses, such as (64, 64)")


def check_image(dim: int, channels: tuple[int, ...]) -> None:
    """Raise RequestError unless rows of `dim` numbers are square images that can be halved len(channels) times."""
    check_widths("channels", channels)
    side = int(np.sqrt(dim))
    if channels and (side * side != dim or side % 2 ** len(channels)):
        raise RequestError(
            f"model.channels = {channels}: {len(channels)} halvings need square images whose side they divide, "
            f"and dim = {dim} is not one"
        )
