"""What models that learn by gradient steps share: training, starts, the exact learner, the dials."""

from __future__ import annotations

import dataclasses
from typing import Any, ClassVar

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from collapsebench.learning.training import Training, train
from collapsebench.specs.errors import RequestError
from collapsebench.specs.pytree import Key


class NetworkModel:
    """A derived class gives `init(key)`, `loss(params, key, x)`, `sample` and `log_prob`.

    training: the learner. start: what training starts from: parameters, or a target that is a trained network of the
    same shape, for instance the truth; None: random parameters.
    """

    streams: ClassVar[bool] = True
    """an infinite sample is a stream of fresh draws, a new minibatch at every step"""
    iterative: ClassVar[bool] = True
    dials: ClassVar[Any] = {
        "expressivity": ("hidden", ((4,), (16,), (64,))),
        "approximation": ("training.steps", (20, 50, 200, 1000)),
    }
    training: Training
    start: Any

    def check(self, experiment: Any) -> None:
        """Raise RequestError for a choice that is not known."""
        if not isinstance(self.training, Training):
            raise RequestError(f"model.training = {self.training!r}: it must be a Training(steps=..., rate=...)")
        self.training.check()

    def exact(self) -> Any:
        """The same with a learner that comes to rest: many steps at a falling rate, and a mean of the last of them."""
        slow = dataclasses.replace(self.training, schedule="cosine", average=0.99, decay=None)
        made: Any = self
        return dataclasses.replace(made, training=slow)

    def random_params(self, key: Key) -> Any:
        raise NotImplementedError

    def loss(self, params: Any, key: Key, x: Any) -> Float[Array, ""]:
        raise NotImplementedError

    def prepare(self) -> Any:
        """The model with the parameters that it starts from, where `start` is a target that has them."""
        made: Any = self
        return (
            dataclasses.replace(made, start=made.start.params()) if callable(getattr(made.start, "params", 0)) else made
        )

    def init(self, key: Key) -> Any:
        """Random parameters, or `start`."""
        start = self.prepare().start
        return self.random_params(key) if start is None else jax.tree.map(jnp.asarray, start)

    def fit(self, key: Key, params: Any, data: Any) -> Any:
        return train(key, params, self.loss, data, self.training)


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
