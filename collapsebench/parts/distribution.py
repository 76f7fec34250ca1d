"""A family of distributions: what is known of it in closed form."""

from __future__ import annotations

from typing import Any, ClassVar, Self

from jaxtyping import Array, Float, PyTree

from collapsebench.parts.data import POPULATION, Batch, Data
from collapsebench.specs.errors import RequestError
from collapsebench.specs.pytree import Key, Number, spec

Moments = tuple[Float[Array, " d"], Float[Array, "d d"]]


@spec
class Distribution:
    """A distribution. A family overrides what it has in closed form; of the base nothing is known.

    `knows(name)` tells which of the methods and properties below a family has; the others raise RequestError.
    """

    summary: ClassVar[Any] = None
    """what makes its sufficient statistics: `of(data)`, `draw(key, distribution, n)`, `expect(distribution, n)`; equal
    ones are of one family"""
    components: ClassVar[Any] = None
    """number of components of a mixture"""
    dim: ClassVar[Any] = None
    """numbers in a row"""
    classes: ClassVar[Any] = None
    """how many symbols there are"""

    @classmethod
    def knows(cls, name: str) -> bool:
        """Whether the family has this method or property. Asked of the class, so that shapes will do for numbers."""
        return next(base for base in cls.__mro__ if name in base.__dict__) is not Distribution

    def compares(self, other: Distribution, name: str) -> bool:
        """Whether `self.name(other)`, such as a divergence, is a closed form: both are of one family that has it."""
        return type(self) is type(other) and self.knows(name)

    @property
    def known(self) -> bool:
        """Whether anything is known in closed form."""
        return type(self) is not Distribution

    def _unknown(self, what: str) -> RequestError:
        return RequestError(f"{type(self).__name__}: it has no {what} in closed form")

    def sample(self, key: Key, n: int) -> PyTree:
        """n draws, each leaf with leading axis n."""
        raise self._unknown("draws")

    def log_prob(self, x: PyTree) -> Float[Array, " n"]:
        """Log density or log mass of each row, in nats."""
        raise self._unknown("density")

    def nodes(self) -> Batch:
        """Quadrature nodes, weights that sum to 1; RequestError in too many dimensions."""
        raise self._unknown("quadrature nodes")

    def moments(self) -> Moments:
        """Mean and covariance; of symbols those of one-hot vectors."""
        raise self._unknown("moments")

    @property
    def log_variance(self) -> Float[Array, ""]:
        """Log trace of the covariance; -inf for a point."""
        raise self._unknown("variance")

    def entropy(self) -> Float[Array, ""]:
        """Entropy in nats, differential for a density."""
        raise self._unknown("entropy")

    def kl(self, other: Self) -> Float[Array, ""]:
        """KL(self || other) in nats."""
        raise self._unknown("divergence")

    def l2_squared(self, other: Self) -> Float[Array, ""]:
        """Integral (or sum) of the squared difference of the densities."""
        raise self._unknown("L2 distance")

    def w2_squared(self, other: Self) -> Float[Array, ""]:
        """Squared 2-Wasserstein distance."""
        raise self._unknown("Wasserstein distance")

    def excess_risk(self, truth: Self) -> Float[Array, ""]:
        """Risk of the predictions beyond the truth's own, over the truth's inputs."""
        raise self._unknown("risk")


def population(distribution: Distribution, n: Number, summary: Any, noun: str) -> Data:
    """An infinite sample of `distribution` that weighs as n rows: its statistics, or quadrature nodes.

    Raises RequestError when the family has neither.
    """
    if summary is not None and distribution.summary == summary:
        return summary.expect(distribution, n)
    if distribution.knows("nodes"):
        return distribution.nodes().scale(n * POPULATION)
    raise RequestError(f"handover = population: {noun} has neither a closed form nor quadrature nodes; use samples")
