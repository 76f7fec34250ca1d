"""Where Python numbers become arrays, and the arithmetic that must not lose a collapsing spread."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, PyTree


def as_leaves(tree: PyTree) -> PyTree:
    """Every numeric leaf as a strongly typed floating array (integer arrays stay), so 1, 1.0 and True are one program."""

    def convert(leaf: PyTree) -> PyTree:
        if isinstance(leaf, bool | int | float):
            return jax.device_put(np.asarray(leaf, jnp.result_type(float)))  # jnp.asarray would compile a conversion
        array = jnp.asarray(leaf)
        if jnp.issubdtype(array.dtype, jnp.floating) or array.dtype == bool:
            return array.astype(jnp.result_type(float))
        return array

    return jax.tree.map(convert, tree)


def safe_log(x: Float[Array, "*shape"]) -> Float[Array, "*shape"]:
    """log x with log 0 = -inf and no NaN for a negative rounding error."""
    return jnp.where(x > 0, jnp.log(jnp.where(x > 0, x, 1)), -jnp.inf)


def divide(a: Any, b: Any) -> Array:
    """a / b, and 0 where b is 0."""
    return jnp.where(b == 0, 0, a / jnp.where(b == 0, 1, b))


def xlogy(x: Array, y: Array) -> Array:
    """x log y with 0 log 0 = 0."""
    return jnp.where(x == 0, 0, x * safe_log(y))
