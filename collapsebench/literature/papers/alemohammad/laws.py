"""Laws of the fresh-data loop that Alemohammad et al. (2024) draw: distance, effective size, memory; one dimension.

They rest on `theory.fresh_law`, and add the spread of the variance to first order in 1 / n.
"""

from __future__ import annotations

import numpy as np
from scipy.linalg import solve_discrete_lyapunov
from scipy.optimize import brentq

from collapsebench import theory


def one_fit_distance(n: float) -> float:
    """Expected squared W2 of one unbiased fit to n real rows: 1 / n + 2 (1 - c4(n))."""
    return float(1 / n + 2 * (1 - theory.c4_law(n)))


def loop_distance(
    n_real: int, n_synthetic: int, fits: int, bias: float = 1.0, n_first: int | None = None
) -> np.ndarray:
    """Expected squared W2 after 1, 2, ..., `fits` fits, to first order in 1 / n.

    Law: v + 1 + s - 2 sqrt(s) (1 - g / (8 s^2)), where v and s are those of `theory.fresh_law`, and g = Var S follows
    g' = 2 n_r / n^2 + (a b)^2 (g + 2 (s^2 + g) / n_s), a = n_s / n.
    """
    if n_synthetic == 0:
        return np.full(fits, one_fit_distance(n_real))
    first, n = n_real if n_first is None else n_first, n_real + n_synthetic
    keep = (n_synthetic / n * bias) ** 2
    v, s = theory.fresh_law(n_real, n_synthetic, np.arange(1, fits + 1), bias=bias, n_first=first)
    g = np.full(fits, 2 / (first - 1))
    for k in range(1, fits):
        g[k] = 2 * n_real / n**2 + keep * (g[k - 1] + 2 * (s[k - 1] ** 2 + g[k - 1]) / n_synthetic)
    return np.asarray(v + 1 + s - 2 * np.sqrt(s) * (1 - g / (8 * s**2)))


def limit_distance(n_real: float, n_synthetic: float, bias: float = 1.0) -> float:
    """Limit of `loop_distance` for many fits, from the fixed points of its recursions."""
    n = n_real + n_synthetic
    keep = (n_synthetic / n * bias) ** 2
    v, s = theory.fresh_limit_law(n_real, n_synthetic, bias=bias)
    g = (2 * n_real / n**2 + keep * 2 * s**2 / n_synthetic) / (1 - keep * (1 + 2 / n_synthetic))
    return float(v + 1 + s - 2 * np.sqrt(s) * (1 - g / (8 * s**2)))


def effective_share(distance: float, n_real: float) -> float:
    """n_e / n_r: real rows whose one fit is at this distance on average, over n_r; 0 where two rows are already nearer.

    At bias 1 it is `theory.fresh_effective_size_law` to first order.
    """
    if distance >= one_fit_distance(2):
        return 0.0
    return float(brentq(lambda n: one_fit_distance(n) - distance, 2, 1e9)) / n_real


def admissible(n_real: float, bias: float) -> float:
    """Most synthetic rows with which the loop ends no farther from the truth than one fit to n_real real rows."""
    alone = one_fit_distance(n_real)
    return float(brentq(lambda n: limit_distance(n_real, n, bias) - alone, 1, 1e6))


def memory_mean_error(n_real: int, n_synthetic: int, models: int) -> float:
    """Limit of the mean's squared error where the synthetic rows come from the last `models` models; no bias.

    Law: the mean is autoregressive, m' = (a / K) sum of the last K means + noise of variance n_r / n^2 + a^2 / n_s,
    a = n_s / n, with the model's variance taken as 1 (it is 1 + O(1 / n)). At K = 1 this is 1 / (n (1 - a^2)).
    """
    n = n_real + n_synthetic
    a = n_synthetic / n
    step = np.eye(models, k=-1)
    step[0] = a / models
    noise = np.zeros((models, models))
    noise[0, 0] = n_real / n**2 + a**2 / n_synthetic
    return float(solve_discrete_lyapunov(step, noise)[0, 0])
