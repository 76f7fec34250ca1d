"""Laws of Gaussian kernel density estimates refitted to their own draws (Borji, 2024; Kazdan et al., 2025).

The model is a mixture of kernels of width h around its centres, the n points it was fitted to. A law gives the variance
of the model, per dimension; `centres=True` gives the ML variance of the centres, which is h^2 less. The real variance
is 1.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
import numpy.typing as npt
from scipy.special import digamma

from ._arguments import Values, at_least, completed, iterate

Rule = Literal["scott", "silverman"]


def kde_variance_law(
    n: npt.ArrayLike, fits: npt.ArrayLike, bandwidth: npt.ArrayLike, *, centres: bool = False
) -> Values:
    """Expected variance under replace at a fixed bandwidth h; its limit is n h^2, not 0.

    Law: the centres have Var' = (1 - 1 / n)(Var + h^2), from 1 - 1 / n; so after `fits` fits
    Var = L + (1 - 1 / n)^fits (1 - h^2 - L), L = (n - 1) h^2; the model has Var + h^2.
    Raises ValueError for n < 1, bandwidth < 0, fits < 1.
    Source: setting of Kazdan et al. (2025).
    """
    n, h = at_least("n", n, 1, "a kernel density"), at_least("bandwidth", bandwidth, 0, "a kernel density")
    limit = (n - 1) * h**2
    variance = limit + (1 - 1 / n) ** completed(fits, 1) * (1 - h**2 - limit)
    return variance if centres else variance + h**2


def kde_variance_limit_law(n: npt.ArrayLike, bandwidth: npt.ArrayLike, *, centres: bool = False) -> Values:
    """Limit of the expected variance under replace at a fixed bandwidth.

    Law: (n - 1) h^2 for the centres, n h^2 for the model.
    Raises ValueError for n < 1, bandwidth < 0.
    Source: setting of Kazdan et al. (2025).
    """
    n, h = at_least("n", n, 1, "a kernel density"), at_least("bandwidth", bandwidth, 0, "a kernel density")
    return (n - centres) * h**2


def kde_rule_factor_law(n: npt.ArrayLike, rule: Rule, *, dim: npt.ArrayLike = 1) -> Values:
    """Factor of the expected variance per fit under replace, for the rule h = c s n^(-1 / (dim + 4)), s unbiased.

    Law: (1 - 1 / n)(1 + c^2 n^(-2 / (dim + 4)) n / (n - 1)) > 1, c = 1 for Scott, (4 / (dim + 2))^(1 / (dim + 4)) for
    Silverman: the variance explodes.
    Raises ValueError for n < 2, dim < 1 and for an unknown rule.
    Source: setting of Borji (2024).
    """
    n = at_least("n", n, 2, "an unbiased variance")
    return (1 - 1 / n) * _kernel_factor(n, rule, dim)


def kde_rule_variance_law(
    n: npt.ArrayLike, fits: npt.ArrayLike, rule: Rule, *, dim: npt.ArrayLike = 1, centres: bool = False
) -> Values:
    """Expected variance under replace with the bandwidth of Scott's or Silverman's rule.

    Law: centres (1 - 1 / n) f^(fits - 1), f of `kde_rule_factor_law`; the model has f^fits.
    Raises ValueError for n < 2, dim < 1, fits < 1 and for an unknown rule.
    Source: setting of Borji (2024).
    """
    n, fits = at_least("n", n, 2, "an unbiased variance"), completed(fits, 1)
    factor = kde_rule_factor_law(n, rule, dim=dim)
    return (1 - 1 / n) * factor ** (fits - 1) if centres else factor**fits


def kde_accumulate_excess_law(fits: npt.ArrayLike, bandwidth: npt.ArrayLike) -> Values:
    """Growth of the expected second moment about the real mean under accumulate, at a fixed bandwidth.

    Law: h^2 H_fits, H the harmonic numbers: it grows like a logarithm, so it is not bounded.
    Raises ValueError for bandwidth < 0.
    Source: setting of Kazdan et al. (2025).
    """
    h = at_least("bandwidth", bandwidth, 0, "a kernel density")
    return h**2 * (digamma(completed(fits) + 1) + np.euler_gamma)


def kde_accumulate_variance_law(
    n: npt.ArrayLike, fits: npt.ArrayLike, bandwidth: npt.ArrayLike, *, centres: bool = False
) -> Values:
    """Expected variance under accumulate (every fit to all draws so far, n new ones per fit) at a fixed bandwidth.

    Law: centres Var_k = Var_{k-1} + h^2 / k - (Var_{k-1} + h^2) / (n k^2), Var_1 = 1 - 1 / n; the model
    has Var_k + h^2.
    Raises ValueError for n < 1, bandwidth < 0, fits < 1.
    Source: setting of Kazdan et al. (2025).
    """
    n, h = at_least("n", n, 1, "a kernel density"), at_least("bandwidth", bandwidth, 0, "a kernel density")

    def step(k: Values, variance: Values) -> tuple[Values, Values]:
        return k + 1, variance + h**2 / (k + 1) - (variance + h**2) / (n * (k + 1) ** 2)

    variance = iterate(step, (1.0, 1 - 1 / n + 0 * h), completed(fits, 1) - 1)[1]
    return variance if centres else variance + h**2


def _kernel_factor(n: npt.ArrayLike, rule: Rule, dim: npt.ArrayLike) -> Values:
    """Variance of the model divided by that of its centres."""
    n, d = np.asarray(n, float), at_least("dim", dim, 1, "a kernel density")
    constants = {"scott": 1.0 + 0 * d, "silverman": (4 / (d + 2)) ** (1 / (d + 4))}
    if rule not in constants:
        raise ValueError(f"rule = {rule}: a bandwidth rule is one of {', '.join(constants)}")
    return 1 + constants[rule] ** 2 * n ** (-2 / (d + 4)) * n / (n - 1)
