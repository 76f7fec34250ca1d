"""Standard normals fused with their bits: Box and Muller (1958) in float32, the inverse error function in float64."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from collapsebench.maths.samplers.bits import NORMAL, float_dtype, hash_words, indices, key_words

# sin(pi t) / t in powers of t^2 for |t| <= 1/2, lowest first; relative error 7e-9 (own Chebyshev fit).
_SINE = (3.1415926401307073, -5.1677100835078695, 2.550077523214188, -0.5982912856181107, 0.07765766030145861)
_QUARTER_TURN = np.uint32(1 << 30)


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


def normal_from(high: jax.Array, low: jax.Array, second: jax.Array | bool = False) -> jax.Array:
    """One float32 standard normal from 64 bits; `second` gives the other of the pair, independent of the first.

    Sizes resolve down to a probability of 2**-33 (6.8 standard deviations); `jax.random.normal` stops at 2**-24 (5.4).
    """
    u = ((high >> np.uint32(1)).astype(jnp.float32) + np.float32(0.25)) * np.float32(2.0**-31)
    # q / sqrt(q), because a kernel ends at a division: whoever uses the normals would else hash them again. The tiny
    # number keeps XLA from simplifying that.
    square = -2 * jnp.log(u)
    return _sine(jnp.where(second, low + _QUARTER_TURN, low)) * square / (jnp.sqrt(square) + np.float32(1e-30))


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
