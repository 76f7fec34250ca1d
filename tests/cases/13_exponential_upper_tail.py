"""Exponential draws in float32 that end at 24 log 2 or so.

Source: numpy/numpy#20830, jax-ml/jax#26974.
"""

import jax.numpy as jnp
import numpy as np
from scipy import stats

import collapsebench as cb
from collapsebench.maths.distributions.exponential import Exponential

SLOW = True


def case():
    n = 2 * 10**7
    params = Exponential(jnp.float32(0.0))
    above = sum(int((cb.sample("exponential", params, n, seed=s) > 16).sum()) for s in range(10))
    right = 10 * n * np.exp(-16)
    return stats.poisson(right).cdf(above) > 1e-6, f"{above} draws above 16 of 2e8, right {right:.1f}"
