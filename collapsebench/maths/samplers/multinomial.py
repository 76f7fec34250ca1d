"""Multinomial counts at a cost that follows the number of symbols of positive probability."""

import functools
import math
import operator
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from collapsebench.maths.samplers.binomial import binomial_by_turns
from collapsebench.maths.samplers.bits import CHAIN, CHAIN_TOP, float_dtype, key_words, over_lanes

_FEW = 16
"""So many symbols are drawn one after another, the dead ones too."""


def _compact(alive, chains):
    """Flat positions of the symbols of positive probability [rows * lanes * chains], and their number in each lane.

    Flags are packed into words of 32; a word holds symbols far apart, so that neighbours that live together fill no
    word. Each turn places one symbol of each word: as many turns as the fullest word holds.
    """
    lanes, size = alive.shape
    width = -(-size // 32)
    rows = -(-size // chains)
    parts = [alive[:, at : at + width] for at in range(0, size, width)]
    parts[-1] = jnp.pad(parts[-1], ((0, 0), (0, width - parts[-1].shape[1])))
    bits = (jnp.where(part, np.uint32(1 << i), np.uint32(0)) for i, part in enumerate(parts))
    words = functools.reduce(operator.or_, bits)
    counts = lax.population_count(words).astype(jnp.int32)
    slot = jnp.cumsum(counts, axis=1) - counts
    lane = lax.broadcasted_iota(jnp.int32, words.shape, 0)
    symbol = lane * size + lax.broadcasted_iota(jnp.int32, words.shape, 1)

    def turn(state):
        words, slot, places = state
        bit = lax.population_count((words & -words) - 1).astype(jnp.int32)
        to = (slot // chains) * (lanes * chains) + lane * chains + slot % chains
        to = jnp.where(words > 0, to, places.size)
        places = places.at[to.reshape(-1)].set((symbol + width * bit).reshape(-1), mode="drop", unique_indices=True)
        return words & (words - 1), slot + 1, places

    start = (words, slot, jnp.zeros(rows * lanes * chains, jnp.int32))
    return lax.while_loop(lambda state: jnp.any(state[0] > 0), turn, start)[2], jnp.sum(counts, axis=1)


def _sums(mass):
    """Sums [lanes] over the rows of mass [rows, lanes], and those [rows, lanes] of the rows that follow each.

    Kahan's: equal terms are all rounded the same way.
    """

    def add(i, state):
        total, lost, rest = state
        row = mass.shape[0] - 1 - i
        gain = mass[row] - lost
        more = total + gain
        return more, (more - total) - gain, lax.dynamic_update_index_in_dim(rest, total, row, 0)

    zero = jnp.zeros_like(mass[0])
    total, _, rest = lax.fori_loop(0, mass.shape[0], add, (zero, zero, mass))
    return total, rest


def _in_turn(k0, k1, tag, place, n, mass, rest):
    """Counts [rows, lanes] of n [lanes] draws, one row after another: of what is left, at its share of the rest.

    mass, rest [rows, lanes]: not negative, and those of `_sums`; some are positive where n is. place(row): the draws'
    counters [lanes] under their keys. The smaller of the two shares is drawn: beside 1, one of 1e-9 would never be.
    """

    def draw(state):
        row, left, counts = state
        here, after = mass[row], rest[row]
        rare = jnp.where(left > 0, jnp.minimum(here, after) / (here + after), 0)
        drawn = binomial_by_turns(k0, k1, tag, place(row), left, rare)
        drawn = jnp.where(here > after, left - drawn, drawn)
        return row + 1, left - drawn, lax.dynamic_update_index_in_dim(counts, drawn, row, 0)

    more = lambda state: (state[0] < len(mass) - 1) & jnp.any(state[1] > 0)  # noqa: E731
    _, left, counts = lax.while_loop(more, draw, (np.int32(0), n, jnp.zeros_like(mass)))
    return lax.dynamic_update_index_in_dim(counts, left, len(mass) - 1, 0)


@over_lanes
def _multinomial(k0, k1, n, probs):
    """Counts [lanes, size] of n [lanes] draws."""
    valid = (n >= 0) & (n < jnp.inf) & jnp.any(probs > 0, axis=1)
    n, probs = jnp.where(valid, n, 0), jnp.where(probs > 0, probs, 0)
    draw = _symbols_in_turn if probs.shape[1] <= _FEW else _symbols_by_chains
    return jnp.where(valid[:, None], draw(k0, k1, n, probs), jnp.nan)


def _symbols_in_turn(k0, k1, n, probs, tag=CHAIN):
    place = lambda row: jnp.full_like(k0, row)  # noqa: E731
    return _in_turn(k0, k1, tag, place, n, probs.T, _sums(probs.T)[1]).T


def _symbols_by_chains(k0, k1, n, probs):
    """The symbols that live are dealt out to chains, which are drawn from side by side: about as many as each is long."""
    lanes, size = probs.shape
    chains = max(8, 1 << round(math.log2(size) / 2))
    rows, block = -(-size // chains), lanes * chains
    target, alive = _compact(probs > 0, chains)
    target = target.reshape(rows, block)
    lane, chain = (lax.broadcasted_iota(jnp.int32, (lanes, chains), axis).reshape(-1) for axis in (0, 1))
    lives = lax.iota(jnp.int32, rows)[:, None] * chains < alive[lane] - chain
    mass = jnp.where(lives, probs.reshape(-1).at[target].get(mode="promise_in_bounds"), 0)
    total, rest = _sums(mass)
    shares = _symbols_in_turn(k0, k1, n, total.reshape(lanes, chains), CHAIN_TOP).reshape(-1)
    place = lambda row: target[row].astype(jnp.uint32) % np.uint32(size)  # noqa: E731
    counts = _in_turn(k0[lane], k1[lane], CHAIN, place, shares, mass, rest)
    to = jnp.where(lives, target, probs.size).reshape(-1)
    drawn = jnp.zeros(probs.size, probs.dtype).at[to].set(counts.reshape(-1), mode="drop", unique_indices=True)
    return drawn.reshape(lanes, size)


@partial(jax.jit, inline=True)
def multinomial(key: jax.Array, n, probs: jax.Array) -> jax.Array:
    """Counts [symbols] of n draws from probs [symbols], as floats of probs' dtype that sum to n exactly.

    n (whole, up to 2**24 in float32) and probs (non-negative; only their ratios matter) may be traced. A symbol of
    probability 0 has count 0. NaN where n is negative or no probability is positive.
    Law: conditional binomials, one symbol after another; no draw is made singly. Of many symbols, those of probability 0
    are skipped, and the others dealt out to chains, whose totals are drawn first.
    """
    dtype = float_dtype(probs)
    return _multinomial(*key_words(key), jnp.asarray(n, dtype), jnp.asarray(probs, dtype))
