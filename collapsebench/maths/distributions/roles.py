"""What a class gets for free when its parameters are a distribution: the model's and the target's side."""

from __future__ import annotations

from typing import Any, ClassVar

from jaxtyping import Array, Float

from collapsebench.parts.data import POPULATION, Batch, Data
from collapsebench.specs.errors import RequestError
from collapsebench.specs.pytree import Key


class DistributionModel:
    """A model whose `distribution(params)` says everything: draws, density, sampling law, population.

    A derived class gives `init(key)`, `fit(key, params, data)` and, unless params are the distribution, `distribution`.
    `generator` is what it draws from; it differs from `distribution` where the model has a sampling bias.
    """

    prompted: ClassVar[bool] = False

    def distribution(self, params: Any) -> Any:
        """The fitted distribution, which `log_prob` and the metrics judge."""
        return params

    def generator(self, params: Any) -> Any:
        """The distribution that synthetic data are drawn from."""
        return self.distribution(params)

    def sample(self, key: Key, params: Any, n: int) -> Any:
        """n draws, each leaf with leading axis n."""
        return self.generator(params).sample(key, n)

    def log_prob(self, params: Any, x: Any) -> Float[Array, " n"]:
        """Log density or log mass of each row of x, in nats."""
        return self.distribution(params).log_prob(x)


class DistributionTarget:
    """A target whose `distribution()` is known in closed form."""

    def distribution(self) -> Any:
        raise NotImplementedError

    def sample(self, key: Key, n: int) -> Any:
        return self.distribution().sample(key, n)

    def log_prob(self, x: Any) -> Float[Array, " n"]:
        return self.distribution().log_prob(x)


def population(distribution: Any, n: Any, summary: type | None, noun: str) -> Data:
    """An infinite sample of `distribution` that weighs as n rows: its statistics, or quadrature nodes.

    Raises RequestError when the family has neither.
    """
    if summary is not None and getattr(distribution, "summary", None) == summary:
        return summary.expect(distribution, n)  # type: ignore[attr-defined]
    if distribution is not None and hasattr(distribution, "nodes"):
        nodes: Batch = distribution.nodes()
        return nodes.scale(n * POPULATION)
    raise RequestError(f"handover = population: {noun} has neither a closed form nor quadrature nodes; use samples")
