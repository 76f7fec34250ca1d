"""Layers of a decoder with derivatives of their own, which save little and compute cheap work again; products by LoRA."""

from __future__ import annotations

import math
from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int, PyTree

from collapsebench.maths.numerics import whole_products

Rows = Float[Array, "_rows _features"]
"""Tokens by features; its axes have no size that arguments and results share."""
_ROOT, _CUBE = 2 * math.sqrt(2 / math.pi), 0.044715


class LowRank(NamedTuple):
    """Matrix `base` + down @ up, whose two thin factors are trained. Source: Hu et al. (2022), LoRA."""

    base: Array
    down: Array
    up: Array


def product(x: Rows, w: PyTree) -> Rows:
    """x by a matrix or a LowRank, with a bias where there is one."""
    matrix = w["w"]
    y = x @ matrix.base + (x @ matrix.down) @ matrix.up if isinstance(matrix, LowRank) else _times(x, matrix)
    return y + w["b"][None] if "b" in w else y


@jax.custom_vjp
def _times(x: Rows, matrix: Array) -> Rows:
    return x @ matrix


@whole_products()
def _times_backward(saved: tuple[Rows, Array], dy: Rows) -> tuple[Rows, Array]:
    x, matrix = saved
    turned = jax.lax.optimization_barrier(x.T)  # XLA's product with a transposed factor is slow on a CPU
    return dy @ matrix.T, turned @ dy


_times.defvjp(lambda x, matrix: (x @ matrix, (x, matrix)), _times_backward)


def norm(x: Rows, w: dict[str, Array], epsilon: float) -> Rows:
    """Layer norm, or RMS norm where `w` has no bias, computed in float32."""
    return _norm(x, w["scale"], w.get("bias"), epsilon)


@partial(jax.custom_vjp, nondiff_argnums=(3,))
def _norm(x: Rows, scale: Array, bias: Array | None, epsilon: float) -> Rows:
    return _norm_forward(x, scale, bias, epsilon)[0]


def _norm_forward(x: Rows, scale: Array, bias: Array | None, epsilon: float) -> tuple[Rows, PyTree]:
    wide = x.astype(jnp.float32)
    c = wide if bias is None else wide - wide.mean(-1, keepdims=True)
    r = jax.lax.rsqrt((c * c).mean(-1, keepdims=True) + epsilon)
    h = c * r
    y = h * scale.astype(jnp.float32)[None]
    y = y if bias is None else y + bias.astype(jnp.float32)[None]
    return y.astype(x.dtype), (h, r, scale, bias)


def _norm_backward(epsilon: float, saved: PyTree, dy: Rows) -> tuple[Rows, Array, Array | None]:
    h, r, scale, bias = saved
    slope = dy.astype(jnp.float32)
    u = slope * scale.astype(jnp.float32)[None]
    away = u if bias is None else u - u.mean(-1, keepdims=True)
    dx = r * (away - h * (u * h).mean(-1, keepdims=True))
    dbias = None if bias is None else slope.sum(0).astype(bias.dtype)
    return dx.astype(dy.dtype), (slope * h).sum(0).astype(scale.dtype), dbias


_norm.defvjp(_norm_forward, _norm_backward)


def _gate(x: Rows) -> Rows:
    return jax.nn.sigmoid(_ROOT * (x + _CUBE * x * x * x))


@jax.custom_vjp
def gelu(x: Rows) -> Rows:
    """GELU by its tanh form. Source: Hendrycks and Gimpel (2016)."""
    return x * _gate(x)


def _gelu_backward(x: Rows, dy: Rows) -> tuple[Rows]:
    s = _gate(x)
    return (dy * (s + x * s * (1 - s) * _ROOT * (1 + 3 * _CUBE * x * x)),)


gelu.defvjp(lambda x: (x * _gate(x), x), _gelu_backward)


def activate(x: Rows, name: str) -> Rows:
    """Activation by name; "swiglu" takes the gates from the first half of the features."""
    if name == "swiglu":
        gates, values = jnp.split(x, 2, axis=-1)
        return jax.nn.silu(gates) * values
    if name == "relu":
        return jax.nn.relu(x)
    return gelu(x) if name == "gelu" else jax.nn.gelu(x, approximate=False)


@jax.custom_vjp
def softmax(scores: Float[Array, ...]) -> Float[Array, ...]:
    """Softmax over the last axis; only its values are kept for the derivative."""
    return jax.nn.softmax(scores)


def _softmax_backward(p: Array, dp: Array) -> tuple[Array]:
    w = p * dp
    return (w - p * w.sum(-1, keepdims=True),)


softmax.defvjp(lambda s: (jax.nn.softmax(s),) * 2, _softmax_backward)


@jax.custom_vjp
def nats(logits: Float[Array, "rows vocabulary"], tokens: Int[Array, " rows"]) -> Float[Array, " rows"]:
    """Negative log-likelihood of each token."""
    return _nats_forward(logits, tokens)[0]


def _nats_forward(logits: Array, tokens: Array) -> tuple[Array, PyTree]:
    top = logits.max(-1, keepdims=True)
    total = jnp.exp(logits - top).sum(-1, keepdims=True)
    own = jnp.take_along_axis(logits, tokens[:, None], -1)
    return (jnp.log(total) + top - own)[:, 0], (logits, top, total, tokens)


def _nats_backward(saved: PyTree, slope: Array) -> tuple[Array, None]:
    logits, top, total, tokens = saved
    own = jnp.arange(logits.shape[1])[None] == tokens[:, None]
    return (jnp.exp(logits - top) / total - own) * slope[:, None], None


nats.defvjp(_nats_forward, _nats_backward)
