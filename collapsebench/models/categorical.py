"""Categorical model."""

from __future__ import annotations

import dataclasses
from typing import ClassVar

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from collapsebench.maths.distributions.categorical import Categorical as CategoricalDistribution
from collapsebench.maths.distributions.categorical import Counter
from collapsebench.maths.numerics import divide
from collapsebench.parts.data import Data, Kind
from collapsebench.parts.distribution import Distribution
from collapsebench.parts.model import Dials, Model
from collapsebench.parts.part import Setting
from collapsebench.specs.errors import RequestError
from collapsebench.specs.pytree import Key, Unnamed, spec, static
from collapsebench.specs.registry import MODELS


@MODELS.register("categorical")
@spec
class Categorical(Model):
    """Categorical distribution by observed frequencies of `classes` symbols; draws from p^(1/temperature) / Z.

    tied: each run of so many neighbouring symbols shares one probability, as in a histogram (1: none does).
    A run that is not in the training set gets probability 0. An empty training set leaves the start, which is uniform.
    """

    classes: int = static(Unnamed(10))
    temperature: float = 1.0
    tied: int = static(1)

    kind = Kind.SYMBOL
    dials: ClassVar[Dials] = {
        "expressivity": ("tied", (10, 5, 2, 1)),
        "approximation": ("temperature", (0.7, 0.9, 1.0)),
    }

    @property
    def summary(self) -> Counter:
        return Counter(self.classes)

    def check(self, experiment: Setting) -> None:
        """Raise RequestError for a temperature that is not positive, or runs of symbols that do not fit."""
        if np.any(np.asarray(self.temperature) <= 0):
            raise RequestError(f"model.temperature = {self.temperature}: it must be above 0")
        if not 1 <= self.tied <= self.classes:
            raise RequestError(f"model.tied = {self.tied}: it must lie between 1 and classes = {self.classes}")

    def holds(self, family: Distribution) -> bool:
        """Whether no two symbols share a probability."""
        return self.tied == 1

    def exact(self) -> Categorical:
        """Same model at temperature 1."""
        return dataclasses.replace(self, temperature=1.0)

    def init(self, key: Key) -> CategoricalDistribution:
        return CategoricalDistribution.uniform(self.classes)

    def fit(self, key: Key, params: CategoricalDistribution, data: Data) -> CategoricalDistribution:
        counts = self.summary.of(data)  # type: ignore[arg-type]
        total = counts.weight
        return CategoricalDistribution(jnp.where(total > 0, divide(self._shared(counts.counts), total), params.probs))

    def _shared(self, counts: Float[Array, " K"]) -> Float[Array, " K"]:
        """Counts with each run's total spread evenly over the run; the last run may be short."""
        if self.tied == 1:
            return counts
        run = jnp.arange(self.classes) // self.tied
        runs = -(-self.classes // self.tied)
        sizes = jnp.minimum(self.tied, self.classes - self.tied * jnp.arange(runs))
        return (jnp.zeros(runs, counts.dtype).at[run].add(counts) / sizes)[run]

    def generator(self, params: CategoricalDistribution) -> CategoricalDistribution:
        return params.sharpen(self.temperature)
