"""The categorical model: frequencies."""

from __future__ import annotations

import dataclasses
from typing import Any, ClassVar

import jax.numpy as jnp
import numpy as np

from collapsebench.distributions.categorical import Categorical as CategoricalDistribution
from collapsebench.distributions.categorical import Counter
from collapsebench.distributions.roles import DistributionModel
from collapsebench.numerics import divide
from collapsebench.registry import MODELS
from collapsebench.types import Data, Key, RequestError, spec, static


@MODELS.register("categorical")
@spec
class Categorical(DistributionModel):
    """Frequencies of `classes` symbols; a symbol that was not seen is dead. Draws come from p^(1/temperature) / Z.

    An empty training set leaves the start, which is uniform.
    """

    classes: int = static(10)
    temperature: float = 1.0

    kind: ClassVar[str] = "symbol"

    @property
    def summary(self) -> Counter:
        return Counter(self.classes)

    def check(self, experiment: Any) -> None:
        """Raise RequestError for a temperature that is not positive."""
        if np.any(np.asarray(self.temperature) <= 0):
            raise RequestError(f"model.temperature = {self.temperature}: it must be above 0")

    def exact(self) -> Categorical:
        """The same at temperature 1."""
        return dataclasses.replace(self, temperature=1.0)

    def init(self, key: Key) -> CategoricalDistribution:
        return CategoricalDistribution.uniform(self.classes)

    def fit(self, key: Key, params: CategoricalDistribution, data: Data) -> CategoricalDistribution:
        counts = self.summary.of(data)  # type: ignore[arg-type]
        total = counts.weight
        return CategoricalDistribution(jnp.where(total > 0, divide(counts.counts, total), params.probs))

    def generator(self, params: CategoricalDistribution) -> CategoricalDistribution:
        return params.sharpen(self.temperature)
