"""Multinomial counts at a cost that follows the number of symbols of positive probability."""

import functools
import operator
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from collapsebench.maths.samplers.binomial import propose_binomial
from collapsebench.maths.samplers.bits import CHAIN, CHAIN_TOP, REFUSED, float_dtype, hash_words, key_words, over_lanes

_CHAINS = 8


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


def _chain(k0, k1, tag, index, n, mass, rest, start, stride, target, out):
    """Split each n along its own chain of conditional binomials and write the counts into the flat `out`.

    Chain i reads mass and rest (its mass after here) at start[i] + stride * step, and writes at that place's target.
    The smaller of the two is drawn: beside a mass of 1, a share of 1e-9 is no float, and would never be.
    Every turn of the one loop makes one proposal for each chain, and a chain that accepts moves on by itself: refusals
    cost no waiting. The proposal is carried into the next turn, where several things follow from it.
    """

    def turn(state):
        attempt, place, left, proposal, out = state
        accepted = (proposal != REFUSED) & (left > 0)
        to = place if target is None else target.at[place].get(mode="promise_in_bounds")
        out = out.at[jnp.where(accepted, to, out.size)].set(proposal, mode="drop", unique_indices=True)
        left = jnp.where(accepted, left - proposal, left)
        place = jnp.where(accepted & (left > 0), place + stride, place)
        here, after = (array.at[place].get(mode="promise_in_bounds") for array in (mass, rest))
        rare = jnp.minimum(here, after) / (here + after)
        proposal = propose_binomial(*hash_words(k0, k1, tag + attempt, index), left, rare, here > after)
        return attempt + 1, place, left, proposal, out

    state = (np.uint32(0), start, n, jnp.full_like(n, REFUSED), out)
    return lax.while_loop(lambda state: jnp.any(state[2] > 0), turn, state)[4]


@over_lanes
def _multinomial(k0, k1, n, probs):
    """Counts [lanes, size] of n [lanes] draws."""
    lanes, size = probs.shape
    chains = min(_CHAINS, size)
    rows, block = -(-size // chains), lanes * chains
    target, alive = _compact(probs > 0, chains)
    flat = probs.reshape(-1)
    lane, chain = (lax.broadcasted_iota(jnp.int32, (lanes, chains), axis).reshape(-1) for axis in (0, 1))
    last = alive[lane] - chain  # the row of a chain is alive while row * chains < this

    def accumulate(state):
        row, total, lost, mass, rest = state
        here = flat.at[lax.dynamic_slice(target, (row * block,), (block,))].get(mode="promise_in_bounds")
        here = jnp.where(row * chains < last, here, 0)
        mass, rest = (lax.dynamic_update_slice(to, a, (row * block,)) for to, a in ((mass, here), (rest, total)))
        gain = here - lost if rows > 1024 else here  # Kahan's sum: equal terms are all rounded the same way
        more = total + gain
        return row - 1, more, (more - total) - gain, mass, rest

    empty = jnp.zeros(rows * block, probs.dtype)
    state = ((jnp.max(alive) - 1) // chains, empty[:block], empty[:block], empty, empty)
    _, total, _, mass, rest = lax.while_loop(lambda state: state[0] >= 0, accumulate, state)

    valid = (n >= 0) & (n < jnp.inf) & (alive > 0)
    n = jnp.where(valid, n, 0)
    after = jnp.pad(total.reshape(lanes, chains)[:, 1:], ((0, 0), (0, 1)))
    after = lax.cumsum(after, axis=1, reverse=True).reshape(-1)
    first = lax.iota(jnp.int32, lanes) * chains
    shares = _chain(k0, k1, CHAIN_TOP, jnp.uint32(0), n, total, after, first, 1, None, jnp.zeros(block, probs.dtype))
    counts = _chain(k0[lane], k1[lane], CHAIN, chain.astype(jnp.uint32), shares, mass, rest,
                    lax.iota(jnp.int32, block), block, target, jnp.zeros(lanes * size, probs.dtype))  # fmt: skip
    return jnp.where(valid[:, None], counts.reshape(lanes, size), jnp.nan)


@partial(jax.jit, inline=True)
def multinomial(key: jax.Array, n, probs: jax.Array) -> jax.Array:
    """Counts [symbols] of n draws from probs [symbols], as floats of probs' dtype that sum to n exactly.

    n (whole, up to 2**24 in float32) and probs (non-negative; only their ratios matter) may be traced. A symbol of
    probability 0 has count 0. NaN where n is negative or no probability is positive.
    Law: chains of conditional binomials over the positive symbols; no draw is made singly, dead symbols are skipped.
    """
    dtype = float_dtype(probs)
    return _multinomial(*key_words(key), jnp.asarray(n, dtype), jnp.asarray(probs, dtype))
