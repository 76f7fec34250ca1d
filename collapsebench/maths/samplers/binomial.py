"""Exact binomial and Poisson draws: transformed rejection for large means, summed tails for small ones."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np

from collapsebench.maths.samplers.bits import (
    BINOMIAL,
    POISSON,
    REFUSED,
    by_queue,
    float_dtype,
    half_from,
    key_words,
    over_lanes,
    uniform_from,
)

_SMALL_MEAN = 10  # Hormann's hats hold from here on
_TERMS = 45  # with a mean below 10 less than 1e-14 of the mass lies beyond

# log k! less Stirling's main terms: a ratio of polynomials in k >= 1, highest power first; error 2e-10 (own fit).
_STIRLING_TOP = (0.08333335435155426, 0.06041084682134953, 0.0298655451376136)
_STIRLING_BOTTOM = (1.0, 0.7249410664254565, 0.39156350455654904, 0.025200395050191227)
# ((1 + e) log(1 + e) - e) / e^2 for |e| < 0.3, highest power first; relative error 1.4e-8 (own Chebyshev fit).
_DEVIANCE = (
    -0.01592519609661968, 0.020044655095368142, -0.023667476360386266, 0.0332066231062939, -0.050003610199026514,
    0.08333564789983869, -0.16666664205452242, 0.49999999343233226,
)  # fmt: skip


def _polynomial(coefficients, x):
    value = jnp.full_like(x, coefficients[0])
    for coefficient in coefficients[1:]:
        value = value * x + coefficient
    return value


def _stirling(k):
    k = jnp.where(k < 1e8, k, 1e8)  # keeps the cubes finite in float32
    return _polynomial(_STIRLING_TOP, k) / _polynomial(_STIRLING_BOTTOM, k)


def _deviance(mean, shift):
    """k log(k / mean) - k + mean at k = mean + shift > 0, without cancellation near shift 0."""
    e = shift * (1 / mean)
    far = (mean + shift) * jnp.log(jnp.where(e > -1, 1 + e, 1)) - shift
    return jnp.where(jnp.abs(e) < 0.3, shift * e * _polynomial(_DEVIANCE, e), far)


def _hat(high, low, dtype):
    """(signed u on (-1/2, 1/2), distance of |u| to 1/2, v on (0, 1)) for a transformed rejection."""
    distance = (((high >> np.uint32(1)).astype(dtype) + 0.5) * 2.0**-32).astype(dtype)
    u = jnp.where((high & np.uint32(1)) == 1, distance - 0.5, 0.5 - distance)
    return u, distance, uniform_from(low, None, dtype)


def _invert(high, low, first, ratio):
    """The count at a quantile of 64 bits, given P(X = 0) = first and P(X = k) = ratio(k) P(X = k - 1).

    Each tail is a sum of positive terms from its own end and meets a uniform that is as fine there, so that a count of
    probability 1e-12 has that probability; 1 less the other tail would leave a floor of 1e-7 under it.
    """
    upper, v = half_from(high, low, first.dtype)
    high, low = jnp.where(upper, v, 2), jnp.where(upper, -1, v)  # no tail exceeds 2, nothing is below -1
    tails = [jnp.zeros_like(first)]  # P(X > k) / P(X = k), from the last k down
    for k in range(_TERMS - 1, 0, -1):
        r = ratio(k)
        tails.append(r * tails[-1] + r)
    mass = below = first
    count = jnp.zeros_like(first)
    for k in range(1, _TERMS):
        more = (high < mass * tails[_TERMS - k]) | (below < low)
        count = count + jnp.where(more, 1, 0).astype(count.dtype)
        mass = mass * ratio(k)
        below = below + mass
    return count


@partial(jax.jit, inline=True)
def propose_binomial(high, low, n, p, flip=False):
    """One proposed Binomial(n, p) count from 64 bits, or REFUSED; n less it where `flip`. Elementwise; p <= 1/2.

    n and p are floats of one dtype, n whole. A mean np below 10 is inverted and never refused; above, Hormann's BTRS
    proposes and is tested against the masses in Loader's form, whose terms are small: as usually written, float32 loses
    them from n = 1e5 on.
    """
    dtype = n.dtype
    q = 1 - p
    small = n * p < _SMALL_MEAN

    odds = p * (1 / q)
    log_q = jnp.where(q < 1, jnp.log(q) * (p / jnp.where(q < 1, 1 - q, 1)), -p)  # log1p(-p), cheaper
    first = jnp.exp(jnp.where(small, n, 0) * log_q)
    few = _invert(high, low, first, lambda k: ((n - (k - 1)) * (1 / k)) * odds)

    total = jnp.where(small, 40, n)
    mean, other = jnp.where(small, 20, n * p), jnp.where(small, 20, n * q)
    u, distance, v = _hat(high, low, dtype)
    b = 1.15 + 2.53 * jnp.sqrt(mean * q)
    a = -0.0873 + 0.0248 * b + 0.01 * p
    base = jnp.floor(mean)
    fraction = mean - base
    step = jnp.floor(2 * a * u / distance + b * u + (fraction + 0.5))  # from base, so that float32 keeps the fraction
    k = base + step
    inner = jnp.where(k < 1, 1, jnp.where(k > total - 1, total - 1, k))
    shift = (inner - base) - fraction
    fit = _stirling(total) - _stirling(inner) - _stirling(total - inner)
    fit = fit - _deviance(mean, shift) - _deviance(other, -shift)
    edge = jnp.where(k < inner, q / mean, jnp.where(k > inner, p / other, 1))
    # height <= mass, multiplied out. 1 + 0.05 / variance bounds the mode's mass times sqrt(2 pi variance), which BTRS
    # evaluates instead: a little more is refused and nothing else changes.
    spread = jnp.sqrt(inner * ((total - inner) / total))
    height = v * (2.83 + 5.1 / b) * (1 + 0.05 / (mean * q)) * distance * distance * spread
    mass = jnp.exp(fit) * edge * (a + b * (distance * distance))
    accepted = (k >= 0) & (k <= total) & (height <= mass)
    count = jnp.where(small, few, k)
    return jnp.where(small | accepted, jnp.where(flip, n - count, count), REFUSED)


@partial(jax.jit, inline=True)
def propose_poisson(high, low, rate):
    """One proposed Poisson(rate) count from 64 bits, or REFUSED; elementwise.

    Inverted below a rate of 10; above, Hormann's PTRS with his constant raised by 0.6%: as published, and as NumPy and
    JAX have it, the masses pierce the hat by up to 0.56% for rates from 10 to about 100.
    """
    dtype = rate.dtype
    small = rate < _SMALL_MEAN
    low_rate = jnp.where(small, rate, 0)
    few = _invert(high, low, jnp.exp(-low_rate), lambda k: low_rate * (1 / k))

    mean = jnp.where(small, 20, rate)
    u, distance, v = _hat(high, low, dtype)
    b = 0.931 + 2.53 * jnp.sqrt(mean)
    a = -0.059 + 0.02483 * b
    base = jnp.floor(mean)
    fraction = mean - base
    step = jnp.floor(2 * a * u / distance + b * u + (fraction + 0.43))
    k = base + step
    inner = jnp.where(k < 1, 1, k)
    shift = jnp.where(k < 1, 1 - base, step) - fraction
    fit = -_stirling(inner) - _deviance(mean, shift)
    height = v * 1.006 * (1.1239 + 1.1328 / (b - 3.4)) * distance * distance * jnp.sqrt(2 * np.pi * inner)
    mass = jnp.exp(fit) * jnp.where(k < 1, 1 / mean, 1) * (a + b * (distance * distance))
    return jnp.where(small, few, jnp.where((k >= 0) & (height <= mass), k, REFUSED))


@over_lanes
def _binomial(k0, k1, n, p):
    valid = (n >= 0) & (n < jnp.inf) & (p >= 0) & (p <= 1)
    flip = p > 0.5
    p = jnp.where(valid, jnp.where(flip, 1 - p, p), 0)
    count = by_queue(propose_binomial, BINOMIAL, k0, k1, jnp.where(valid, n, 0), p, flip)
    return jnp.where(valid, count, jnp.nan)


@over_lanes
def _poisson(k0, k1, rate):
    valid = (rate >= 0) & (rate < jnp.inf)
    return jnp.where(valid, by_queue(propose_poisson, POISSON, k0, k1, jnp.where(valid, rate, 0)), jnp.nan)


@partial(jax.jit, static_argnames="shape", inline=True)
def binomial(key: jax.Array, n, p, shape: tuple[int, ...] = ()) -> jax.Array:
    """Binomial counts, as floats of p's dtype: exact whole numbers for n up to 2**24 in float32 and 2**53 in float64.

    n (whole) and p in [0, 1] may be traced and broadcast against `shape`; n = 0, p = 0 and p = 1 give 0, 0 and n. NaN
    where n is negative or p outside [0, 1].
    Source: Hormann (1993), The generation of binomial random variates; Loader (2000) for the masses.
    """
    dtype = float_dtype(p)
    shape = jnp.broadcast_shapes(tuple(shape), jnp.shape(n), jnp.shape(p))
    n, p = (jnp.broadcast_to(jnp.asarray(value, dtype), shape).reshape(-1) for value in (n, p))
    return _binomial(*key_words(key), n, p).reshape(shape)


@partial(jax.jit, static_argnames="shape", inline=True)
def poisson(key: jax.Array, rate, shape: tuple[int, ...] = ()) -> jax.Array:
    """Poisson counts, as floats of rate's dtype; rate >= 0 may be traced and broadcasts against `shape`.

    In float32 counts above 2**24 are rounded to a float, an error far under their standard deviation. NaN where rate is
    negative or infinite. Source: Hormann (1993), The transformed rejection method for generating Poisson variables.
    """
    dtype = float_dtype(rate)
    shape = jnp.broadcast_shapes(tuple(shape), jnp.shape(rate))
    return _poisson(*key_words(key), jnp.broadcast_to(jnp.asarray(rate, dtype), shape).reshape(-1)).reshape(shape)
