"""The decoder: hidden states, logits, and log-likelihood of tokens; a layer is written once for all uses.

Activations are [tokens, features] throughout and layers are unrolled: both are faster on a CPU than other forms.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import jax
import jax.numpy as jnp
from jax.typing import DTypeLike
from jaxtyping import Array, Float, Int, PyTree

from collapsebench.learning.language.architecture import Decoder
from collapsebench.learning.language.attention import Cache, attend_all, turns
from collapsebench.learning.language.layers import activate, nats, norm, product
from collapsebench.maths.numerics import whole_products
from collapsebench.specs.errors import RequestError, counted

Tokens = Int[Array, "batch length"]
Attend = Callable[[int, Array], tuple[Array, Cache]]
"""(layer, queries with keys and values [tokens, features]) -> what is found there, and what is kept."""


def embed(shape: Decoder, params: PyTree, tokens: Int[Array, ...], places: Int[Array, ...]) -> Array:
    """Embedding [tokens, width] of tokens at their places."""
    x = params["tokens"][tokens]
    if shape.positions == "learned":
        own = params["positions"][places]
        x = x + jnp.expand_dims(own, tuple(range(x.ndim - own.ndim)))
    return x.reshape(-1, shape.width)


def layers(shape: Decoder, params: PyTree, x: Array, attend: Attend) -> tuple[Array, list[Cache]]:
    """Last hidden states after the norm, and what each layer's attention keeps."""
    kept = []
    for i, w in enumerate(params["layers"]):
        y, own = attend(i, product(norm(x, w["before"], shape.epsilon), w["qkv"]))
        kept.append(own)
        x = x + product(y, w["out"])
        x = x + product(activate(product(norm(x, w["between"], shape.epsilon), w["up"]), shape.activation), w["down"])
    return norm(x, params["norm"], shape.epsilon), kept


def head(params: PyTree, x: Float[Array, "rows width"]) -> Float[Array, "rows vocabulary"]:
    """Logits, in float32, of hidden states."""
    matrix = params["head"] if "head" in params else params["tokens"]
    return jnp.matmul(x, matrix.T, preferred_element_type=jnp.float32)


def hidden(
    shape: Decoder, params: PyTree, tokens: Tokens, pads: Int[Array, " batch"] | None = None
) -> tuple[Float[Array, "rows width"], list[Cache]]:
    """Hidden states [batch * length, width] of all tokens, and each layer's keys and values.

    pads: so many leading tokens of a sequence are no part of it. Raises RequestError beyond the context.
    """
    batch, n = tokens.shape
    if n > shape.context:
        raise RequestError(f"context = {shape.context}: {n} tokens are more than this model has positions for")
    places = jnp.arange(n) if pads is None else jnp.maximum(jnp.arange(n)[None] - pads[:, None], 0)
    by = turns(shape, places)
    return layers(
        shape, params, embed(shape, params, tokens, places), lambda _, qkv: attend_all(shape, qkv, batch, by, pads)
    )


@whole_products()
def logits(shape: Decoder, params: PyTree, tokens: Tokens) -> Float[Array, "batch length vocabulary"]:
    """Logits of the token after each."""
    return head(params, hidden(shape, params, tokens)[0]).reshape(*tokens.shape, -1)


@whole_products()
def token_nats(shape: Decoder, params: PyTree, tokens: Tokens, after: Tokens) -> Float[Array, "batch length"]:
    """Nats of the token `after` each token: -log p."""
    return nats(head(params, hidden(shape, params, tokens)[0]), after.reshape(-1)).reshape(tokens.shape)


def block_nats(shape: Decoder, params: PyTree, blocks: Tokens, start: int) -> Float[Array, "batch length"]:
    """Nats of every token of a block, the first of which follows the token `start`."""
    before = jnp.concatenate([jnp.full_like(blocks[:, :1], start), blocks[:, :-1]], axis=1)
    return token_nats(shape, params, before, blocks)


def perplexity(
    shape: Decoder, params: PyTree, tokens: Int[Array, " length"], context: int, stride: int | None = None
) -> tuple[Float[Array, ""], int]:
    """(mean nats a token, tokens scored) of a text in windows of `context` tokens, each `stride` after the one before.

    A token is scored in the first window that has it, given those before it there; a window's first token is scored in no
    window. What is left of the last one is left out. stride: None: `context`. The perplexity is the exponential.
    """
    stride = context if stride is None else stride
    if not 2 <= context <= shape.context:
        raise RequestError(f"context = {context}: from 2 to {shape.context}, this model's own")
    if not 1 <= stride <= context:
        raise RequestError(f"stride = {stride}: from 1 to context = {context}")
    if len(tokens) < context:
        raise RequestError(f"context = {context}: the text has {counted(len(tokens), 'token')}, fewer than one window")
    count = (len(tokens) - context) // stride + 1
    windows = jnp.asarray(tokens)[jnp.arange(count)[:, None] * stride + jnp.arange(context)[None]]
    new = min(stride, context - 1)
    found = _window_nats(shape, params, windows)
    scored = (count - 1) * new + context - 1
    return (found[0].sum() + found[1:, -new:].sum()) / scored, scored


@partial(jax.jit, static_argnames="shape")
def _window_nats(shape: Decoder, params: PyTree, windows: Tokens) -> Float[Array, "windows length"]:
    return jax.lax.map(lambda x: token_nats(shape, params, x[None, :-1], x[None, 1:])[0], windows)


def parameters(params: PyTree) -> int:
    """Number of weights."""
    return sum(a.size for a in jax.tree.leaves(params))


def as_type(params: PyTree, dtype: DTypeLike) -> PyTree:
    """The same weights in another type of number."""
    return jax.tree.map(lambda a: a.astype(dtype), params)
