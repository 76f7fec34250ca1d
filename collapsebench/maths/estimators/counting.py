"""Number of distinct rows in a data set."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, UInt32

from collapsebench.maths.distributions.chain import GramCounts
from collapsebench.parts.data import Batch, Data


def distinct_rows(data: Data, classes: int | None = None) -> tuple[Float[Array, ""], Float[Array, ""]]:
    """Number of distinct rows, and number of rows; rows of weight 0 are left out.

    classes: number of symbols, if rows are symbols, or blocks of them as in text; then symbols are counted, not rows.
    `data` may also be counts of symbols.
    """
    if not isinstance(data, Batch):
        counts = data.tables[0] if isinstance(data, GramCounts) else data.counts  # type: ignore[attr-defined]
        return (counts > 0).sum(dtype=counts.dtype), counts.sum()
    seen, dtype = data.w > 0, data.w.dtype
    if classes is not None:
        seen = jnp.broadcast_to(seen.reshape(-1, *(1,) * (data.x.ndim - 1)), data.x.shape)
        alive = jnp.zeros(classes, bool).at[data.x].max(seen)
        return alive.sum(dtype=dtype), seen.sum(dtype=dtype)
    first, second = _hashes(data.x)
    unseen, first, second = jax.lax.sort(((~seen).astype(jnp.uint32), first, second), num_keys=3)
    new = (first[1:] != first[:-1]) | (second[1:] != second[:-1])
    new = jnp.concatenate([jnp.ones(1, bool), new]) & (unseen == 0)
    return new.sum(dtype=dtype), seen.sum(dtype=dtype)


def _hashes(x: Any) -> tuple[UInt32[Array, " n"], UInt32[Array, " n"]]:
    """Two 32-bit hashes of each row's bits: two different rows agree in both with probability 2^-64."""
    leaves = jax.tree.leaves(x)
    words = jnp.concatenate([_words(leaf.reshape(leaf.shape[0], -1)) for leaf in leaves], axis=1)
    column = jnp.arange(words.shape[1], dtype=jnp.uint32)[None]
    first = mix(words ^ mix(column * jnp.uint32(0x9E3779B9) + jnp.uint32(1)))
    second = mix(first + mix(column + jnp.uint32(0x85EBCA77)) ^ words)
    return first.sum(axis=1, dtype=jnp.uint32), second.sum(axis=1, dtype=jnp.uint32)


def _words(x: Array) -> UInt32[Array, "n words"]:
    """Bits of each row as 32-bit words, with -0.0 as 0.0."""
    if jnp.issubdtype(x.dtype, jnp.floating):
        x = jnp.where(x == 0, 0, x)  # XLA takes `x + 0` for x
    if x.dtype.itemsize < 4:
        return x.astype(jnp.float32 if jnp.issubdtype(x.dtype, jnp.floating) else jnp.int32).view(jnp.uint32)
    return jax.lax.bitcast_convert_type(x, jnp.uint32).reshape(x.shape[0], -1)


def mix(x: UInt32[Array, "*shape"]) -> UInt32[Array, "*shape"]:
    """The finaliser of MurmurHash3, a bijection of 32-bit words. Source: Appleby (2011)."""
    x = (x ^ (x >> 16)) * jnp.uint32(0x85EBCA6B)
    x = (x ^ (x >> 13)) * jnp.uint32(0xC2B2AE35)
    return x ^ (x >> 16)
