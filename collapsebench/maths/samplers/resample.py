"""Draws of rows and symbols by weight: with replacement by inverse CDF, without replacement by rejection of repeats."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from collapsebench.maths.samplers.bits import (
    PERMUTE,
    SLOT,
    UNIFORM,
    float_dtype,
    hash_words,
    key_words,
    over_lanes,
    product,
    to_words,
    whole_below,
    words_below,
)
from collapsebench.specs.errors import counted

_COMPARED = 32
"""Symbols up to which all are compared: look-ups do not vectorise on a CPU."""
_SLOTS, _DENSE, _ROUNDS = 8, 64, 64
"""Slots to a draw of a table of hashed rows; rows to a draw up to which every row has its own slot; turns at most."""


def _cumulative(weights):
    """Running sums along the last axis as two words, exact to 2**-63 of (number of symbols times the largest weight).

    Sums of whole numbers: no weight is lost beside a large sum, and one of 0 never owns a sliver.
    """
    largest = jnp.max(weights, axis=-1, keepdims=True)
    share = jnp.where(weights > 0, weights, 0) / jnp.where(largest > 0, largest, 1)
    high, low = to_words(share * 2.0 ** (31 - weights.shape[-1].bit_length()))
    total = lax.cumsum(low, axis=weights.ndim - 1)
    return lax.cumsum(high + (total < low).astype(jnp.uint32), axis=weights.ndim - 1), total


def _at_most(a, b):
    """Whether the number of two words a is at most b; by a carry, as a branch would be guessed wrong half of the time."""
    return a[0] + (a[1] > b[1]).astype(jnp.uint32) <= b[0]


def _search(sums, value):
    """Number of the running sums [lanes, symbols] of its lane that are at most each value [lanes, n], by bisection."""
    steps = sums[0].shape[1].bit_length()
    width = 2**steps - 1
    spare = ((0, 0), (0, width - sums[0].shape[1]))
    # What is added lies above every value, and its low word adds no carry to it.
    high = jnp.pad(sums[0], spare, constant_values=np.uint32(0xFFFFFFFF)).reshape(-1)
    low = jnp.pad(sums[1], spare).reshape(-1)
    start = lax.broadcasted_iota(jnp.int32, value[0].shape, 0) * width

    def halve(turn, found):
        step = lax.shift_left(np.int32(1), steps - 1 - turn.astype(jnp.int32))
        place = found + step - 1
        here = tuple(word.at[place].get(mode="promise_in_bounds") for word in (high, low))
        return jnp.where(_at_most(here, value), found + step, found)

    # A loop and not `steps` copies, each of which would hash the bits of the values again.
    return lax.fori_loop(0, steps, halve, start) - start


@over_lanes
def _categorical(k0, k1, high, low, index):
    """Symbols [lanes, n] for the two words of the running sums [lanes, symbols]."""
    size, sums = high.shape[1], (high, low)
    value = words_below(*hash_words(k0[:, None], k1[:, None], UNIFORM, index), (high[:, -1:], low[:, -1:]))
    if size <= _COMPARED:
        each = (_at_most((high[:, i : i + 1], low[:, i : i + 1]), value) for i in range(size))
        found = sum(reached.astype(jnp.int32) for reached in each)
    else:
        found = _search(sums, value)
    return jnp.where(found < size, found, 0)


@partial(jax.jit, static_argnames="n", inline=True)
def categorical_rows(key: jax.Array, probs: jax.Array, n: int) -> jax.Array:
    """n symbols [n] as int32, drawn independently in proportion to probs [symbols] (they need not sum to 1).

    A symbol of probability 0 is never returned, unless all are 0: then 0 is. Exact to 2**-63 of the largest probability
    times the number of symbols. Cost: log2(symbols) look-ups a draw, and no table of n by symbols.
    """
    sums = _cumulative(jnp.asarray(probs, float_dtype(probs)))  # once, where all lanes have the same
    return _categorical(*key_words(key), *sums, lax.iota(jnp.uint32, n))


@partial(jax.jit, static_argnames="n", inline=True)
def choose_rows(key: jax.Array, weights: jax.Array, n: int) -> jax.Array:
    """n row indices [n] as int32, drawn with replacement in proportion to weights [rows].

    Where the rows that count come first and weigh the same, as in most training sets, a row is a whole random number
    and nothing is searched.
    """
    return _choose(*key_words(key), weights, lax.iota(jnp.uint32, n))


@over_lanes
def _choose(k0, k1, weights, index):
    """Row indices [lanes, n] for weights [lanes, rows]."""
    live = jnp.sum(weights > 0, axis=1)
    places = lax.iota(jnp.int32, weights.shape[1])
    level = jnp.all(weights == jnp.where(places[None] < live[:, None], weights[:, :1], 0), axis=1)
    bits = hash_words(k0[:, None], k1[:, None], UNIFORM, index)
    whole = whole_below(*bits, live[:, None].astype(jnp.uint32)).astype(jnp.int32)

    def search():
        return jnp.where(level[:, None], whole, _categorical.lanes(k0, k1, *_cumulative(weights), index))

    return lax.cond(jnp.all(level), lambda: whole, search)


@partial(jax.jit, static_argnames="n", inline=True)
def subsample_rows(key: jax.Array, weights: jax.Array, n: int, rows=None) -> tuple[jax.Array, jax.Array]:
    """n different rows of positive weight, uniformly without replacement: (rows [n] int32, kept [n] bool).

    `rows` may say that all of them lie among so many first; it may be traced, as may how many are positive. If fewer
    than n are, they come first and `kept` is False after them.
    Law: uniform over ordered subsets. Cost: of the order of n where a good part of the first `rows` weighs something.
    """
    size = weights.shape[0]
    if n > size:
        raise ValueError(f"n = {n}: there are {counted(size, 'row')}")
    rows = jnp.asarray(size if rows is None else rows, jnp.uint32)
    return _subsample(*key_words(key), weights, rows, lax.iota(jnp.uint32, n))


@over_lanes
def _subsample(k0, k1, weights, rows, index):
    """(rows, kept), [lanes, n] each, for weights [lanes, size].

    In a turn each draw that is left names a row and claims the row's slot of a table; the first claim keeps a slot. Slots of
    a table that is smaller than the set of rows are hashed, so that different rows may meet too: rows are alike to a random
    hash, hence every subset remains as likely. All draws take turns until an eighth is left, and these go on by themselves.
    Where the turns do not suffice (hardly any row weighs something, or fewer than n do), all is drawn by a random order.
    """
    (lanes, n), size, few = index.shape, weights.shape[1], index.shape[1] // 8
    slots = size if size <= _DENSE * n else max(_SLOTS * n, 64)
    words, lane = (k0[:, None], k1[:, None]), lax.iota(jnp.int32, lanes)[:, None]
    flat = weights.reshape(-1)

    def named(attempt, index):
        return whole_below(*hash_words(*words, PERMUTE + attempt, index), rows[:, None])

    def turns(most, index, attempt, left, table):
        """(attempt, row, left, table) after turns of the draws `left` [lanes, m], until a lane has at most `most` left."""

        def turn(state):
            attempt, row, left, table, _ = state
            at = row.astype(jnp.int32)
            alive = flat.at[lane * size + at].get(mode="promise_in_bounds") > 0
            if slots < size:
                hashed = product(hash_words(*words, SLOT, row)[0], np.uint32(slots))[0]
                at = jnp.where(rows[:, None] <= slots, row, hashed).astype(jnp.int32)
            slot = lane * slots + at
            claim = jnp.where(left & alive, (attempt * np.uint32(n) + index).astype(jnp.int32), _ROUNDS * n)
            table = table.at[slot.reshape(-1)].min(claim.reshape(-1), mode="promise_in_bounds")
            held = table.at[slot].get(mode="promise_in_bounds")
            left = left & ~(alive & (held == claim))
            more = (attempt + 1 < _ROUNDS) & jnp.any(jnp.sum(left, axis=1) > most)
            # A branch and not the next turn's first step: what a loop carries is stored, and not hashed for every use.
            row = lax.cond(more, lambda: jnp.where(left, named(attempt + 1, index), row), lambda: row)
            return attempt + 1, row, left, table, more

        begun = attempt, named(attempt, index), left, table, jnp.any(left)
        return lax.while_loop(lambda state: state[4], turn, begun)[:4]

    table = jnp.full(lanes * slots, _ROUNDS * n, jnp.int32)
    attempt, row, left, table = turns(few, index, np.uint32(0), jnp.ones((lanes, n), bool), table)
    if few:
        place = jnp.where(left, jnp.cumsum(left, axis=1) - 1, few)
        queue = jnp.full((lanes, few), n, jnp.uint32).at[lane, place].set(index, mode="drop")
        _, found, left, _ = turns(0, queue, attempt, queue < n, table)
        row = row.at[lane, queue.astype(jnp.int32)].set(found, mode="drop")
    stuck = jnp.any(left, axis=1, keepdims=True)

    def by_order():
        high, low = hash_words(*words, PERMUTE - 1, lax.iota(jnp.uint32, size)[None])
        place = lax.broadcasted_iota(jnp.int32, weights.shape, 1)
        dead = ~(weights > 0)
        order = lax.sort((dead.astype(jnp.uint32), high, low, place), num_keys=3, dimension=1)[3][:, :n]
        kept = index < jnp.sum(~dead, axis=1, dtype=jnp.uint32)[:, None]
        return jnp.where(stuck, order, row.astype(jnp.int32)), ~stuck | kept

    return lax.cond(jnp.any(stuck), by_order, lambda: (row.astype(jnp.int32), jnp.ones((lanes, n), bool)))
