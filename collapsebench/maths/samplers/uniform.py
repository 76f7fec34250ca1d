"""Uniform, Bernoulli and exponential draws of 64 bits each, so that events of probability 1e-12 happen as often."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np

from collapsebench.maths.samplers.bits import (
    COIN,
    UNIFORM,
    WAITING,
    float_dtype,
    half_from,
    hash_words,
    indices,
    key_words,
    over_lanes,
    over_places,
    to_words,
    uniform_from,
)


def _words(key, tag, shape):
    return hash_words(*key_words(key), tag, indices((int(np.prod(shape)),)).reshape(shape))


@partial(jax.jit, static_argnames=("shape", "dtype"), inline=True)
def uniform(key: jax.Array, shape: tuple[int, ...] = (), dtype=None) -> jax.Array:
    """Uniform draws on (0, 1] of a static shape, as fine as floats near 0 (2**-65); `jax.random` has steps of 2**-23."""
    dtype = jnp.dtype(float_dtype(1.0) if dtype is None else dtype)
    return uniform_from(*_words(key, UNIFORM, shape), dtype)


@partial(jax.jit, static_argnames="shape", inline=True)
def bernoulli(key: jax.Array, p, shape: tuple[int, ...] = ()) -> jax.Array:
    """True with probability p, which may be traced and broadcasts against `shape`; exact to 2**-64.

    Pass the rarer outcome's probability: in float32 nothing lies between 1 - 6e-8 and 1.
    """
    p = jnp.asarray(p, float_dtype(p))
    high, low = _words(key, COIN, jnp.broadcast_shapes(tuple(shape), p.shape))
    whole, rest = to_words(jnp.where((p > 0) & (p < 1), p, 0) * 2.0**32)
    return (p >= 1) | (high < whole) | ((high == whole) & (low < rest))


@partial(jax.jit, static_argnames=("shape", "dtype"), inline=True)
def exponential(key: jax.Array, shape: tuple[int, ...] = (), dtype=None) -> jax.Array:
    """Standard exponential draws of a static shape, from 1e-20 to 46; `jax.random` has none above 15.95 in float32."""
    dtype = jnp.dtype(float_dtype(1.0) if dtype is None else dtype)
    upper, v = half_from(*_words(key, WAITING, shape), dtype)
    return -jnp.where(upper, jnp.log(v), jnp.log1p(-v))


def exponential_total(key: jax.Array, n: int) -> jax.Array:
    """Sum of the float32 draws `exponential(key, (n,))`, which are never stored: minus the log of a product of uniforms.

    Right to a unit of the last place of each draw below 1, not of its own: for many draws.
    """
    return over_lanes(partial(_exponential_total, n))(*key_words(key))


def _exponential_total(n: int, k0: jax.Array, k1: jax.Array) -> jax.Array:
    def step(totals, places, k0, k1):
        product = jnp.float32(1)
        for place, live in places:
            upper, v = half_from(*hash_words(k0, k1, WAITING, place), jnp.float32)
            u = jnp.where(upper, v, 1 - v)
            product = product * (u if live is None else jnp.where(live, u, 1))
        return (totals[0] - jnp.log(product),)  # five draws are never beyond 87 together

    return over_places(step, 1, n, k0, k1)[0]
