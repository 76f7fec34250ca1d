"""Generation over a cache of keys and values, in one compiled program: draws and beam search."""

from __future__ import annotations

from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
from jax.typing import DTypeLike
from jaxtyping import Array, Float, Int, PyTree

from collapsebench.learning.language.architecture import Decoder
from collapsebench.learning.language.attention import Cache, attend_cached, turns
from collapsebench.learning.language.decoder import Tokens, embed, head, hidden, layers
from collapsebench.learning.language.decoding import Decoding
from collapsebench.maths.numerics import whole_products
from collapsebench.maths.streams import part
from collapsebench.specs.errors import RequestError, counted
from collapsebench.specs.pytree import Count, Key

CHUNK, MOST_CHUNKS = 32, 4
"""Steps that share one open cache, which is then finished: a constant of the next loop, which copies and slices nothing."""
GROUP, LARGE_GROUP = 32, 256
"""Sequences that are drawn side by side on a processor and on an accelerator: each step reads the weights once for all.

A decoder of .8M weights on two cores of a Xeon: 22, 30, 39 and 45 thousand tokens/s for 4, 8, 16 and 32. An EPYC with a
quarter of its cache a core was fastest at 8, by a seventh.
"""
Done = list[tuple[list[Cache], Array | None]]


def check_length(shape: Decoder, prompt: int, steps: int) -> None:
    """Raise RequestError unless a prompt and so many tokens behind it have positions."""
    if prompt < 1 or steps < 1:
        raise RequestError(f"prompt of {counted(prompt, 'token')}, {steps} to generate: at least one of each")
    if prompt + steps - 1 > shape.context:
        raise RequestError(f"context = {shape.context}: {prompt} tokens and {steps} more are longer than this model's")


def generate(
    shape: Decoder, params: PyTree, key: Key, prompts: Tokens, steps: int, decoding: Decoding,
    pads: Int[Array, " batch"] | None = None, group: int | None = None,
) -> Int[Array, "batch steps"]:  # fmt: skip
    """`steps` tokens behind each prompt.

    pads: so many leading tokens of a prompt are no part of it, so that shorter prompts stand at the right. group:
    sequences that are drawn side by side, one group after another (None: by device). Raises RequestError beyond the context.
    """
    check_length(shape, prompts.shape[1], steps)
    decoding.check(shape.vocabulary)
    own = group or (GROUP if jax.default_backend() == "cpu" else LARGE_GROUP)
    return _generate(shape, params, key, prompts, steps, decoding, pads, own)


def continue_blocks(
    shape: Decoder, params: PyTree, key: Key, prompts: Tokens, steps: int, decoding: Decoding, start: int,
) -> Int[Array, "batch steps"]:  # fmt: skip
    """`steps` tokens behind each prompt, which follows the token `start` and may be empty.

    Where prompt and continuation are longer than the context, half a context at a time, behind as much as fits before it.
    """
    batch, length = prompts.shape
    text, most = prompts, steps if length + steps <= shape.context else max(1, shape.context // 2)
    first = jnp.full((batch, 1), start, jnp.int32)
    for i, done in enumerate(range(0, steps, most)):
        size = min(most, steps - done)
        known = text[:, max(0, text.shape[1] - (shape.context - size)) :]
        made = generate(shape, params, part(key, i), jnp.concatenate([first, known], axis=1), size, decoding)
        text = jnp.concatenate([text, made], axis=1)
    return text[:, length:]


@partial(jax.jit, static_argnames=("shape", "steps", "group"))
@whole_products()
def _generate(
    shape: Decoder,
    params: PyTree,
    key: Key,
    prompts: Tokens,
    steps: int,
    decoding: Decoding,
    pads: Array | None,
    group: int,
) -> Array:
    batch = prompts.shape[0]
    group = min(group, batch)
    extra = -batch % group
    rows = (prompts, jax.random.uniform(key, (batch, steps)), pads)
    rows = jax.tree.map(lambda a: jnp.pad(a, ((0, extra), *((0, 0),) * (a.ndim - 1)), mode="edge"), rows)
    rows = jax.tree.map(lambda a: a.reshape(-1, group, *a.shape[1:]), rows)

    def one(own: PyTree) -> Array:
        if decoding.beams is not None:
            return beam_search(shape, params, own[0], steps, decoding.beams, own[2], decoding.stop)[0]
        return _drawn(shape, params, own[0], own[1].T, decoding, own[2]).T

    found = jax.lax.map(one, rows) if extra + batch > group else one(jax.tree.map(lambda a: a[0], rows))[None]
    return found.reshape(-1, steps)[:batch]


def _prefilled(shape: Decoder, params: PyTree, prompts: Tokens, pads: Array | None) -> Done:
    """Caches of all but the prompts' last tokens."""
    if prompts.shape[1] == 1:
        return []
    _, kept = hidden(shape, params, prompts[:, :-1], pads)
    seen = None if pads is None else jnp.arange(prompts.shape[1] - 1)[None] >= jnp.tile(pads, shape.groups)[:, None]
    return [(kept, seen)]


def step_logits(
    shape: Decoder, params: PyTree, token: Int[Array, " batch"], place: Count, start: int, done: Done,
    caches: list[Cache], pads: Array | None,
) -> tuple[Float[Array, "batch vocabulary"], list[Cache]]:  # fmt: skip
    """Logits behind one more token a sequence, and the open caches, which begin at `start`, with it."""
    places = jnp.full(token.shape, place) if pads is None else place - pads
    by = turns(shape, places[:, None])
    upto = jnp.arange(caches[0][0].shape[1]) <= place - start

    def attend(i: int, qkv: Array) -> tuple[Array, Cache]:
        own = [(kept[i], seen) for kept, seen in done]
        return attend_cached(shape, qkv, by, own, upto, caches[i], place - start)

    x, caches = layers(shape, params, embed(shape, params, token, places), attend)
    return head(params, x), caches


def _empty(shape: Decoder, batch: int, length: int, dtype: DTypeLike) -> list[Cache]:
    one = jnp.zeros((shape.groups * batch, length, shape.head), dtype)
    return [(one, one)] * shape.layers


def _drawn(
    shape: Decoder, params: PyTree, prompts: Tokens, uniforms: Float[Array, "steps batch"], decoding: Decoding,
    pads: Array | None,
) -> Int[Array, "steps batch"]:  # fmt: skip
    """Draws behind prompts, one uniform number a token."""
    batch, length = prompts.shape
    steps = uniforms.shape[0]
    dtype = params["tokens"].dtype
    done = _prefilled(shape, params, prompts, pads)
    seen = None
    if decoding.repetition is not None:
        valid = jnp.ones_like(prompts, bool) if pads is None else jnp.arange(length)[None] >= pads[:, None]
        seen = jnp.zeros((batch, shape.vocabulary), bool).at[jnp.arange(batch)[:, None], prompts].max(valid)
    state: Any = (prompts[:, -1], jnp.zeros(batch, bool), seen)
    chunk = max(CHUNK, -(-steps // MOST_CHUNKS))
    found = []
    for first in range(0, steps, chunk):
        last = min(first + chunk, steps)
        start = length - 1 + first
        earlier = list(done)

        def body(carry: PyTree, inputs: PyTree, start: int = start, earlier: Done = earlier) -> tuple[PyTree, Array]:
            (token, over, seen), caches = carry
            logits, caches = step_logits(shape, params, token, inputs[0], start, earlier, caches, pads)
            token = decoding.choose(logits, inputs[1], seen)
            if decoding.stop is not None:
                token = jnp.where(over, decoding.stop, token)
                over = over | (token == decoding.stop)
            if seen is not None:
                seen = seen.at[jnp.arange(batch), token].set(True)
            return ((token, over, seen), caches), token

        places = jnp.arange(start, start + last - first)
        open_caches = _empty(shape, batch, last - first, dtype)
        (state, caches), tokens = jax.lax.scan(body, (state, open_caches), (places, uniforms[first:last]))
        found.append(tokens)
        done = _joined(done, caches, pads)
    return jnp.concatenate(found)


def _joined(done: Done, caches: list[Cache], pads: Array | None) -> Done:
    """Finished caches with one more: in one array, but beside that of a prompt of which keys are hidden."""
    if not done or (pads is not None and len(done) == 1):
        return [*done, (caches, None)]
    *others, (kept, seen) = done
    joined = [
        (jnp.concatenate([a[0], b[0]], 1), jnp.concatenate([a[1], b[1]], 1)) for a, b in zip(kept, caches, strict=True)
    ]
    return [*others, (joined, seen)]


def beam_search(
    shape: Decoder, params: PyTree, prompts: Tokens, steps: int, beams: int, pads: Array | None = None,
    stop: int | None = None,
) -> tuple[Int[Array, "batch steps"], Float[Array, " batch"]]:  # fmt: skip
    """Likeliest continuation that a search of so many beams finds, and its log probability.

    A continuation that has come to `stop` goes on with it at probability 1. There is no reward for length.
    """
    batch, length = prompts.shape
    size = shape.vocabulary
    prefilled = _prefilled(shape, params, prompts, pads)

    def spread(a: Array, lanes: int) -> Array:
        """Rows [lanes * batch, ...] once for each beam: [lanes * batch * beams, ...]."""
        return jnp.repeat(a.reshape(lanes, batch, *a.shape[1:]), beams, axis=1).reshape(-1, *a.shape[1:])

    done = jax.tree.map(lambda a: spread(a, shape.groups), prefilled)
    wide = None if pads is None else spread(pads, 1)
    only = jnp.eye(size)[stop] > 0 if stop is not None else jnp.zeros(size, bool)

    def body(carry: PyTree, place: Array) -> tuple[PyTree, None]:
        token, total, text, caches = carry
        logits, caches = step_logits(shape, params, token, place, length - 1, done, caches, wide)
        logp = jax.nn.log_softmax(logits).reshape(batch, beams, size)
        if stop is not None:
            over = ((text == stop) & (jnp.arange(steps) < place - (length - 1))[None, None]).any(-1)
            logp = jnp.where(over[..., None], jnp.where(only, 0.0, -jnp.inf)[None, None], logp)
        total, best = jax.lax.top_k((total[..., None] + logp).reshape(batch, -1), beams)
        parent, token = best // size, (best % size).astype(jnp.int32)
        text = jnp.take_along_axis(text, parent[..., None], 1).at[:, :, place - (length - 1)].set(token)
        rows = (jnp.arange(batch)[:, None] * beams + parent).reshape(-1)
        rows = (jnp.arange(shape.groups)[:, None] * batch * beams + rows[None]).reshape(-1)
        caches = jax.tree.map(lambda a: a[rows], caches)
        return (token.reshape(-1), total, text, caches), None

    total = jnp.where(jnp.arange(beams) == 0, 0.0, -jnp.inf)[None] * jnp.ones(
        (batch, 1)
    )  # at first all beams are the prompt
    text = jnp.zeros((batch, beams, steps), jnp.int32)
    caches = _empty(shape, batch * beams, steps, params["tokens"].dtype)
    start = (spread(prompts[:, -1], 1), total, text, caches)
    (_, total, text, _), _ = jax.lax.scan(body, start, length - 1 + jnp.arange(steps))
    return text[:, 0], total[:, 0]
