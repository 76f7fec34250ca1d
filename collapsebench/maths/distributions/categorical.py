"""The categorical distribution over symbols 0 .. K - 1, and weighted counts of symbols."""

from __future__ import annotations

import dataclasses
from typing import Self

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int

from collapsebench.maths import samplers
from collapsebench.maths.distributions.totals import whole_rows
from collapsebench.maths.numerics import deviance, divide, safe_log, xlogy
from collapsebench.maths.sums import counts
from collapsebench.parts.data import POPULATION, Batch, Summary
from collapsebench.parts.distribution import Distribution
from collapsebench.specs.pytree import Key, Number, spec


@spec
class Counts(Summary):
    """Weighted counts of each symbol: the sufficient statistics of a categorical distribution."""

    counts: Float[Array, " K"]

    @property
    def weight(self) -> Float[Array, ""]:
        """Total weight, as a number of rows."""
        return self.counts.sum()

    def scale(self, factor: Number) -> Counts:
        """The same statistics with every weight times `factor`."""
        return Counts(self.counts * factor)

    def concat(self, other: Self) -> Counts:
        """Statistics of both samples together."""
        return Counts(self.counts + other.counts)


@dataclasses.dataclass(frozen=True)
class Counter:
    """Maker of Counts for a fixed number of symbols, which the symbols themselves do not tell."""

    classes: int

    def of(self, data: Batch | Counts) -> Counts:
        """Counts of weighted symbols x [capacity]."""
        if isinstance(data, Counts):
            return data
        return Counts(counts(data.x, data.w, self.classes))

    def draw(self, key: Key, distribution: Categorical, n: Number) -> Counts:
        """Counts of n draws, drawn directly from the multinomial distribution.

        For n that is not whole: the counts of `whole_rows(n)` draws, scaled to weigh n.
        """
        n = jnp.asarray(n, distribution.probs.dtype)
        rows = whole_rows(n)
        return Counts(samplers.multinomial(key, rows, distribution.probs) * divide(n, rows))

    def expect(self, distribution: Categorical, n: Number) -> Counts:
        """Counts of an infinite sample with a weight of n rows among infinite samples."""
        return Counts(distribution.probs * (n * POPULATION))


@spec
class Categorical(Distribution):
    """Categorical distribution: symbol i has probability probs[i]. Moments are those of one-hot vectors."""

    probs: Float[Array, " K"]

    @classmethod
    def uniform(cls, classes: int) -> Categorical:
        """The uniform distribution over `classes` symbols."""
        return cls(jnp.full(classes, 1 / classes, jnp.result_type(float)))

    @property
    def classes(self) -> int:
        return self.probs.shape[-1]

    @property
    def summary(self) -> Counter:
        return Counter(self.classes)

    def sharpen(self, temperature: Number) -> Categorical:
        """The distribution p^(1/T) / Z at temperature T; probabilities of 0 stay 0, and T = 1 changes nothing."""

        def tilt(probs: Array) -> Array:
            tilted = jnp.where(probs > 0, jnp.exp(safe_log(probs / probs.max()) / temperature), 0)
            return tilted / tilted.sum()

        # Powers cost as much as the draws of a distribution that has mostly died; a branch, unless temperatures are swept.
        return Categorical(jax.lax.cond(temperature == 1, lambda probs: probs, tilt, self.probs))

    def sample(self, key: Key, n: int) -> Int[Array, " n"]:
        return samplers.categorical_rows(key, self.probs, n)

    def log_prob(self, x: Int[Array, " n"]) -> Float[Array, " n"]:
        """Log probability of each symbol; -inf for a symbol of probability 0."""
        return safe_log(self.probs)[x]

    def nodes(self) -> Batch:
        """All symbols, weighted by their probabilities."""
        return Batch(jnp.arange(self.classes, dtype=jnp.int32), self.probs)

    def moments(self) -> tuple[Float[Array, " K"], Float[Array, "K K"]]:
        return self.probs, jnp.diag(self.probs) - self.probs[:, None] * self.probs[None, :]

    @property
    def log_variance(self) -> Float[Array, ""]:
        """Log of 1 - |p|^2, the probability that two draws differ; -inf if one symbol has all the mass."""
        top = jnp.argmax(self.probs)
        rest = jnp.where(jnp.arange(self.classes) == top, 0, self.probs)
        most = self.probs[top]
        # 1 - p of a probability near 1 has lost the digits that the others still have.
        return safe_log(most * rest.sum() + (rest * (1 - rest)).sum())

    def entropy(self) -> Float[Array, ""]:
        return -xlogy(self.probs, self.probs).sum()

    def support(self) -> Float[Array, ""]:
        """Number of symbols of positive probability."""
        return (self.probs > 0).sum().astype(self.probs.dtype)

    def kl(self, other: Categorical) -> Float[Array, ""]:
        """KL(self || other) in nats; inf if `other` gives probability 0 to a symbol of `self`."""
        # Each term is above 0, so rounding of the probabilities, or of their sums, is squared before it is added.
        return deviance(self.probs, other.probs).sum()

    def l2_squared(self, other: Categorical) -> Float[Array, ""]:
        """Squared Euclidean distance of the probabilities."""
        return ((self.probs - other.probs) ** 2).sum()
