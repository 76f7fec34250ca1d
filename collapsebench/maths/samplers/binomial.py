"""Exact binomial and Poisson draws: transformed normals by rejection for large means, summed tails for small ones."""

from functools import partial

import jax
import jax.numpy as jnp
from jax import lax

from collapsebench.maths.samplers.bits import (
    BINOMIAL,
    POISSON,
    REFUSED,
    by_turns,
    float_dtype,
    half_from,
    key_words,
    over_lanes,
    test_from,
)
from collapsebench.maths.samplers.normal import pair_from, wide_normal_from

_SMALL_MEAN = 10  # the proposal's series is good to 1e-7 from here on
_TERMS = 45  # with a mean below 10 less than 1e-14 of the mass lies beyond
_FIRST_TERMS = 24  # less than 1e-4 lies beyond
_MARGIN = 1e-5

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


def _propose(high, low, s, a, offset):
    """(step, z, u) from 64 bits: floor(s z + a (z^2 - 1) / 2 + offset + 1/2) for a normal z, and a uniform for its test.

    The first terms of Cornish and Fisher: s is a count's standard deviation, 3 a its third moment over its variance.
    """
    z = wide_normal_from(high, low) if s.dtype == jnp.float64 else pair_from(high, low)[0].astype(s.dtype)
    step = jnp.floor(s * z + (0.5 * a) * (z * z - 1) + (offset + 0.5))
    return step, z, test_from(high, low, s.dtype)


def _sure(u, z, variance):
    """Where a step of `_propose` is kept for certain, as nearly all are: `_share` is above 1 - (.1 + .035 z^4) / variance.

    From a mean of 10 on, of Poisson counts and of binomial ones with p <= 1/2 (own bound, over all steps: tests/maths).
    """
    square = z * z
    return (1 - u) * variance > 0.1 + 0.035 * square * square


def _share(fit, shift, s, a, root, most):
    """Probability to keep a step of `_propose`, `shift` from the mean: the mass of its count over `most` times q.

    mass = exp(fit) / (root sqrt(2 pi)), and q is that of the normals whose step it is, the integral over a unit cell of
    their density phi(z) / g, g = s + a z: phi(z) / g (1 + D2 / 24 + D4 / 1920 + ...) with the density's derivatives at
    the middle. From a mean of 10 on all the rest moves 4e-7 of the law, and 1e-4 of a mass of 1e-10.
    """
    c = shift + 0.5 * a
    g = jnp.sqrt(s * s + 2 * a * c)
    z = 2 * c / (s + g)
    r = 1 / g
    e, square = a * r, r * r
    second = 3 * e * e + (3 * e + z) * z - 1
    fourth = (
        3 - 45 * e * e * (1 - 7 / 3 * e * e) + z * (e * (105 * e * e - 30) + z * (45 * e * e - 6 + z * (10 * e + z)))
    )
    cell = 1 + square * (second / 24 + square * fourth / 1920)
    return jnp.exp(0.5 * z * z + fit) * g / (most * cell * root)


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


def _surely(high, low, first, ratio):
    """What `_invert` says, or REFUSED where it is not known without the tails: from its sums from 0 up, of fewer terms.

    Sums from either end, which are both right to 4e-6, agree about a uniform that is further than that from all of them.
    """
    upper, v = half_from(high, low, first.dtype)
    u = jnp.where(upper, 1 - v, v)
    mass = below = first
    count, nearest = jnp.zeros_like(first), jnp.ones_like(first)
    for k in range(1, _FIRST_TERMS + 1):
        gap = u - below
        count = count + jnp.where(gap > 0, 1, 0).astype(count.dtype)
        nearest = jnp.minimum(nearest, jnp.abs(gap))
        mass = mass * ratio(k)
        below = below + mass
    return jnp.where((nearest > _MARGIN) & (count < _FIRST_TERMS), count, REFUSED)


def _binomial_share(step, n, p):
    """Count at `step` from the whole part of its mean n p >= 10, p <= 1/2, and the probability to keep it.

    The masses are in Loader's form, whose terms are small: as usually written, float32 loses them from n = 1e5 on.
    """
    q = 1 - p
    mean, other = n * p, n * q
    variance, base = mean * q, jnp.floor(mean)
    fraction = mean - base  # float32 keeps it, for all else is counted from base
    k = base + step
    inner = jnp.where(k < 1, 1, jnp.where(k > n - 1, n - 1, k))
    shift = (inner - base) - fraction
    fit = _stirling(n) - _stirling(inner) - _stirling(n - inner) - _deviance(mean, shift) - _deviance(other, -shift)
    edge = jnp.where(k < inner, mean / q, jnp.where(k > inner, other / p, 1))
    root = jnp.sqrt(inner * ((n - inner) / n)) * edge
    share = _share(fit, step - fraction, jnp.sqrt(variance), (q - p) * (1 / 3), root, 1 + 0.072 / variance)
    return k, jnp.where((k >= 0) & (k <= n), share, -1)


def _binomial_step(high, low, n, p):
    mean, q = n * p, 1 - p
    return _propose(high, low, jnp.sqrt(mean * q), (q - p) * (1 / 3), mean - jnp.floor(mean))


def _many_binomial(high, low, n, p):
    """One proposed Binomial(n, p) count of a mean n p >= 10, p <= 1/2, from 64 bits, or REFUSED; elementwise."""
    step, _, u = _binomial_step(high, low, n, p)
    k, share = _binomial_share(step, n, p)
    return jnp.where(u <= share, k, REFUSED)


def _sure_binomial(high, low, n, p):
    """The same, REFUSED too where that is not known without its mass, as where 0 < n p < 10."""
    mean = n * p
    step, z, u = _binomial_step(high, low, n, p)
    sure = (mean >= _SMALL_MEAN) & _sure(u, z, mean * (1 - p))
    return jnp.where(sure, jnp.floor(mean) + step, jnp.where(mean > 0, REFUSED, 0))


def _few_binomial(invert, high, low, n, p):
    """A Binomial(n, p) count of a mean n p < 10 from 64 bits, as `invert` finds it."""
    q = 1 - p
    odds = p * (1 / q)
    log_q = jnp.where(q < 1, jnp.log(q) * (p / jnp.where(q < 1, 1 - q, 1)), -p)  # log1p(-p), cheaper
    return invert(high, low, jnp.exp(n * log_q), lambda k: ((n - (k - 1)) * (1 / k)) * odds)


@partial(jax.jit, inline=True)
def propose_binomial(high, low, n, p):
    """One proposed Binomial(n, p) count from 64 bits, or REFUSED. Elementwise; p <= 1/2.

    n and p are floats of one dtype, n whole. A mean n p below 10 is inverted and never refused.
    """
    small = n * p < _SMALL_MEAN
    few = _few_binomial(_invert, high, low, jnp.where(small, n, 0), p)
    return jnp.where(small, few, _many_binomial(high, low, jnp.where(small, 40, n), jnp.where(small, 0.5, p)))


def _surely_few_binomial(high, low, n, p):
    """The same for n p < 10, REFUSED where that is not sure, and elsewhere."""
    small = n * p < _SMALL_MEAN
    return jnp.where(small, _few_binomial(_surely, high, low, jnp.where(small, n, 0), p), REFUSED)


def _poisson_share(step, rate):
    """Count at `step` from the whole part of its rate from 10 on, and the probability to keep it."""
    base = jnp.floor(rate)
    fraction = rate - base
    k = base + step
    inner = jnp.where(k < 1, 1, k)
    fit = -_stirling(inner) - _deviance(rate, jnp.where(k < 1, 1 - base, step) - fraction)
    root = jnp.sqrt(inner) * jnp.where(k < 1, rate, 1)
    return k, jnp.where(k >= 0, _share(fit, step - fraction, jnp.sqrt(rate), 1 / 3, root, 1 + 0.051 / rate), -1)


def _poisson_step(high, low, rate):
    return _propose(high, low, jnp.sqrt(rate), 1 / 3, rate - jnp.floor(rate))


def _many_poisson(high, low, rate):
    """One proposed Poisson count of a rate from 10 on, from 64 bits, or REFUSED; elementwise."""
    step, _, u = _poisson_step(high, low, rate)
    k, share = _poisson_share(step, rate)
    return jnp.where(u <= share, k, REFUSED)


def _sure_poisson(high, low, rate):
    """The same, REFUSED too where that is not known without its mass, as where 0 < rate < 10."""
    step, z, u = _poisson_step(high, low, rate)
    sure = (rate >= _SMALL_MEAN) & _sure(u, z, rate)
    return jnp.where(sure, jnp.floor(rate) + step, jnp.where(rate > 0, REFUSED, 0))


@partial(jax.jit, inline=True)
def propose_poisson(high, low, rate):
    """One proposed Poisson(rate) count from 64 bits, or REFUSED; elementwise. Inverted below a rate of 10."""
    small = rate < _SMALL_MEAN
    few = _few_poisson(_invert, high, low, jnp.where(small, rate, 0))
    return jnp.where(small, few, _many_poisson(high, low, jnp.where(small, 20, rate)))


def _few_poisson(invert, high, low, rate):
    """A Poisson count of a rate below 10 from 64 bits, as `invert` finds it."""
    return invert(high, low, jnp.exp(-rate), lambda k: rate * (1 / k))


def _surely_few_poisson(high, low, rate):
    """`propose_poisson` for a rate below 10, REFUSED where that is not sure, and elsewhere."""
    small = rate < _SMALL_MEAN
    return jnp.where(small, _few_poisson(_surely, high, low, jnp.where(small, rate, 0)), REFUSED)


def _places(k0, k1, *parameters):
    """Words of the key of each of the counts [lanes * size], its place in its lane, and the parameters [lanes, size]."""
    flat = lambda value: jnp.broadcast_to(value, parameters[0].shape).reshape(-1)  # noqa: E731
    place = lax.broadcasted_iota(jnp.uint32, parameters[0].shape, 1)
    return flat(k0[:, None]), flat(k1[:, None]), flat(place), *map(flat, parameters)


def binomial_by_turns(k0, k1, tag, place, n, p):
    """Binomial(n, p) counts [draws], p <= 1/2; k0, k1, place: words of each draw's key, and its counter under it."""
    return by_turns(propose_binomial, (_sure_binomial, _surely_few_binomial), k0, k1, tag, place, n, p)


@over_lanes
def _binomial(k0, k1, n, p):
    valid = (n >= 0) & (n < jnp.inf) & (p >= 0) & (p <= 1)
    flip = p > 0.5
    n, p = jnp.where(valid, n, 0), jnp.where(valid, jnp.where(flip, 1 - p, p), 0)
    k0, k1, place, *own = _places(k0, k1, n, p)
    count = binomial_by_turns(k0, k1, BINOMIAL, place, *own).reshape(n.shape)
    return jnp.where(valid, jnp.where(flip, n - count, count), jnp.nan)


@over_lanes
def _poisson(k0, k1, rate):
    valid = (rate >= 0) & (rate < jnp.inf)
    k0, k1, place, own = _places(k0, k1, jnp.where(valid, rate, 0))
    count = by_turns(propose_poisson, (_sure_poisson, _surely_few_poisson), k0, k1, POISSON, place, own)
    return jnp.where(valid, count.reshape(rate.shape), jnp.nan)


@partial(jax.jit, static_argnames="shape", inline=True)
def binomial(key: jax.Array, n, p, shape: tuple[int, ...] = ()) -> jax.Array:
    """Binomial counts, as floats of p's dtype: exact whole numbers for n up to 2**24 in float32 and 2**53 in float64.

    n (whole) and p in [0, 1] may be traced and broadcast against `shape`; n = 0, p = 0 and p = 1 give 0, 0 and n. NaN
    where n is negative or p outside [0, 1].
    Law: a normal, transformed by Cornish and Fisher's (1938) first terms and rounded, is kept with a probability that
    makes it exact, as Marsaglia and Tsang (2000) do with a gamma: 98.6% or more are. Source: Loader (2000) for the masses.
    """
    dtype = float_dtype(p)
    shape = jnp.broadcast_shapes(tuple(shape), jnp.shape(n), jnp.shape(p))
    n, p = (jnp.broadcast_to(jnp.asarray(value, dtype), shape).reshape(-1) for value in (n, p))
    return _binomial(*key_words(key), n, p).reshape(shape)


@partial(jax.jit, static_argnames="shape", inline=True)
def poisson(key: jax.Array, rate, shape: tuple[int, ...] = ()) -> jax.Array:
    """Poisson counts, as floats of rate's dtype; rate >= 0 may be traced and broadcasts against `shape`.

    In float32 counts above 2**24 are rounded to a float, an error far under their standard deviation. NaN where rate is
    negative or infinite. Law: as of `binomial`; 99.5% or more are kept.
    """
    dtype = float_dtype(rate)
    shape = jnp.broadcast_shapes(tuple(shape), jnp.shape(rate))
    return _poisson(*key_words(key), jnp.broadcast_to(jnp.asarray(rate, dtype), shape).reshape(-1)).reshape(shape)
