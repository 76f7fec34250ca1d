"""What a model is fitted to: weighted rows, sufficient statistics, or sources of fresh draws."""

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
    """What the rows of a data set are, and how they are laid out."""

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
        """Whether two rows have a distance."""
        return self in (Kind.VECTOR, Kind.COUNT, Kind.CAPTIONED)


def as_matrix(x: PyTree) -> Float[Array, "n d"]:
    """Counts [n] as rows [n, 1]; rows [n, d] as they are; of captioned rows the images."""
    x = x["x"] if isinstance(x, dict) else x
    return x[:, None] if x.ndim == 1 else x


class Data(Protocol):
    """What a model is fitted to: a Batch, a Summary or Sources. Regimes use these operations only."""

    @property
    def weight(self) -> Float[Array, ""]: ...
    def scale(self, factor: Any) -> Self: ...
    def concat(self, other: Self) -> Self: ...
    def append(self, other: Self, row: Any) -> Self: ...
    def pad(self, capacity: int) -> Self: ...


@spec
class Batch:
    """Weighted samples. Every leaf of `x` has leading axis `capacity`; w >= 0, and a mask is a weight of 0."""

    x: Any
    w: Float[Array, " capacity"]

    @property
    def capacity(self) -> int:
        return self.w.shape[0]

    @property
    def weight(self) -> Float[Array, ""]:
        return self.w.sum()

    def scale(self, factor: Any) -> Batch:
        return Batch(self.x, self.w * factor)

    def concat(self, other: Batch) -> Batch:
        return jax.tree.map(lambda a, b: jnp.concatenate([a, b]), self, other)

    def append(self, other: Batch, row: Any) -> Batch:
        """Write `other` over the rows from `row` on; the capacity stays."""

        def write(pool: Array, new: Array) -> Array:
            return jax.lax.dynamic_update_slice_in_dim(pool, new, row, axis=0)

        return jax.tree.map(write, self, other)

    def pad(self, capacity: int) -> Batch:
        """The same rows in a buffer of `capacity` rows; the new ones weigh 0."""
        more = capacity - self.capacity
        if more < 0:
            raise ValueError(f"capacity = {capacity}: the batch already has {self.capacity} rows")
        return jax.tree.map(lambda a: jnp.pad(a, [(0, more)] + [(0, 0)] * (a.ndim - 1)), self) if more else self


def has_rows(data: Any) -> bool:
    """Whether a training set holds rows or models, so that a pool of it is a buffer that needs room."""
    return isinstance(data, Batch | Sources)


class Summary:
    """Weighted sufficient statistics: a commutative monoid that scales, so pools need no buffer.

    A family derives from it and gives `weight`, `scale`, `concat`, and the class methods
    `of(batch)`, `draw(key, distribution, n)` (the exact sampling law) and `expect(distribution, n)` (n draws' mean).
    """

    def append(self, other: Self, row: Any) -> Self:
        return self.concat(other)  # type: ignore[attr-defined]

    def pad(self, capacity: int) -> Self:
        return self


class Handover(enum.StrEnum):
    """How one generation's knowledge reaches the next: the statistical-error dial."""

    SAMPLES = "samples"
    SUMMARY = "summary"
    POPULATION = "population"

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
    """Where rows are drawn anew, picked by weight: reality, weighing `real`, and past models.

    models: a Batch whose rows are models, x their parameters. A vector space like every training set, so that regimes
    need not know.
    """

    models: Batch
    real: Float[Array, ""]

    @classmethod
    def of_reality(cls, shapes: Any, n: Any) -> Sources:
        """Reality alone, weighing n rows. shapes: those of a model's parameters."""
        none = jax.tree.map(lambda a: jnp.zeros((0, *a.shape), a.dtype), shapes)
        dtype = jnp.result_type(float)
        return cls(Batch(none, jnp.zeros(0, dtype)), jnp.asarray(n, dtype))

    @classmethod
    def of_model(cls, params: Any, n: Any) -> Sources:
        """One model alone, weighing n rows."""
        dtype = jnp.result_type(float)
        return cls(Batch(jax.tree.map(lambda a: a[None], params), jnp.full(1, n, dtype)), jnp.zeros((), dtype))

    @property
    def capacity(self) -> int:
        return self.models.capacity

    @property
    def weight(self) -> Float[Array, ""]:
        return self.models.weight + self.real

    def scale(self, factor: Any) -> Sources:
        return Sources(self.models.scale(factor), self.real * factor)

    def concat(self, other: Sources) -> Sources:
        return Sources(self.models.concat(other.models), self.real + other.real)

    def append(self, other: Sources, row: Any) -> Sources:
        """Write `other`'s models over those from `row` on, and add its reality; the capacity stays."""
        return Sources(self.models.append(other.models, row), self.real + other.real)

    def pad(self, capacity: int) -> Sources:
        """The same with room for `capacity` models; the new ones weigh 0."""
        return Sources(self.models.pad(capacity), self.real)
