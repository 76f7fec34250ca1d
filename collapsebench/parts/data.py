"""Training data of a model: weighted rows, sufficient statistics, or sources of fresh draws."""

from __future__ import annotations

import enum
from typing import Any, Protocol, Self

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PyTree

from collapsebench.specs.pytree import spec

POPULATION = 2.0**60
"""Weight of one row of an infinite sample: so large that no `n - 1`, ridge or prior is seen beside it."""


class Kind(enum.StrEnum):
    """Kinds of rows in a data set, each with its layout."""

    VECTOR = "vector"
    """numbers [n, dim]"""
    COUNT = "count"
    """whole numbers [n]"""
    SYMBOL = "symbol"
    """int32 [n], each from 0 to classes - 1"""
    LABELLED = "labelled"
    """{"x": [n, dim], "y": [n]}"""
    CAPTIONED = "captioned"
    """{"x": [n, dim], "caption": int32 [n, words]}"""

    @property
    def measurable(self) -> bool:
        """Whether rows of this kind have distances."""
        return self in (Kind.VECTOR, Kind.COUNT, Kind.CAPTIONED)


def as_matrix(x: PyTree) -> Float[Array, "n d"]:
    """Rows as a matrix [n, d]: counts [n] become [n, 1], captioned rows their images."""
    x = x["x"] if isinstance(x, dict) else x
    return x[:, None] if x.ndim == 1 else x


class Data(Protocol):
    """Protocol of training data: a Batch, a Summary or Sources. Regimes use these operations only."""

    @property
    def weight(self) -> Float[Array, ""]:
        """Total weight, as a number of rows."""

    def scale(self, factor: Any) -> Self:
        """The same data with every weight times `factor`."""

    def concat(self, other: Self) -> Self:
        """Union of two sets of training data."""

    def append(self, other: Self, row: Any) -> Self:
        """Union in place: rows of `other` overwrite those from `row` on, statistics are added."""

    def pad(self, capacity: int) -> Self:
        """The same data with room for `capacity` rows; statistics need none and stay."""


@spec
class Batch:
    """Weighted rows. Every leaf of `x` has leading axis `capacity`; w >= 0, and a mask is a weight of 0."""

    x: Any
    w: Float[Array, " capacity"]

    @property
    def capacity(self) -> int:
        """Number of rows, those of weight 0 included."""
        return self.w.shape[0]

    @property
    def weight(self) -> Float[Array, ""]:
        """Sum of the weights."""
        return self.w.sum()

    def scale(self, factor: Any) -> Batch:
        """The same rows with every weight times `factor`."""
        return Batch(self.x, self.w * factor)

    def concat(self, other: Batch) -> Batch:
        """Rows of both batches; the capacities add."""
        return jax.tree.map(lambda a, b: jnp.concatenate([a, b]), self, other)

    def append(self, other: Batch, row: Any) -> Batch:
        """Overwrite the rows from `row` on with those of `other`; the capacity stays."""

        def write(pool: Array, new: Array) -> Array:
            return jax.lax.dynamic_update_slice_in_dim(pool, new, row, axis=0)

        return jax.tree.map(write, self, other)

    def pad(self, capacity: int) -> Batch:
        """The same rows in a buffer of `capacity` rows; the new ones have weight 0.

        Raises ValueError for a capacity below the present one.
        """
        more = capacity - self.capacity
        if more < 0:
            raise ValueError(f"capacity = {capacity}: the batch already has {self.capacity} rows")
        return jax.tree.map(lambda a: jnp.pad(a, [(0, more)] + [(0, 0)] * (a.ndim - 1)), self) if more else self


def has_rows(data: Any) -> bool:
    """Whether training data hold rows or models, so that a pool of them is a buffer of fixed capacity."""
    return isinstance(data, Batch | Sources)


class Summary:
    """Base class of weighted sufficient statistics: a commutative monoid that scales, so pools need no buffer.

    A family derives from it and gives `weight`, `scale`, `concat`, and the class methods
    `of(batch)`, `draw(key, distribution, n)` (the exact sampling law) and `expect(distribution, n)` (n draws' mean).
    """

    def append(self, other: Self, row: Any) -> Self:
        """Sum of both statistics; `row` is not used."""
        return self.concat(other)  # type: ignore[attr-defined]

    def pad(self, capacity: int) -> Self:
        """The same statistics; `capacity` is not used."""
        return self


class Handover(enum.StrEnum):
    """Form in which one generation's data reach the next fit: draws, statistics of draws, or an infinite sample."""

    SAMPLES = "samples"
    """n draws"""
    SUMMARY = "summary"
    """sufficient statistics of n draws, by their exact law"""
    POPULATION = "population"
    """infinite sample: no statistical error"""


@spec
class Sources:
    """Mixture of sources of fresh draws, picked by weight: the target, of weight `real`, and past models.

    models: a Batch whose rows are models, x their parameters. It has the operations of `Data`, so regimes treat it like
    any training set. A gradient learner draws from it at every step.
    """

    models: Batch
    real: Float[Array, ""]

    @classmethod
    def of_reality(cls, shapes: Any, n: Any) -> Sources:
        """The target alone, with the weight of n rows.

        shapes: shapes and dtypes of a model's parameters.
        """
        none = jax.tree.map(lambda a: jnp.zeros((0, *a.shape), a.dtype), shapes)
        dtype = jnp.result_type(float)
        return cls(Batch(none, jnp.zeros(0, dtype)), jnp.asarray(n, dtype))

    @classmethod
    def of_model(cls, params: Any, n: Any) -> Sources:
        """One model alone, with the weight of n rows."""
        dtype = jnp.result_type(float)
        return cls(Batch(jax.tree.map(lambda a: a[None], params), jnp.full(1, n, dtype)), jnp.zeros((), dtype))

    @property
    def capacity(self) -> int:
        """Number of models, those of weight 0 included."""
        return self.models.capacity

    @property
    def weight(self) -> Float[Array, ""]:
        """Sum of the weights of the target and of the models."""
        return self.models.weight + self.real

    def scale(self, factor: Any) -> Sources:
        """The same sources with every weight times `factor`."""
        return Sources(self.models.scale(factor), self.real * factor)

    def concat(self, other: Sources) -> Sources:
        """Models of both; the target's weights add."""
        return Sources(self.models.concat(other.models), self.real + other.real)

    def append(self, other: Sources, row: Any) -> Sources:
        """Overwrite the models from `row` on with those of `other`, and add its target weight; the capacity stays."""
        return Sources(self.models.append(other.models, row), self.real + other.real)

    def pad(self, capacity: int) -> Sources:
        """The same sources with room for `capacity` models; the new ones have weight 0."""
        return Sources(self.models.pad(capacity), self.real)
