"""Causal attention over whole sequences, in blocks of queries, and of one token at a time over a cache.

A head's keys and values are [groups * batch, time, head], the group first: a slice by head then is no copy.
"""

from __future__ import annotations

import functools
import math

import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int

from collapsebench.learning.language.architecture import Decoder
from collapsebench.learning.language.layers import softmax
from collapsebench.maths.compiling import whole
from collapsebench.specs.pytree import Count

Cache = tuple[Array, Array]
"""Keys and values, each [groups * batch, time, head]."""
Turns = tuple[Array, Array] | None
FAR = -1e30
BLOCKS = 2
"""Blocks of queries: the corner of keys that lie behind a whole block is never computed."""


def turns(shape: Decoder, positions: Int[Array, ...]) -> Turns:
    """Cosines and sines [..., head / 2] by which queries and keys are turned; None without rotary positions.

    Source: Su et al. (2021), RoFormer; pairs are the two halves of a head, as in Llama.
    """
    if shape.positions != "rotary":
        return None
    rates = 1.0 / shape.theta ** (jnp.arange(0, shape.head, 2, dtype=jnp.float32) / shape.head)
    angles = jnp.expand_dims(positions.astype(jnp.float32), -1) * rates.reshape((1,) * positions.ndim + (-1,))
    return jnp.cos(angles), jnp.sin(angles)


def _turned(x: Array, by: Turns) -> Array:
    if by is None:
        return x
    cosine, sine = (jnp.expand_dims(c, tuple(range(x.ndim - c.ndim))) for c in by)
    a, b = jnp.split(x.astype(jnp.float32), 2, axis=-1)
    return jnp.concatenate([a * cosine - b * sine, b * cosine + a * sine], axis=-1).astype(x.dtype)


def split_heads(
    shape: Decoder, qkv: Float[Array, "rows features"], batch: int, by: Turns
) -> tuple[Array, Array, Array]:
    """Scaled queries [groups * batch, queries of a group * time, head], keys and values [groups * batch, time, head]."""
    heads, groups, head = shape.heads, shape.groups, shape.head
    n = qkv.shape[0] // batch
    parts = whole(qkv.reshape(batch, n, heads + 2 * groups, head).transpose(2, 0, 1, 3))  # and so is their gradient
    q, k = _turned(parts[:heads], by) * (1 / math.sqrt(head)), _turned(parts[heads : heads + groups], by)
    q = q.reshape(groups, heads // groups, batch, n, head).swapaxes(1, 2)
    v = parts[heads + groups :].reshape(-1, n, head)
    return q.reshape(groups * batch, -1, head), k.reshape(-1, n, head), v


def join_heads(shape: Decoder, y: Float[Array, "lanes queries head"], batch: int) -> Float[Array, "rows features"]:
    """What each head found, [groups * batch, queries of a group * time, head], as rows [batch * time, features]."""
    y = y.reshape(shape.groups, batch, shape.heads // shape.groups, -1, shape.head)
    return y.transpose(1, 3, 0, 2, 4).reshape(-1, shape.heads * shape.head)


def attend_all(
    shape: Decoder, qkv: Float[Array, "rows features"], batch: int, by: Turns, pads: Int[Array, " batch"] | None
) -> tuple[Float[Array, "rows width"], Cache]:
    """Attention of every token to itself and those before it, and its keys and values.

    pads: leading tokens of each sequence that nothing attends to (None: none).
    """
    q, k, v = split_heads(shape, qkv, batch, by)
    lanes, n = k.shape[:2]
    q = q.reshape(lanes, -1, n, shape.head)
    many = q.shape[1]
    seen = jnp.tril(jnp.ones((n, n), bool))[None]
    if pads is not None:
        seen = seen & jnp.tile(jnp.arange(n)[None] >= pads[:, None], (shape.groups, 1))[:, None]
    size = -(-n // BLOCKS)
    found = []
    for a in range(0, n, size):
        z = min(a + size, n)
        scores = jnp.einsum(
            "nqe,nke->nqk", q[:, :, a:z].reshape(lanes, -1, shape.head), k[:, :z], preferred_element_type=jnp.float32
        )
        scores = jnp.where(jnp.tile(seen[:, a:z, :z], (1, many, 1)), scores, FAR)
        y = jnp.einsum("nqk,nke->nqe", softmax(scores).astype(v.dtype), v[:, :z])
        found.append(y.reshape(lanes, many, z - a, shape.head))
    y = jnp.concatenate(found, axis=2) if len(found) > 1 else found[0]
    return join_heads(shape, y.reshape(lanes, -1, shape.head), batch), (k, v)


def attend_cached(
    shape: Decoder,
    qkv: Float[Array, "batch features"],
    by: Turns,
    done: list[tuple[Cache, Bool[Array, "lanes time"] | None]],
    q_seen: Bool[Array, " time"],
    cache: Cache,
    place: Count,
) -> tuple[Float[Array, "batch width"], Cache]:
    """Attention of one token a sequence to finished caches, of which some keys may be hidden, and to an open one.

    The open cache gets the token's keys and values at `place`, in place; `q_seen` are its times up to that one.
    """
    from jax.lax import dynamic_update_slice

    q, k, v = split_heads(shape, qkv, qkv.shape[0], by)
    cache = (dynamic_update_slice(cache[0], k, (0, place, 0)), dynamic_update_slice(cache[1], v, (0, place, 0)))
    scores = [jnp.where(q_seen[None, None], _scores(q, cache[0]), FAR)]
    for (keys, _), seen in done:
        own = _scores(q, keys)
        scores.append(own if seen is None else jnp.where(seen[:, None], own, FAR))
    top = functools.reduce(jnp.maximum, [a.max(-1, keepdims=True) for a in scores])
    shares = [jnp.exp(a - top) for a in scores]
    total = functools.reduce(jnp.add, [a.sum(-1, keepdims=True) for a in shares])
    values = [cache[1], *(values for (_, values), _ in done)]
    y = functools.reduce(jnp.add, [_mixed(a, b) for a, b in zip(shares, values, strict=True)]) / total
    return join_heads(shape, y.astype(v.dtype), qkv.shape[0]), cache


def _scores(q: Array, keys: Array) -> Array:
    if q.shape[1] == 1:  # a product of matrix and vector, which XLA makes one loop on a CPU
        return jnp.einsum("ne,nte->nt", q[:, 0], keys, preferred_element_type=jnp.float32)[:, None]
    return jnp.einsum("nge,nte->ngt", q, keys, preferred_element_type=jnp.float32)


def _mixed(shares: Array, values: Array) -> Array:
    shares = shares.astype(values.dtype)
    if shares.shape[1] == 1:
        return jnp.einsum("nt,nte->ne", shares[:, 0], values, preferred_element_type=jnp.float32)[:, None]
    return jnp.einsum("ngt,nte->nge", shares, values, preferred_element_type=jnp.float32)
