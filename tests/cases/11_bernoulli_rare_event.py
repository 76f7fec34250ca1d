"""Bernoulli draws in float32 below p = 1e-7.

Source: jax-ml/jax#28022 (fix of #28017).
"""

import jax.numpy as jnp
from scipy import stats

import collapsebench as cb
from collapsebench.maths.distributions.bernoulli import Bernoulli

SLOW = True


def case():
    p, n = 1e-8, 2 * 10**7
    hits = sum(int(cb.sample("bernoulli", Bernoulli(jnp.float32(p)), n, seed=s).sum()) for s in range(10))
    tail = stats.poisson(10 * n * p).sf(hits - 1)
    return tail > 1e-6, f"{hits} ones of 2e8 draws, right {10 * n * p:.0f} (chance of as many {tail:.1g})"
