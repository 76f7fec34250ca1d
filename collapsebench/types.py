"""The ground floor: specs that are pytrees, weighted samples, and the protocols that the loop knows."""

from __future__ import annotations

import dataclasses
import enum
import math
from typing import Any, ClassVar, Protocol, Self, TypeVar, dataclass_transform

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from collapsebench.errors import RequestError as RequestError

Key = PRNGKeyArray
Params = Any
Class = TypeVar("Class", bound=type)


@jax.tree_util.register_static
class Name(str):
    """A string in the place of a number (`bandwidth="scott"`): part of the program, not a leaf of it."""

    __slots__ = ()


@jax.tree_util.register_static
class Size(int):
    """An integer that sets a shape: part of the program, not a leaf of it."""

    __slots__ = ()


def static(default: Any = dataclasses.MISSING, **options: Any) -> Any:
    """A field that sets a shape, a loop length or a branch. Every other field of a spec is a traced leaf."""
    return dataclasses.field(default=default, metadata={"static": True}, **options)


def within(default: float, low: float = -math.inf, high: float = math.inf) -> Any:
    """A leaf whose value must lie between `low` and `high`, both allowed: an Experiment refuses others."""
    return dataclasses.field(default=default, metadata={"within": (low, high)})


def _name_strings(self: Any) -> None:
    for field in dataclasses.fields(self):
        if not field.metadata.get("static") and type(value := getattr(self, field.name)) is str:
            object.__setattr__(self, field.name, Name(value))


@dataclass_transform(frozen_default=True, field_specifiers=(static, within, dataclasses.field))
def spec(cls: Class) -> Class:
    """Make a frozen dataclass that is a pytree: equal specs share a compiled program, `repr` is the provenance.

    Not by `jax.tree_util.register_dataclass`: as of JAX 0.10 the structures of two dataclasses with equally many leaves
    and equal static fields compare as equal, and only their hashes keep `jit` from running one class's program for the
    other, which now and then they do not. Here the class is part of what is compared.
    """
    cls.__post_init__ = _name_strings  # type: ignore[attr-defined]
    made: Any = dataclasses.dataclass(frozen=True)(cls)
    names = [field.name for field in dataclasses.fields(made) if field.init]
    fixed = [name for name in names if is_static(made, name)]
    leaves = [name for name in names if name not in fixed]
    keys = [jax.tree_util.GetAttrKey(name) for name in leaves]

    def flatten(self: Any) -> tuple[tuple[Any, ...], Any]:
        return tuple(getattr(self, name) for name in leaves), (made, *(getattr(self, name) for name in fixed))

    def flatten_with_keys(self: Any) -> tuple[tuple[Any, ...], Any]:
        children, static_part = flatten(self)
        return tuple(zip(keys, children, strict=True)), static_part

    def unflatten(static_part: Any, children: Any) -> Any:
        self = object.__new__(made)
        for name, value in (*zip(fixed, static_part[1:], strict=True), *zip(leaves, children, strict=True)):
            object.__setattr__(self, name, value)
        return self

    jax.tree_util.register_pytree_with_keys(made, flatten_with_keys, unflatten, flatten)
    return made


def is_static(cls: type, name: str) -> bool:
    """Whether field `name` of a spec class sets a shape or a branch."""
    return any(f.name == name and bool(f.metadata.get("static")) for f in dataclasses.fields(cls))


class Data(Protocol):
    """What a model is fitted to: a Batch or a Summary. Regimes use these operations only."""

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
    return hasattr(data, "capacity")


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


@spec
class Estimate:
    """A metric's value with the standard error of the Monte-Carlo draw that made it."""

    value: Float[Array, ""]
    standard_error: Float[Array, ""]


@spec
class View:
    """What a metric may look at in one generation.

    previous: the parameters of the last generation (at 0: of no use). first: those of generation 0, for a metric that
    says `needs_first`.
    """

    target: Any
    model: Any
    params: Any
    train: Any
    synthetic: Any
    real: Any
    holdout: Batch
    generation: Any
    previous: Any = None
    first: Any = None


class Metric:
    """One number per generation: `__call__(key, view)`.

    estimates: the number comes from a Monte-Carlo draw; the call then returns an Estimate.
    common_draws: all metrics of this class in an experiment get the same key, so that what they draw is the same.
    needs_first: it compares with the model of generation 0, whose parameters the run then keeps.
    unit, log: how a figure labels and scales its axis.
    """

    estimates: ClassVar[bool] = False
    common_draws: ClassVar[bool] = False
    needs_first: ClassVar[bool] = False
    unit: ClassVar[str] = ""
    log: ClassVar[bool] = False

    def __call__(self, key: Key, view: View) -> Any:
        raise NotImplementedError
