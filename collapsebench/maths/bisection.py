"""Bisection within stretches of a sorted array, many at once."""

from __future__ import annotations

from collections.abc import Callable

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Int

from collapsebench.specs.pytree import Count


def first_true(
    reached: Callable[[Int[Array, "*shape"]], Bool[Array, "*shape"]],
    low: Int[Array, "*shape"],
    high: Int[Array, "*shape"],
    most: int,
) -> Int[Array, "*shape"]:
    """First place in [low, high) where `reached`, false before and true after, is true; `high` where it is nowhere.

    most: the longest stretch. Cost: its binary logarithm of calls of `reached`.
    """

    def halve(_: Count, ends: tuple[Array, Array]) -> tuple[Array, Array]:
        low, high = ends
        middle = (low + high) // 2
        up = reached(middle)
        open_ = low < high
        return jnp.where(open_ & ~up, middle + 1, low), jnp.where(open_ & up, middle, high)

    return jax.lax.fori_loop(0, most.bit_length(), halve, (low, high))[0]
