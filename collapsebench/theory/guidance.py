"""Laws of negative guidance (Neon) of a normal: a fit to n rows pushed away from a fit to `rows` of its own draws."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.special import digamma, gammaln

from ._arguments import Floats, Values, above, at_least, completed, iterate


def neon_log_variance_law(
    n: npt.ArrayLike, rows: npt.ArrayLike, weight: npt.ArrayLike, fits: npt.ArrayLike, *, bias: npt.ArrayLike = 1.0
) -> Values:
    """Expected log variance of a guided normal under replace, relative to the truth; draws have `bias` times its variance.

    Law: fits (L(n) - weight (L(rows) + log bias)) + (fits - 1) log bias, L(m) = digamma((m - 1) / 2) + log(2 / m). With
    weight 1 and rows = n it does not drift, whatever the bias is, but for the last model's. It spreads all the more: its
    variance is fits (trigamma((n - 1) / 2) + weight^2 trigamma((rows - 1) / 2)).
    Raises ValueError for n < 2, rows < 2, bias <= 0 and fits < 1.
    Source: chi-square law of the sample variance; method of Alemohammad et al. (2025).
    """
    b, k = np.log(above("bias", bias, 0, "a sampler")), completed(fits, 1)
    lost, again = (
        digamma((m - 1) / 2) + np.log(2 / m)
        for m in (at_least("n", n, 2, "a log variance"), at_least("rows", rows, 2, "a log variance"))
    )
    return k * (lost - np.asarray(weight, float) * (again + b)) + (k - 1) * b


def neon_variance_law(
    n: npt.ArrayLike, rows: npt.ArrayLike, weight: npt.ArrayLike, fits: npt.ArrayLike, *, dim: int = 1,
    bias: npt.ArrayLike = 1.0,
) -> Values:  # fmt: skip
    """Expected variance (trace / dim) of a guided normal under replace, from 1; draws have `bias` times its covariance.

    Law: the mean of D after fits steps, times bias^(fits - 1), from D = 1 along i = 1..dim. A step is D -> g D +
    weight^2 bias / rows S, then D -> ((n - i) D + S) / n, with S_i = D_1 + ... + D_(i-1) and
    g_i = (rows / (2 bias))^weight Gamma((rows - i) / 2 - weight) / Gamma((rows - i) / 2). In one dimension
    ((1 - 1 / n) g)^fits bias^(fits - 1).
    Raises ValueError for n < 2, rows <= dim + 2 weight, where it is infinite, bias <= 0 and fits < 1.
    Source: Bartlett's decomposition; method of Alemohammad et al. (2025).
    """
    return _guided(n, rows, weight, fits, dim, bias)[0]


def neon_mean_error_law(
    n: npt.ArrayLike, rows: npt.ArrayLike, weight: npt.ArrayLike, fits: npt.ArrayLike, *, dim: int = 1,
    bias: npt.ArrayLike = 1.0,
) -> Values:  # fmt: skip
    """Expected squared error of the mean of a guided normal under replace, summed over dimensions, from variance 1.

    Law: dim sum_{k < fits} u_k (1 / n + weight^2 bias (1 - 1 / n) / rows), u_k the variance of what fit k + 1 is given: 1
    at first, then bias times `neon_variance_law`.
    Raises ValueError for n < 2, rows <= dim + 2 weight, bias <= 0 and fits < 1.
    Source: Bartlett's decomposition; method of Alemohammad et al. (2025).
    """
    return _guided(n, rows, weight, fits, dim, bias)[1]


def _guided(
    n: npt.ArrayLike, rows: npt.ArrayLike, weight: npt.ArrayLike, fits: npt.ArrayLike, dim: int, bias: npt.ArrayLike
) -> tuple[Values, Values]:
    """Expected variance, and squared error of the mean, after the fits."""
    i = np.arange(1, int(at_least("dim", dim, 1, "a normal")) + 1)
    w, n = np.asarray(weight, float)[..., None], at_least("n", n, 2, "a variance")[..., None]
    m = above("rows", rows, float(np.max(dim + 2 * np.maximum(w, 0))), "a finite variance")[..., None]
    b, k = above("bias", bias, 0, "a sampler")[..., None], completed(fits, 1)[..., None]
    growth = (m / (2 * b)) ** w * np.exp(gammaln((m - i) / 2 - w) - gammaln((m - i) / 2))
    each = 1 / n + w**2 * b * (1 - 1 / n) / m

    def step(D: Floats, error: Floats, given: Floats) -> tuple[Floats, ...]:
        error = error + given * D.mean(-1, keepdims=True) * each
        D = growth * D + w**2 * b / m * (np.cumsum(D, -1) - D)
        return ((n - i) * D + np.cumsum(D, -1) - D) / n, error, given * b

    one = np.ones_like(growth + n)
    D, error, given = iterate(step, (one, 0 * one, one), k)
    return (D.mean(-1) * (given / b).mean(-1))[()], dim * error.mean(-1)[()]
