"""Distribution of a model as a target, so that the model's class contains the truth."""

from __future__ import annotations

from typing import Any

import jax
from jaxtyping import Array, Float, PyTree

from collapsebench.parts.distribution import Distribution
from collapsebench.parts.model import Model
from collapsebench.parts.target import OfModel
from collapsebench.specs.pytree import Key, spec
from collapsebench.specs.registry import MODELS, TARGETS


@TARGETS.register("truth")
@spec
class Truth(OfModel):
    """Distribution of `model` at `params` (None: its `init`), so that the model class contains the truth.

    model: a spec, or a registered name.
    """

    model: Any = "gaussian"
    params: Any = None

    def held_by(self) -> Model:
        return MODELS.build(self.model)

    def parameters(self) -> PyTree:
        return self.held_by().init(jax.random.key(0)) if self.params is None else self.params

    def distribution(self) -> Distribution:
        return self.held_by().distribution(self.parameters())

    def sample(self, key: Key, n: int) -> PyTree:
        distribution = self.distribution()
        if distribution.known:  # without the model's sampling bias
            return distribution.sample(key, n)
        return self.held_by().sample(key, self.parameters(), n)

    def log_prob(self, x: PyTree) -> Float[Array, " n"]:
        return self.held_by().log_prob(self.parameters(), x)
