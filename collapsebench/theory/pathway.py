"""Laws for classes of estimators: the pi^2/6 pathway, weighted mixing of real and synthetic data, scale families.

Settings of Dey and Donoho (2024), He et al. (2025), Barzilai and Shamir (2025).
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.special import zeta

from ._arguments import Values, above, at_least, completed, within


def pathway_replace_law(fits: npt.ArrayLike) -> Values:
    """Variance relative to the first fit's under replace, for any asymptotically linear unbiased estimator.

    Law: fits.
    Raises ValueError for fits < 0.
    Source: Dey and Donoho (2024).
    """
    return completed(fits) + 0.0


def pathway_accumulate_law(fits: npt.ArrayLike) -> Values:
    """Variance relative to the first fit's when every fit is to the pool of all samples so far.

    Law: sum_{i <= fits} 1 / i^2, with limit pi^2 / 6.
    Raises ValueError for fits < 0.
    Source: Dey and Donoho (2024).
    """
    return zeta(2) - zeta(2, completed(fits) + 1)


def pathway_subsample_law(fits: npt.ArrayLike) -> Values:
    """Variance relative to the first fit's when every fit is to a subsample of the pool, as large as the first set.

    Law: P_k + 1 - 1 / k, P_k = P_{k-1} + (2 - 1 / (k - 1)) / k^2, P_1 = 1; which is 3 sum_{i <= k} 1 / i^2 - 2,
    with limit pi^2 / 2 - 2.
    Raises ValueError for fits < 1.
    Source: Dey and Donoho (2024).
    """
    return 3 * pathway_accumulate_law(completed(fits, 1)) - 2


def weighted_error_law(weight: npt.ArrayLike, ratio: npt.ArrayLike, fits: npt.ArrayLike = np.inf) -> Values:
    """Variance relative to that of the real data alone when every fit weights fresh real and synthetic estimates.

    The estimate is weight * (from n real draws) + (1 - weight) * (from n / ratio synthetic draws).
    Law: L + (1 - w)^(2 (fits - 1)) (1 - L), L = (w^2 + ratio (1 - w)^2) / (2 w - w^2), w = weight; its
    limit is L.
    Raises ValueError for weight outside (0, 1], ratio < 0, fits < 1.
    Source: He et al. (2025).
    """
    w = within("weight", above("weight", weight, 0, "a weighted mix"), 0, 1, "a weighted mix")
    k0, fits = at_least("ratio", ratio, 0, "a weighted mix"), completed(fits, 1)
    limit = (w**2 + k0 * (1 - w) ** 2) / (2 * w - w**2)
    return limit + np.where(fits == 1, 1, (1 - w) ** (2 * (fits - 1))) * (1 - limit)


def weighted_optimum_law(ratio: npt.ArrayLike) -> Values:
    """Weight on real data that minimises the limit of `weighted_error_law`, which is also that least limit.

    Law: (sqrt(ratio^2 + 4 ratio) - ratio) / 2; the golden ratio .618 at ratio = 1.
    Raises ValueError for ratio < 0.
    Source: He et al. (2025).
    """
    k0 = at_least("ratio", ratio, 0, "a weighted mix")
    return (np.sqrt(k0**2 + 4 * k0) - k0) / 2


def scale_family_error_law(n: int, fits: int) -> float:
    """Expected relative error E |t_k / t - 1| of the ML rate of an exponential under accumulate, n new draws per fit.

    It does not depend on t: the learner cannot see the parameter of a scale family. The density t x^(t-1) on (0, 1)
    is one, since -log x is exponential with rate t.
    Law: E |Y - 1| = E Y - 1 + 2 int_0^inf e^-x P(-log Y > x) dx for Y = t_k / t, where
    1 / Y = prod_i (1 + (G_i - 1) / i), G_i ~ Gamma(n) / n; the tail comes from the characteristic function phi
    of -log Y by Gil-Pelaez inversion.
    Raises ValueError for n < 10, where the tail is too long for the quadrature, and for fits < 1.
    Source: setting of Barzilai and Shamir (2025).
    """
    at_least("n", n, 10, "the inversion")
    i = np.arange(1, int(completed(fits, 1)) + 1)[:, None]
    spread = np.sqrt(np.sum(1 / i**2) / n)
    log_gamma = np.linspace(-9, 9, 101) / np.sqrt(n)  # nine standard deviations of log G
    density = np.exp(n * (log_gamma - np.expm1(log_gamma)))
    log_factor = np.log1p(np.expm1(log_gamma) / i)

    def mellin(power: complex) -> complex:  # E Y^-power
        return complex(np.prod(np.average(np.exp(power * log_factor), axis=-1, weights=density)))

    step = 0.1 / spread
    u = step * (np.arange(100) + 0.5)
    phi = np.array([mellin(1j * frequency) for frequency in u])
    end = 10 * spread  # of the integral over x, which is done here first
    weight = -np.expm1(-end * (1 + 1j * u)) / (1 + 1j * u)
    tail = -np.expm1(-end) / 2 + np.sum(np.imag(phi * weight) / u) * step / np.pi
    return mellin(-1).real - 1 + 2 * float(tail)


def scale_family_ratio_law(n: int, fits: int) -> float:
    """Expected error after `fits` fits relative to that after the first, under accumulate, for any scale family.

    Law: ratio of `scale_family_error_law`; to first order sqrt(sum_{i <= fits} 1 / i^2), with
    limit sqrt(pi^2 / 6) = 1.2825.
    Raises ValueError for n < 10, fits < 1.
    Source: setting of Barzilai and Shamir (2025).
    """
    return scale_family_error_law(n, fits) / scale_family_error_law(n, 1)
