"""Sentences inside token blocks [n, block], each between two ends: equations of logic that are true, and edit distances."""

from __future__ import annotations

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int, PyTree

from collapsebench.maths.numerics import divide

TRUE, FALSE, NOT, AND, OR, OPEN, CLOSE, EQUALS = range(8)
SIGNS = "TF!&|()="
"""Signs of the boolean language, each at the place of its code."""
END, OTHER = 8, 9
DEEPEST = 31
"""Parentheses inside each other, one bit each, that are followed; an equation with more counts as wrong."""


def correct_share(codes: Int[Array, "n block"], w: Float[Array, " n"]) -> Float[Array, ""]:
    """Share of the whole sentences, of rows that weigh something, that are equations whose right side is the left's value.

    codes: places of SIGNS, END or OTHER. A sentence is whole if the row holds the ends before and after it. 0 for none.
    """
    right, whole = jax.vmap(_judged)(codes)
    live = w > 0
    count = (whole * live).sum(dtype=w.dtype)
    return divide((right * live).sum(dtype=w.dtype), count)


def _judged(codes: Int[Array, " block"]) -> tuple[Int[Array, ""], Int[Array, ""]]:
    """Number of right sentences and of whole ones in a row.

    `E = T | F | !E | (E&E) | (E|E)`, read from left to right. A sign is expected to be the start of an operand (state 0),
    or to follow a whole one (1), or to be the right side (2); after that comes the end (3). Of every open parenthesis
    three bits are kept: whether it is negated, its left operand and whether it has had its sign, and which.
    """
    zero = jnp.uint32(0)
    start = {
        "state": jnp.int32(0), "fine": jnp.bool_(True), "value": jnp.bool_(False), "negated": jnp.bool_(False),
        "depth": jnp.int32(0), "outer": zero, "left": zero, "signed": zero, "conjunction": zero,
    }  # fmt: skip

    def step(carry: PyTree, code: Array) -> tuple[PyTree, None]:
        s = carry["own"]
        operand, after = s["state"] == 0, s["state"] == 1
        value = code == TRUE
        atom = value | (code == FALSE)
        inside = s["depth"] > 0
        signed = (s["signed"] & 1) == 1
        outer, left = (s["outer"] & 1) == 1, (s["left"] & 1) == 1
        both = jnp.where((s["conjunction"] & 1) == 1, left & s["value"], left | s["value"])
        is_atom, is_not, is_open = operand & atom, operand & (code == NOT), operand & (code == OPEN)
        is_sign = after & inside & ~signed & ((code == AND) | (code == OR))
        is_close = after & inside & signed & (code == CLOSE)
        is_equals, is_right = after & ~inside & (code == EQUALS), (s["state"] == 2) & atom
        known = is_atom | is_not | (is_open & (s["depth"] < DEEPEST)) | is_sign | is_close | is_equals | is_right

        def moved(bits: Array) -> Array:
            return jnp.where(is_open, bits << 1, jnp.where(is_close, bits >> 1, bits))

        new = {
            "state": jnp.select(
                [is_atom | is_close, is_equals, is_right, is_not | is_open | is_sign], [1, 2, 3, 0], s["state"]
            ),
            "fine": s["fine"] & known & ~(is_right & (value != s["value"])),
            "value": jnp.where(is_atom, value ^ s["negated"], jnp.where(is_close, both ^ outer, s["value"])),
            "negated": jnp.where(is_not, ~s["negated"], s["negated"] & ~(is_atom | is_open)),
            "depth": s["depth"] + is_open - is_close,
            "outer": moved(s["outer"]) | (is_open & s["negated"]).astype(jnp.uint32),
            "left": moved(s["left"]) | (is_sign & s["value"]).astype(jnp.uint32),
            "signed": moved(s["signed"]) | is_sign.astype(jnp.uint32),
            "conjunction": moved(s["conjunction"]) | (is_sign & (code == AND)).astype(jnp.uint32),
        }
        over = code == END
        whole = over & carry["begun"]
        right = whole & s["fine"] & (s["state"] == 3)
        own = jax.tree.map(lambda fresh, old: jnp.where(over, fresh, old), start, new)
        counts = {"right": carry["right"] + right, "whole": carry["whole"] + whole}
        return {"own": own, "begun": carry["begun"] | over, **counts}, None

    zeros = {"right": jnp.int32(0), "whole": jnp.int32(0)}
    last, _ = jax.lax.scan(step, {"own": start, "begun": jnp.bool_(False), **zeros}, codes)
    return last["right"], last["whole"]


def first_sentences(x: Int[Array, "n block"], end: int) -> tuple[Int[Array, "n block"], Int[Array, " n"]]:
    """The first whole sentence of each row, from the left, and its length; -1 for a row without one."""
    block = x.shape[1]
    ends = jnp.cumsum(x == end, axis=1)
    begin = jnp.argmax(ends == 1, axis=1) + 1  # the place behind the first end
    length = jnp.where(ends[:, -1] > 1, jnp.argmax(ends == 2, axis=1) - begin, -1)
    shifted = jnp.take_along_axis(x, (begin[:, None] + jnp.arange(block)[None]) % block, axis=1)
    return shifted, length


def edit_distance(
    a: Int[Array, " block"], b: Int[Array, " block"], a_length: Int[Array, ""], b_length: Int[Array, ""]
) -> Int[Array, ""]:
    """Levenshtein distance of the first a_length and b_length tokens: fewest insertions, deletions and substitutions."""
    places = jnp.arange(b.shape[0] + 1)

    def step(row: Array, token_at: tuple[Array, Array]) -> tuple[Array, None]:
        token, i = token_at
        least = jnp.minimum(row[:-1] + (b != token), row[1:] + 1)
        # What an insertion after another one costs runs along the row: a minimum over all that come before.
        new = jax.lax.cummin(jnp.concatenate([(i + 1)[None], least]) - places) + places
        return jnp.where(i < a_length, new, row), None

    row, _ = jax.lax.scan(step, places, (a, jnp.arange(a.shape[0])))
    return row[b_length]


def edit_spread(
    x: Int[Array, "n block"], lengths: Int[Array, " n"], live: Bool[Array, " n"], dtype: jnp.dtype
) -> Float[Array, ""]:
    """Mean over pairs of live rows of the Levenshtein distance over the longer length; 0 for two empty ones, and for no pair.

    Source: Briesch, Sobania and Rothlauf (2023), arXiv:2311.16822.
    """
    lengths = jnp.maximum(lengths, 0)

    def against(i: Array) -> Array:
        one = jax.vmap(edit_distance, (None, 0, None, 0))(x[i], x, lengths[i], lengths).astype(dtype)
        share = one / jnp.maximum(jnp.maximum(lengths, lengths[i]), 1).astype(dtype)
        return jnp.where(live & live[i] & (jnp.arange(x.shape[0]) < i), share, 0).sum()

    total = jax.lax.map(against, jnp.arange(x.shape[0])).sum()
    n = live.sum(dtype=dtype)
    return divide(total, n * (n - 1) / 2)
