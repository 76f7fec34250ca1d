"""What models that learn by gradient steps share: training, starts, the exact learner, the dials."""

from __future__ import annotations

import dataclasses
from typing import Any, ClassVar, Self

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float

from collapsebench.learning.training import Training, train
from collapsebench.parts.model import Dials, Model
from collapsebench.parts.part import Setting
from collapsebench.parts.target import Target
from collapsebench.specs.errors import RequestError
from collapsebench.specs.pytree import Key


class NetworkModel(Model):
    """A derived class gives `init(key)`, `loss(params, key, x)`, `sample` and `log_prob`.

    training: the learner. start: what training starts from: parameters, or a target that is a trained network of the
    same shape, for instance the truth; None: random parameters.
    """

    streams = True
    prepares = True
    iterative = True
    learner = ("training",)
    dials: ClassVar[Dials] = {
        "expressivity": ("hidden", ((4,), (16,), (64,))),
        "approximation": ("training.steps", (20, 50, 200, 1000)),
    }
    training: Training
    start: Any

    def check(self, experiment: Setting) -> None:
        """Raise RequestError for a choice that is not known."""
        if not isinstance(self.training, Training):
            raise RequestError(f"model.training = {self.training!r}: it must be a Training(steps=..., rate=...)")
        self.training.check()

    def exact(self) -> Self:
        """The same with a learner that comes to rest: many steps at a falling rate, and a mean of the last of them."""
        return self.replace(training=dataclasses.replace(self.training, schedule="cosine", average=0.99, decay=None))

    def random_params(self, key: Key) -> Any:
        raise NotImplementedError

    def loss(self, params: Any, key: Key, x: Any) -> Float[Array, ""]:
        raise NotImplementedError

    def prepare(self) -> Self:
        """The model with the parameters that it starts from, where `start` is a target that has them."""
        return self.replace(start=self.start.params()) if isinstance(self.start, Target) else self

    def init(self, key: Key) -> Any:
        """Random parameters, or `start`."""
        start = self.prepare().start
        return self.random_params(key) if start is None else jax.tree.map(jnp.asarray, start)

    def fit(self, key: Key, params: Any, data: Any) -> Any:
        return train(key, params, self.loss, data, self.training)

    def ended(self, params: Any) -> Bool[Array, ""]:
        """Whether one of the parameters is not finite."""
        leaves = [jnp.isfinite(a).all() for a in jax.tree.leaves(params) if jnp.issubdtype(a.dtype, jnp.floating)]
        return ~jnp.stack(leaves).all()

    def from_truth(self, target: Target) -> Self:
        """Training starts at the target, where that is a network of the same shape."""
        held = target.held_by()
        if self.start is not None or held is None:
            return self
        same = jax.eval_shape(held.init, jax.random.key(0)) == jax.eval_shape(self.init, jax.random.key(0))
        return self.replace(start=target) if same else self

    def rows_per_fit(self, n: float) -> float:
        """A step on a row counts as 300 rows that are summed."""
        return n + 300.0 * float(self.training.steps) * self.training.batch

    def products(self) -> list[tuple[int, int, int]]:
        """The matrix product of each layer for one row of data: (pixels, inner, columns); the first sees the row."""
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
