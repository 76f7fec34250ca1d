"""Conversion of Python numbers to arrays, and logarithms, quotients and differences that keep their digits."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
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


@contextlib.contextmanager
def whole_products() -> Iterator[None]:
    """Context in which products of float32 matrices keep float32's digits, unless the caller has set JAX's own precision.

    An NVIDIA accelerator cuts the factors of a product to TF32's 10 bits by default: .002 of a logit, 1e-4 of a moment.
    """
    own = getattr(jax.config, "jax_default_matmul_precision", None)  # no attribute of its type
    with contextlib.nullcontext() if own is not None else jax.default_matmul_precision("float32"):
        yield


def safe_log(x: Float[Array, "*shape"]) -> Float[Array, "*shape"]:
    """log x, with -inf for x <= 0 (a rounding error below 0 gives no NaN); NaN for NaN, which is no spread of 0."""
    return jnp.where(x > 0, jnp.log(jnp.where(x > 0, x, 1)), jnp.where(jnp.isnan(x), jnp.nan, -jnp.inf))


def divide(a: Any, b: Any) -> Array:
    """a / b, or 0 where b is 0."""
    return jnp.where(b == 0, 0, a / jnp.where(b == 0, 1, b))


def xlogy(x: Array, y: Array) -> Array:
    """Product x log y, with 0 log 0 = 0."""
    return jnp.where(x == 0, 0, x * safe_log(y))


def xlog1my(x: Array, y: Array) -> Array:
    """Product x log(1 - y), with 0 log 0 = 0; no digit of a small y is lost."""
    return jnp.where(x == 0, 0, x * jnp.where(y < 1, jnp.log1p(-jnp.where(y < 1, y, 0)), safe_log(1 - y)))


_NEAR = 0.1
"""Relative difference below which `deviance` sums its series, which ends before rounding."""


def deviance(x: Array, mean: Array, gap: Array | None = None) -> Array:
    """x log(x / mean) - x + mean, never negative and without cancellation; inf for mean = 0 < x.

    gap: x - mean, where it is known to more digits. Source: Loader (2000), Fast and accurate computation of binomial
    probabilities: the function bd0, by the series of atanh near x = mean.
    """
    gap = x - mean if gap is None else gap
    both = x + mean
    v = divide(gap, both)
    near = jnp.abs(v) < _NEAR
    v = jnp.where(near, v, 0)
    series = sum((v ** (2 * k) / (2 * k + 1) for k in range(8, 0, -1)), jnp.zeros_like(v))
    ratio = divide(x, mean)
    far = x * safe_log(jnp.where(near | (x == 0), 1, jnp.where(mean == 0, jnp.inf, ratio))) - gap
    return jnp.where(near, gap * v + 2 * x * v * series, jnp.maximum(far, 0))


def curvature(x: Array) -> Array:
    """exp(x) - 1 - x, never negative and without cancellation: the divergence of two scales whose logs differ by x."""
    near = jnp.abs(x) < 0.5
    y = jnp.where(near, x, 0)
    series = jnp.ones_like(y)
    for k in range(16, 2, -1):
        series = 1 + y * series / k
    return jnp.where(near, 0.5 * y * y * series, jnp.where(x == jnp.inf, jnp.inf, jnp.expm1(x) - x))
