"""Gamma, chi-square and Wishart draws by Marsaglia and Tsang's rejection."""

from collections.abc import Callable
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from collapsebench.maths.samplers.bits import (
    GAMMA,
    GAMMA_BOOST,
    REFUSED,
    by_turns,
    float_dtype,
    hash_words,
    indices,
    key_words,
    over_lanes,
    test_from,
    uniform_from,
)
from collapsebench.maths.samplers.normal import normal, pair_from, wide_normal_from

# (y - y^2/2 + y^3/3 - log(1 + y)) / y^4 for |y| < 1/4, lowest power first; relative error 5e-8 (own Chebyshev fit).
_REFUSAL = (
    0.24999998876068977, -0.19999995274171686, 0.16667237725342604, -0.1428671402470068, 0.12454893255192431,
    -0.11054324442817394, 0.11125738761902235, -0.10269033239199236,
)  # fmt: skip


def _refusal(y: jax.Array) -> jax.Array:
    """Exponent y - y^2/2 + y^3/3 - log(1 + y) >= 0 of the acceptance test, without cancellation near 0."""
    series = jnp.full_like(y, _REFUSAL[-1])
    for coefficient in _REFUSAL[-2::-1]:
        series = series * y + coefficient
    square = y * y
    direct = y - square * 0.5 + square * y * (1 / 3) - jnp.log(jnp.where(y > -1, 1 + y, 1))
    return jnp.where(jnp.abs(y) < 0.25, series * square * square, direct)


def _propose(test, high, low, d):
    """One proposal from 64 bits: y with (1 + y)^3 the gamma draw over d, or REFUSED where the test fails; elementwise."""
    x = wide_normal_from(high, low) if d.dtype == jnp.float64 else pair_from(high, low)[0].astype(d.dtype)
    return _tested(test, x, high, low, d)


def _propose_two(test, high, low, d):
    """The same with the other normal of the pair, of which nothing is asked, as the imaginary part; float32."""
    x, other = pair_from(high, low)
    return lax.complex(_tested(test, x, high, low, d), other)


def _tested(test, x, high, low, d):
    u = test_from(high, low, d.dtype)
    y = x * lax.rsqrt(9 * d)
    return jnp.where((y > -1) & test(u, y, d), y, REFUSED)


def _whole(u, y, d):
    """Accepted with probability exp(-3 d refusal(y)): Marsaglia and Tsang's test with its large terms cancelled by hand.

    As they write it, float32 loses it from d = 1e5 on. It holds for every d > 0, hence for shapes above 1/3.
    """
    return u < jnp.exp(-3 * d * _refusal(y))


def _squeeze(u, y, d):
    """Where the whole test is passed for certain, as nearly all are: refusal(y) <= y^4 / (4 (1 + min(y, 0)))."""
    square = y * y
    return (1 - u) * (1 + jnp.minimum(y, 0)) > 0.75 * d * square * square


def _roots(propose: Callable) -> Callable:
    """Accepted proposals for every element of d [lanes, size]; NaN where d is not positive and finite."""

    @over_lanes
    def roots(k0, k1, d):
        valid = (d > 0) & (d < jnp.inf)
        flat = lambda value: jnp.broadcast_to(value, d.shape).reshape(-1)  # noqa: E731
        place = lax.broadcasted_iota(jnp.uint32, d.shape, 1)
        table = flat(k0[:, None]), flat(k1[:, None]), GAMMA, flat(place), flat(jnp.where(valid, d, 1))
        y = by_turns(partial(propose, _whole), [partial(propose, _squeeze)], *table)
        return jnp.where(valid, y.reshape(d.shape), jnp.nan)

    return roots


_root, _root_and_normal = _roots(_propose), _roots(_propose_two)


def _draw(key, shape_param, shape, dtype):
    """Pair (d, y) of a gamma draw d (1 + y)^3 with shape d + 1/3."""
    shape = jnp.broadcast_shapes(tuple(shape), jnp.shape(shape_param))
    d = jnp.broadcast_to(jnp.asarray(shape_param, dtype) - 1 / 3, shape).astype(dtype)
    return d, _root(*key_words(key), d.reshape(-1)).reshape(shape)


def _boosted(key, shape_param, shape):
    """(g, boost): a gamma draw is g exp(boost), with a boost below shape 1/2 only."""
    dtype = float_dtype(shape_param)
    a = jnp.asarray(shape_param, dtype)
    small = a < 0.5
    d, y = _draw(key, jnp.where(small & (a > 0), a + 1, a), shape, dtype)
    root, words = 1 + y, key_words(key)

    def boost():
        u = uniform_from(*hash_words(*words, GAMMA_BOOST, indices(d.shape)), dtype)
        return jnp.where(small, jnp.log(u) / jnp.where(small, a, 1), 0)

    # Skipped where no shape asks for it, if the shapes are the same in all lanes.
    return d * root * root * root, lax.cond(small.any(), boost, lambda: jnp.zeros(d.shape, dtype))


@partial(jax.jit, static_argnames="shape", inline=True)
def standard_gamma(key: jax.Array, shape_param, shape: tuple[int, ...] = ()) -> jax.Array:
    """Gamma draws of unit scale; shape_param > 0 may be traced and broadcasts against `shape`.

    Law: density x^(a - 1) exp(-x) / Gamma(a). Below a of about 0.1 a draw can underflow to 0: use `log_gamma`.
    NaN where the parameter is not positive.
    Source: Marsaglia and Tsang (2000); below a = 1/2 their G(a) = G(a + 1) U^(1/a).
    """
    g, boost = _boosted(key, shape_param, shape)
    return g * jnp.exp(boost)


@partial(jax.jit, static_argnames="shape", inline=True)
def log_gamma(key: jax.Array, shape_param, shape: tuple[int, ...] = ()) -> jax.Array:
    """Log of a standard gamma draw, finite for any positive parameter (at a = 1e-6 a draw is about exp(-1e6))."""
    g, boost = _boosted(key, shape_param, shape)
    return jnp.log(g) + boost


@partial(jax.jit, static_argnames="shape", inline=True)
def chi_square(key: jax.Array, df, shape: tuple[int, ...] = ()) -> jax.Array:
    """Chi-square draws; df >= 1 may be traced, need not be whole, and broadcasts against `shape`.

    Law: twice a gamma of shape df / 2. Accepted at the first proposal: 84% at df = 1, 95% at 2, 99% at 10.
    NaN for df at or below 2/3, where this proposal does not exist.
    """
    dtype = float_dtype(df)
    d, y = _draw(key, jnp.asarray(df, dtype) / 2, shape, dtype)
    root = 1 + y
    return 2 * d * root * root * root


@partial(jax.jit, inline=True)
def chi_square_and_normal(key: jax.Array, df) -> tuple[jax.Array, jax.Array]:
    """A chi-square draw and a standard normal one, independent, of df >= 1 that may be traced: the cost of the first.

    In float32 the normal is the other one of the pair that the chi-square's proposal is made of.
    """
    dtype = float_dtype(df)
    if dtype == jnp.float64:
        return chi_square(key, df), normal(key, (), dtype)
    d = jnp.asarray(df, dtype) / 2 - 1 / 3
    both = _root_and_normal(*key_words(key), d[None])[0]
    root = 1 + both.real
    return 2 * d * root * root * root, both.imag


@partial(jax.jit, static_argnames="dim", inline=True)
def wishart_factor(key: jax.Array, df, dim: int) -> jax.Array:
    """Bartlett's lower-triangular factor A [dim, dim]: A A^T ~ Wishart(df, I); df may be traced.

    Law: A_jj^2 ~ chi-square(df - j) for j = 0.., A_ij ~ N(0, 1) below. For df < dim the Wishart is singular and exists
    for whole df only; its factor is the trapezoid whose columns from df on are zero. NaN where df is below dim and not
    whole. Source: Bartlett (1933); the singular case is the QR factor of df normal rows.
    """
    dtype = float_dtype(df)
    df = jnp.asarray(df, dtype)
    left = df - jnp.arange(dim, dtype=dtype)
    diagonal = jnp.where(left > 0, jnp.sqrt(chi_square(key, jnp.where(left > 1, left, 1))), 0)
    # Written to their places: selecting them from a whole matrix of normals takes longer.
    rows, columns = np.tril_indices(dim, -1)
    below = jnp.where(left[columns] > 0, normal(key, rows.shape, dtype), 0)
    each = np.arange(dim)
    factor = jnp.zeros((dim, dim), dtype).at[rows, columns].set(below).at[each, each].set(diagonal)
    return jnp.where((df >= dim) | (df == jnp.floor(df)), factor, jnp.nan)
