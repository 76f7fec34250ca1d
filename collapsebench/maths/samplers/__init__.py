"""Exact samplers for compiled, batched programs.

Pure functions of a typed threefry key, of parameters that may be traced and of a static shape. Each is faster on a CPU
than its namesake in `jax.random`, and draws the same whatever is mapped or sharded around it.
"""

from collapsebench.maths.samplers.binomial import binomial, poisson
from collapsebench.maths.samplers.gamma import (
    chi_square,
    chi_square_and_normal,
    log_gamma,
    standard_gamma,
    wishart_factor,
)
from collapsebench.maths.samplers.multinomial import multinomial
from collapsebench.maths.samplers.normal import normal, normal_totals
from collapsebench.maths.samplers.resample import categorical_rows, choose_rows, subsample_rows
from collapsebench.maths.samplers.uniform import bernoulli, exponential, uniform

__all__ = [
    "bernoulli",
    "binomial",
    "categorical_rows",
    "chi_square",
    "chi_square_and_normal",
    "choose_rows",
    "exponential",
    "log_gamma",
    "multinomial",
    "normal",
    "normal_totals",
    "poisson",
    "standard_gamma",
    "subsample_rows",
    "uniform",
    "wishart_factor",
]
