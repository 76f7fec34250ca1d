"""Conversion of Python numbers to arrays, and logarithm and division without NaN at 0."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, PyTree


def as_leaves(tree: PyTree) -> PyTree:
    """The tree with numeric leaves as strongly typed floats, so 1, 1.0 and True compile once.

    Integer arrays stay, and so do bfloat16 and float16: a network's parameters are of the precision they were saved in.
    """

    def convert(leaf: PyTree) -> PyTree:
        if isinstance(leaf, bool | int | float):
            return jax.device_put(np.asarray(leaf, jnp.result_type(float)))  # jnp.asarray would compile a conversion
        array = jnp.asarray(leaf)
        if (jnp.issubdtype(array.dtype, jnp.floating) and array.dtype.itemsize > 2) or array.dtype == bool:
            return array.astype(jnp.result_type(float))
        return array

    return jax.tree.map(convert, tree)


def safe_log(x: Float[Array, "*shape"]) -> Float[Array, "*shape"]:
    """log x, with -inf for x <= 0 (a rounding error below 0 gives no NaN)."""
    return jnp.where(x > 0, jnp.log(jnp.where(x > 0, x, 1)), -jnp.inf)


def divide(a: Any, b: Any) -> Array:
    """a / b, or 0 where b is 0."""
    return jnp.where(b == 0, 0, a / jnp.where(b == 0, 1, b))


def xlogy(x: Array, y: Array) -> Array:
    """Product x log y, with 0 log 0 = 0."""
    return jnp.where(x == 0, 0, x * safe_log(y))
