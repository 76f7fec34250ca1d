"""Training sets: weighted rows (Batch), sufficient statistics (Summary), or sources of fresh draws (Sources)."""

from __future__ import annotations

import enum
from typing import Protocol, Self, TypeGuard

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PyTree

from collapsebench.specs.errors import counted
from collapsebench.specs.pytree import Count, Number, spec

POPULATION = 2.0**60
"""Weight of one row of an infinite sample: so large that no `n - 1`, ridge or prior is seen beside it."""


class Kind(enum.StrEnum):
    """Type and layout of the rows of a data set."""

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
    TEXT = "text"
    """blocks of tokens int32 [n, dim], each from 0 to classes - 1"""

    @property
    def measurable(self) -> bool:
        """Whether distances between rows are defined."""
        return self in (Kind.VECTOR, Kind.COUNT, Kind.CAPTIONED)


def as_matrix(x: PyTree) -> Float[Array, "n d"]:
    """Rows as a matrix [n, d]: counts [n] become [n, 1], captioned rows their images, others stay."""
    x = x["x"] if isinstance(x, dict) else x
    return x[:, None] if x.ndim == 1 else x


class Data(Protocol):
    """Protocol of a training set (Batch, Summary or Sources): the only operations that regimes use."""

    @property
    def weight(self) -> Float[Array, ""]:
        """Total weight, in rows."""

    def scale(self, factor: Number | Array) -> Self:
        """The same data with all weights times `factor`."""

    def concat(self, other: Self) -> Self:
        """Both data sets together, weights kept."""

    def append(self, other: Self, row: Count) -> Self:
        """Add `other`: in a buffer by writing over the rows from `row` on, in statistics by `concat`."""

    def pad(self, capacity: int) -> Self:
        """The same data with room for `capacity` rows; the added rows weigh 0. Statistics stay as they are."""


@spec
class Batch:
    """Weighted rows: every leaf of `x` has leading axis `capacity`; w >= 0, and weight 0 masks a row."""

    x: PyTree
    w: Float[Array, " capacity"]

    @property
    def capacity(self) -> int:
        """Number of rows in the buffer, those of weight 0 included."""
        return self.w.shape[0]

    @property
    def weight(self) -> Float[Array, ""]:
        """Sum of the weights."""
        return self.w.sum()

    def scale(self, factor: Number | Array) -> Batch:
        """The same rows with every weight times `factor`."""
        return Batch(self.x, self.w * factor)

    def concat(self, other: Batch) -> Batch:
        """Rows of both batches; the capacities add."""
        return jax.tree.map(lambda a, b: jnp.concatenate([a, b]), self, other)

    def append(self, other: Batch, row: Count) -> Batch:
        """Overwrite the rows from `row` on with those of `other`; the capacity stays."""

        def write(pool: Array, new: Array) -> Array:
            return jax.lax.dynamic_update_slice_in_dim(pool, new, row, axis=0)

        return jax.tree.map(write, self, other)

    def pad(self, capacity: int) -> Batch:
        """The same rows in a buffer of `capacity` rows; the added ones weigh 0. ValueError if it is too small."""
        more = capacity - self.capacity
        if more < 0:
            raise ValueError(f"capacity = {capacity}: the batch already has {counted(self.capacity, 'row')}")
        return jax.tree.map(lambda a: jnp.pad(a, [(0, more)] + [(0, 0)] * (a.ndim - 1)), self) if more else self


def has_rows(data: object) -> TypeGuard[Batch | Sources]:
    """Whether a training set is a buffer of rows or of models, so that its pool needs a fixed capacity."""
    return isinstance(data, Batch | Sources)


class Summary:
    """Base class of weighted sufficient statistics: they add and scale, so that a pool needs no buffer.

    A family derives from it and gives `weight`, `scale`, `concat`, and the class methods
    `of(batch)`, `draw(key, distribution, n)` (the exact sampling law) and `expect(distribution, n)` (n draws' mean).
    """

    def append(self, other: Self, row: Count) -> Self:
        """Sum of both statistics; `row` is not used."""
        return self.concat(other)  # type: ignore[attr-defined]

    def pad(self, capacity: int) -> Self:
        """The same statistics; `capacity` is not used."""
        return self


class Handover(enum.StrEnum):
    """Form in which a generation's samples reach the next: the dial of the statistical error."""

    SAMPLES = "samples"
    """n draws"""
    SUMMARY = "summary"
    """sufficient statistics of n draws, by their exact law"""
    POPULATION = "population"
    """infinite sample: no statistical error"""

    @property
    def rows(self) -> bool:
        """Whether single rows are drawn."""
        return self is Handover.SAMPLES

    @property
    def infinite(self) -> bool:
        """Whether samples are infinite."""
        return self is Handover.POPULATION


@spec
class Sources:
    """A mixture to draw fresh rows from: the real distribution with weight `real`, and past models with theirs.

    models: a Batch whose rows are models, x their parameters. They add and scale like every training set, so regimes
    treat them alike.
    """

    models: Batch
    real: Float[Array, ""]

    @classmethod
    def of_reality(cls, shapes: PyTree, n: Number) -> Sources:
        """The real distribution alone with a weight of n rows. shapes: those of a model's parameters."""
        none = jax.tree.map(lambda a: jnp.zeros((0, *a.shape), a.dtype), shapes)
        dtype = jnp.result_type(float)
        return cls(Batch(none, jnp.zeros(0, dtype)), jnp.asarray(n, dtype))

    @classmethod
    def of_model(cls, params: PyTree, n: Number) -> Sources:
        """One model alone, with a weight of n rows."""
        dtype = jnp.result_type(float)
        return cls(Batch(jax.tree.map(lambda a: a[None], params), jnp.full(1, n, dtype)), jnp.zeros((), dtype))

    @property
    def capacity(self) -> int:
        """Number of models in the buffer, those of weight 0 included."""
        return self.models.capacity

    @property
    def weight(self) -> Float[Array, ""]:
        """Sum of the weights of the target and of the models."""
        return self.models.weight + self.real

    def scale(self, factor: Number | Array) -> Sources:
        """The same sources with every weight times `factor`."""
        return Sources(self.models.scale(factor), self.real * factor)

    def concat(self, other: Sources) -> Sources:
        """Models of both; the target's weights add."""
        return Sources(self.models.concat(other.models), self.real + other.real)

    def append(self, other: Sources, row: Count) -> Sources:
        """Write the models of `other` over those from `row` on and add its real weight; the capacity stays."""
        return Sources(self.models.append(other.models, row), self.real + other.real)

    def pad(self, capacity: int) -> Sources:
        """The same sources in a buffer of `capacity` models; the added ones weigh 0."""
        return Sources(self.models.pad(capacity), self.real)
