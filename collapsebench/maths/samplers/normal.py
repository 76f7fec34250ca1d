"""Standard normals fused with their bits: Box and Muller (1958) in float32, the inverse error function in float64."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from collapsebench.maths.samplers.bits import (
    NORMAL,
    float_dtype,
    hash_words,
    indices,
    key_words,
    over_lanes,
    over_places,
)

# sin(pi t) / t in powers of t^2 for |t| <= 1/2, lowest first; relative error 7e-9 (own Chebyshev fit).
_SINE = (3.1415926401307073, -5.1677100835078695, 2.550077523214188, -0.5982912856181107, 0.07765766030145861)
_QUARTER_TURN = np.uint32(1 << 30)


@jax.jit
def _sine(turn: jax.Array) -> jax.Array:
    """sin(2 pi turn / 2**32) in float32."""
    t = (turn << np.uint32(1)).astype(jnp.int32).astype(jnp.float32) * np.float32(2.0**-32)
    square = t * t
    value = jnp.full_like(t, np.float32(_SINE[-1]))
    for coefficient in _SINE[-2::-1]:
        value = value * square + np.float32(coefficient)
    # The lowest 31 bits were folded to (-1/4, 1/4) of a turn: the half turn that is left over changes the sign.
    sign = (turn ^ (turn << np.uint32(1))) & np.uint32(1 << 31)
    return lax.bitcast_convert_type(lax.bitcast_convert_type(value * t, jnp.uint32) ^ sign, jnp.float32)


@jax.jit
def _square(high: jax.Array) -> jax.Array:
    """Squared length of a pair of normals, from 31 bits."""
    return -2 * jnp.log(((high >> np.uint32(1)).astype(jnp.float32) + np.float32(0.25)) * np.float32(2.0**-31))


def normal_from(high: jax.Array, low: jax.Array, second: jax.Array | bool = False) -> jax.Array:
    """One float32 standard normal from 64 bits; `second` gives the other of the pair, independent of the first.

    Sizes resolve down to a probability of 2**-33 (6.8 standard deviations); `jax.random.normal` stops at 2**-24 (5.4).
    """
    # q / sqrt(q), because a kernel ends at a division: whoever uses the normals would else hash them again. The tiny
    # number keeps XLA from simplifying that.
    square = _square(high)
    return _sine(jnp.where(second, low + _QUARTER_TURN, low)) * square / (jnp.sqrt(square) + np.float32(1e-30))


@jax.jit
def pair_from(high: jax.Array, low: jax.Array) -> tuple[jax.Array, jax.Array]:
    """Both float32 standard normals of 64 bits; by a root that XLA leaves within the kernel, unlike a division."""
    square = _square(high)
    length = square * lax.rsqrt(square + np.float32(1e-30))
    return _sine(low) * length, _sine(low + _QUARTER_TURN) * length


def wide_normal_from(high: jax.Array, low: jax.Array) -> jax.Array:
    """One float64 standard normal from 64 bits, by the inverse error function."""
    tail = (high.astype(jnp.float64) + (low >> np.uint32(1)).astype(jnp.float64) * 2.0**-31 + 2.0**-32) * 2.0**-32
    value = lax.erf_inv(1 - tail) * np.sqrt(2)
    return jnp.where((low & np.uint32(1)) == 1, -value, value)


@partial(jax.jit, static_argnames=("shape", "dtype"), inline=True)
def normal(key: jax.Array, shape: tuple[int, ...] = (), dtype=None) -> jax.Array:
    """Independent standard normals of a static shape; dtype float32 or float64, by default JAX's default float.

    Law: N(0, 1). A pure function of the key, the shape and the flat position, whatever surrounds it.
    """
    dtype = jnp.dtype(float_dtype(1.0) if dtype is None else dtype)
    place = indices((int(np.prod(shape)),))  # flat: a kernel over short rows would not be vectorised
    if dtype == jnp.float64:
        return wide_normal_from(*hash_words(*key_words(key), NORMAL, place)).reshape(shape)
    # One elementwise chain that hashes twice for a pair: to store the hash, or to write two arrays, takes longer.
    half = np.uint32((place.size + 1) // 2)
    second = place >= half
    high, low = hash_words(*key_words(key), NORMAL, jnp.where(second, place - half, place))
    return normal_from(high, low, second).astype(dtype).reshape(shape)


def normal_totals(key: jax.Array, capacity: int, n: float | jax.Array) -> tuple[jax.Array, jax.Array, jax.Array]:
    """(pivot, sum of z - pivot, sum of (z - pivot)^2) over the first n of the float32 draws `normal(key, (capacity,))`.

    The draws are never stored. The pivot is the first of them, so that the spread about the mean is at least 1 / n of
    the last sum, and about 1 / (1 + pivot^2) of it for large n: little is lost where the means are subtracted.
    """
    whole = isinstance(n, int) and n == capacity and capacity % 2 == 0
    return over_lanes(partial(_totals, capacity, whole))(*key_words(key), jnp.asarray(n, jnp.uint32))


def _totals(capacity: int, whole: bool, k0: jax.Array, k1: jax.Array, n: jax.Array):
    """`normal_totals` by lane: one hash for both normals of a pair, whose two sums are one complex number."""
    half = (capacity + 1) // 2
    pivot = normal_from(*hash_words(k0, k1, NORMAL, jnp.zeros_like(k0)))

    def step(totals, places, k0, k1, n, pivot):
        first, second = totals
        for place, live in places:
            one, two = (z - pivot for z in pair_from(*hash_words(k0, k1, NORMAL, place)))
            if live is not None or not whole:
                live = True if live is None else live
                one = jnp.where(live & (place < n), one, 0)
                two = jnp.where(live & (place + np.uint32(half) < n), two, 0)
            first, second = first + (one + two), second + (one * one + two * two)
        return first, second

    return pivot, *over_places(step, 2, half, k0, k1, n, pivot)
