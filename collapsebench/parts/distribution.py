"""The contract of a family of distributions: closed forms that a family may have."""

from __future__ import annotations

from typing import Any, ClassVar, Self

from jaxtyping import Array, Float, PyTree

from collapsebench.parts.data import POPULATION, Batch, Data
from collapsebench.specs.errors import RequestError
from collapsebench.specs.pytree import Key, Number, spec

Moments = tuple[Float[Array, " d"], Float[Array, "d d"]]


@spec
class Distribution:
    """Base class of families of distributions. A family overrides what it has in closed form; the base has nothing.

    `knows(name)` tells which of the methods and properties below a family has; the others raise RequestError.
    """

    summary: ClassVar[Any] = None
    """type of its sufficient statistics, with `of(data)`, `draw(key, distribution, n)` and `expect(distribution, n)`;
    equal values mean one family"""
    components: ClassVar[Any] = None
    """number of components of a mixture"""
    dim: ClassVar[Any] = None
    """numbers in a row"""
    classes: ClassVar[Any] = None
    """number of symbols"""

    @classmethod
    def knows(cls, name: str) -> bool:
        """Whether the family defines this method or property; asked of the class, so shapes may stand for numbers."""
        return next(base for base in cls.__mro__ if name in base.__dict__) is not Distribution

    def compares(self, other: Distribution, name: str) -> bool:
        """Whether `self.name(other)`, such as a divergence, has a closed form: both are of one class that has it."""
        return type(self) is type(other) and self.knows(name)

    @property
    def known(self) -> bool:
        """Whether the class is a family, with something in closed form, and not the base class."""
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
        """Quadrature nodes as a Batch whose weights sum to 1. Raises RequestError in too many dimensions."""
        raise self._unknown("quadrature nodes")

    def moments(self) -> Moments:
        """Mean [d] and covariance [d, d]; for symbols those of one-hot vectors."""
        raise self._unknown("moments")

    @property
    def log_variance(self) -> Float[Array, ""]:
        """Log trace of the covariance; -inf for a point mass."""
        raise self._unknown("variance")

    def support(self) -> Float[Array, ""]:
        """Number of symbols of positive probability."""
        raise self._unknown("support")

    def entropy(self) -> Float[Array, ""]:
        """Entropy in nats; differential entropy for a density."""
        raise self._unknown("entropy")

    def kl(self, other: Self) -> Float[Array, ""]:
        """Kullback-Leibler divergence KL(self || other) in nats."""
        raise self._unknown("divergence")

    def hellinger(self, other: Self) -> Float[Array, ""]:
        """Squared Hellinger distance, 1 - integral (or sum) of sqrt(p q)."""
        raise self._unknown("Hellinger distance")

    def l2_squared(self, other: Self) -> Float[Array, ""]:
        """Integral (or sum) of the squared difference of the densities."""
        raise self._unknown("L2 distance")

    def w2_squared(self, other: Self) -> Float[Array, ""]:
        """Squared 2-Wasserstein distance."""
        raise self._unknown("Wasserstein distance")

    def excess_risk(self, truth: Self) -> Float[Array, ""]:
        """Expected loss of the predictions minus that of the truth's own, over the truth's inputs."""
        raise self._unknown("risk")


def population(distribution: Distribution, n: Number, summary: Any, noun: str) -> Data:
    """An infinite sample with a weight of n rows: sufficient statistics of the form `summary`, or quadrature nodes.

    Raises RequestError when the family has neither.
    """
    if summary is not None and distribution.summary == summary:
        return summary.expect(distribution, n)
    if distribution.knows("nodes"):
        return distribution.nodes().scale(n * POPULATION)
    raise RequestError(f"handover = population: {noun} has neither a closed form nor quadrature nodes; use samples")
