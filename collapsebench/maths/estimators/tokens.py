"""Diversity of token blocks [n, block]: distinct and repeated grams, copies, entropies, and the slope of ranked counts.

A gram is told by two 32-bit hashes of its tokens: two different ones agree in both with probability 2^-64.
"""

from __future__ import annotations

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int, UInt32

from collapsebench.maths.estimators.counting import mix
from collapsebench.maths.numerics import divide, xlogy
from collapsebench.maths.sums import counts
from collapsebench.parts.data import Batch


def gram_hashes(x: Int[Array, "n block"], length: int) -> UInt32[Array, "2 n places"]:
    """Two hashes of every gram of `length` tokens within each block."""
    places = x.shape[1] - length + 1
    tokens, both = x.astype(jnp.uint32), []
    for salt in (0x9E3779B9, 0x85EBCA77):
        total = jnp.zeros((x.shape[0], places), jnp.uint32)
        for i in range(length):
            total = total + mix(tokens[:, i : i + places] ^ mix(jnp.uint32((salt * (2 * i + 1)) % 2**32)))
        both.append(total)
    return jnp.stack(both)


def _live(data: Batch, length: int) -> Bool[Array, "n places"]:
    return jnp.broadcast_to((data.w > 0)[:, None], (data.x.shape[0], data.x.shape[1] - length + 1))


def distinct_grams(data: Batch, length: int, budget: int | None = None) -> Float[Array, ""]:
    """Number of distinct grams over the number of grams, of the rows that weigh something.

    budget: only the first so many grams are looked at, as the share falls with the length of a text.
    """
    first, second = (h.reshape(-1)[:budget] for h in gram_hashes(data.x, length))
    live = _live(data, length).reshape(-1)[:budget]
    hidden, first, second = jax.lax.sort(((~live).astype(jnp.uint32), first, second), num_keys=3)
    new = (first[1:] != first[:-1]) | (second[1:] != second[:-1])
    new = jnp.concatenate([jnp.ones(1, bool), new]) & (hidden == 0)
    return divide(new.sum(dtype=data.w.dtype), live.sum(dtype=data.w.dtype))


def repeated_grams(data: Batch, length: int) -> Float[Array, ""]:
    """Mean over rows of the share of a row's grams that occurred before in the row: 1 - distinct / all."""
    first, second = gram_hashes(data.x, length)
    first, second = jax.lax.sort((first, second), num_keys=2, dimension=1)
    same = (first[:, 1:] == first[:, :-1]) & (second[:, 1:] == second[:, :-1])
    share = same.sum(axis=1, dtype=data.w.dtype) / first.shape[1]
    live = (data.w > 0).astype(data.w.dtype)
    return divide((live * share).sum(), live.sum())


def copied_grams(data: Batch, source: Batch, length: int) -> Float[Array, ""]:
    """Share of the grams of `data` that occur in `source`."""
    ours, theirs = gram_hashes(data.x, length).reshape(2, -1), gram_hashes(source.x, length).reshape(2, -1)
    mine, known = _live(data, length).reshape(-1), _live(source, length).reshape(-1)
    # Sorted together, those of the source first among equals: a gram is copied if its run begins with one of them.
    kind = jnp.concatenate([(~known).astype(jnp.uint32) * 2, jnp.where(mine, 1, 2).astype(jnp.uint32)])
    keys = jnp.concatenate([theirs, ours], axis=1)
    hidden, first, second, kind = jax.lax.sort(((kind == 2).astype(jnp.uint32), keys[0], keys[1], kind), num_keys=4)
    begins = jnp.concatenate([jnp.ones(1, bool), (first[1:] != first[:-1]) | (second[1:] != second[:-1])])
    leads = jnp.where(begins, kind, 0)
    at = jax.lax.cummax(jnp.where(begins, jnp.arange(kind.shape[0]), 0))
    copied = (kind == 1) & (leads[at] == 0) & (hidden == 0)
    return divide(copied.sum(dtype=data.w.dtype), mine.sum(dtype=data.w.dtype))


def token_counts(data: Batch, classes: int) -> Float[Array, " classes"]:
    """Weighted counts of the tokens."""
    w = jnp.broadcast_to(data.w[:, None], data.x.shape)
    return counts(data.x.reshape(-1), w.reshape(-1), classes)


def entropy_of(count: Float[Array, " k"]) -> Float[Array, ""]:
    """Entropy in nats of the distribution that counts are of, with Miller and Madow's correction, (kinds - 1) / (2 total).

    Source: Miller (1955), Note on the bias of information estimates.
    """
    total = count.sum()
    share = divide(count, total)
    return -xlogy(share, share).sum() + divide((count > 0).sum(dtype=count.dtype) - 1, 2 * total)


def gram_entropy(data: Batch, length: int) -> Float[Array, ""]:
    """Entropy in nats of the grams of `length` tokens, as `entropy_of`."""
    first, second = (h.reshape(-1) for h in gram_hashes(data.x, length))
    live = _live(data, length).reshape(-1)
    hidden, first, second = jax.lax.sort(((~live).astype(jnp.uint32), first, second), num_keys=3)
    begins = jnp.concatenate([jnp.ones(1, bool), (first[1:] != first[:-1]) | (second[1:] != second[:-1])])
    run = jnp.cumsum(begins) - 1
    count = jnp.zeros(run.shape[0], data.w.dtype).at[run].add((hidden == 0).astype(data.w.dtype))
    return entropy_of(count)


def kl_of_counts(count: Float[Array, " k"], real: Float[Array, " k"]) -> Float[Array, ""]:
    """KL(synthetic || real) of token counts in nats: cross entropy less the corrected entropy of `entropy_of`.

    inf where a token that does not occur in the real text does in the synthetic one.
    """
    share, truth = divide(count, count.sum()), divide(real, real.sum())
    cross = -jnp.where(share > 0, share * jnp.log(jnp.where(truth > 0, truth, 1)), 0).sum()
    missing = ((share > 0) & (truth == 0)).any()
    return jnp.where(missing, jnp.inf, cross - entropy_of(count))


def rank_slope(count: Float[Array, " k"], ranks: int) -> Float[Array, ""]:
    """Exponent of Zipf's law: minus the least-squares slope of log count on log rank over the `ranks` largest counts.

    Ranks without a token are left out.
    """
    top = jnp.sort(count)[::-1][:ranks]
    seen = (top > 0).astype(count.dtype)
    x, y = jnp.log(jnp.arange(1, top.shape[0] + 1, dtype=count.dtype)), jnp.log(jnp.where(top > 0, top, 1))
    mean_x, mean_y = divide((seen * x).sum(), seen.sum()), divide((seen * y).sum(), seen.sum())
    return -divide((seen * (x - mean_x) * (y - mean_y)).sum(), (seen * (x - mean_x) ** 2).sum())
