"""Standard normals by the inverse error function, fused with their bits: over twice `jax.random.normal` on a CPU."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from collapsebench.samplers.bits import NORMAL, float_dtype, hash_words, indices, key_words

# Giles (2012), Approximating the erfinv function: single precision, as in XLA; highest power first.
_CENTRAL = (
    2.81022636e-08, 3.43273939e-07, -3.5233877e-06, -4.39150654e-06, 0.00021858087, -0.00125372503, -0.00417768164,
    0.246640727, 1.50140941,
)  # fmt: skip
_TAIL = (
    -0.000200214257, 0.000100950558, 0.00134934322, -0.00367342844, 0.00573950773, -0.0076224613, 0.00943887047,
    1.00167406, 2.83297682,
)  # fmt: skip


def normal_from(bits: jax.Array) -> jax.Array:
    """One float32 standard normal from 32 bits: one is the sign, 31 are the probability of a larger size.

    The tail probability is never formed as 1 - u, so sizes resolve down to probability 2**-32 (6.3 standard
    deviations); `jax.random.normal` stops at 2**-24 (5.4).
    """
    tail = ((bits >> np.uint32(1)).astype(jnp.float32) + np.float32(0.5)) * np.float32(2.0**-31)
    product = tail * (2 - tail)
    central = product > np.float32(np.exp(-5))
    # The same logarithm twice, once of the square: one shared by both branches would be stored and the bits made again.
    far = jnp.sqrt(-0.5 * jnp.log(product * product))
    x = jnp.where(central, -jnp.log(product) - np.float32(2.5), far - 3)
    value = jnp.where(central, np.float32(_CENTRAL[0]), np.float32(_TAIL[0]))
    for near, beyond in zip(_CENTRAL[1:], _TAIL[1:], strict=True):
        value = value * x + jnp.where(central, np.float32(near), np.float32(beyond))
    value = value * (1 - tail) * np.float32(np.sqrt(2))
    return jnp.where((bits & np.uint32(1)) == 1, -value, value)


def wide_normal_from(high: jax.Array, low: jax.Array) -> jax.Array:
    """One float64 standard normal from 64 bits."""
    tail = (high.astype(jnp.float64) + (low >> np.uint32(1)).astype(jnp.float64) * 2.0**-31 + 2.0**-32) * 2.0**-32
    value = lax.erf_inv(1 - tail) * np.sqrt(2)
    return jnp.where((low & np.uint32(1)) == 1, -value, value)


@partial(jax.jit, static_argnames=("shape", "dtype"), inline=True)
def normal(key: jax.Array, shape: tuple[int, ...] = (), dtype=None) -> jax.Array:
    """Independent standard normals of the given static shape; dtype float32 or float64, by default JAX's default float.

    Law: N(0, 1). A pure function of the key and the flat position, whatever surrounds it.
    """
    dtype = jnp.dtype(float_dtype(1.0) if dtype is None else dtype)
    k0, k1 = key_words(key)
    size = int(np.prod(shape))
    if dtype == jnp.float64:
        return wide_normal_from(*hash_words(k0, k1, NORMAL, indices(shape)))
    high, low = hash_words(k0, k1, NORMAL, indices(((size + 1) // 2,)))
    return jnp.concatenate([normal_from(high), normal_from(low)])[:size].reshape(shape).astype(dtype)
