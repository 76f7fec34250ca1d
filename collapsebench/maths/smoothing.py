"""Probabilities of tokens from the counts of n-grams: maximum likelihood, additive, Witten-Bell."""

from __future__ import annotations

import jax.numpy as jnp
from jaxtyping import Array

from collapsebench.maths.distributions.chain import GramCounts, Tables
from collapsebench.maths.numerics import divide
from collapsebench.specs.pytree import Number

SMOOTHING = ("maximum_likelihood", "additive", "witten_bell")


def smoothed(
    count: Array, total: Array, kinds: Array, lower: Array, smoothing: str, strength: Number, classes: int
) -> Array:
    """Probability of a token after a context, from the token's count, the context's, and its number of different tokens.

    lower: the probability after the next shorter context (1 / classes before the empty one). maximum_likelihood: count /
    total, or `lower` where the context never occurred. additive: (count + strength) / (total + strength classes).
    witten_bell: (count + kinds lower) / (total + kinds). Source: Chen and Goodman (1999).
    """
    if smoothing == "additive":
        return jnp.where(total + strength > 0, divide(count + strength, total + strength * classes), 1 / classes)
    if smoothing == "witten_bell":
        return jnp.where(total > 0, divide(count + kinds * lower, total + kinds), lower)
    return jnp.where(total > 0, divide(count, total), lower)


def conditional_tables(data: GramCounts, smoothing: str, strength: Number, start: Tables) -> Tables:
    """Conditional tables of n-gram counts; see `smoothed` for the rules. An empty set leaves `start`."""
    tables: list[Array] = []
    lower = jnp.full((), 1 / data.tables[0].shape[-1], data.tables[0].dtype)
    for count in data.tables:
        total = count.sum(axis=-1, keepdims=True)
        kinds = (count > 0).sum(axis=-1, keepdims=True, dtype=count.dtype)
        lower = jnp.broadcast_to(lower, count.shape)
        lower = smoothed(count, total, kinds, lower, smoothing, strength, count.shape[-1])
        tables.append(lower)
    some = data.rows > 0
    return tuple(jnp.where(some, table, old) for table, old in zip(tables, start, strict=True))
