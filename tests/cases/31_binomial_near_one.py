"""Binomial draws with p close to 1, and with n = 1e10.

Source: haifengl/smile#692, numpy/numpy#5254, numba#1640.
"""

import jax
import jax.numpy as jnp
import numpy as np

from collapsebench.maths.samplers import binomial


def case():
    bad = []
    for n, p in ((1000, 0.999000999000999), (1000, 0.9990009999), (1e10, 0.5), (1600, 0.4)):
        s = np.asarray(binomial(jax.random.key(0), jnp.float32(n), jnp.float32(p), (100_000,)), float)
        se = np.sqrt(n * p * (1 - p) / 1e5)
        right = n * np.float64(np.float32(p))
        if s.min() < 0 or s.max() > np.float32(n) or abs(s.mean() - right) > 5 * se + n * 1e-8:
            bad.append((n, p, s.mean()))
    return not bad, f"(n, p, mean) {bad}"
