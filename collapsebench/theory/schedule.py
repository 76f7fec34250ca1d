"""Laws of the Gaussian loop under replace with sizes[..., i] draws for fit i (Shumailov et al., 2024).

Every schedule law returns an array shaped like `sizes`: its entry i is the state after fit i, the first on real data.
The real variance is 1. The risk stays finite for ever exactly when sum 1 / sizes_i does.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.special import zeta

from ._arguments import Values, at_least
from .gaussian import log_variance_step, sd_factor, variance_factor


def schedule_variance_law(sizes: npt.ArrayLike, *, unbiased: bool = False) -> Values:
    """Expected variance under replace after each fit i of a schedule of sizes[..., i] draws.

    Law: prod_i (1 - 1 / sizes_i) for ML, 1 for unbiased.
    Raises ValueError for a size < 1, and for one < 2 if unbiased.
    Source: setting of Shumailov et al. (2024).
    """
    return np.cumprod(variance_factor(sizes, unbiased), -1)


def schedule_mean_error_law(sizes: npt.ArrayLike, *, unbiased: bool = False) -> Values:
    """Expected squared error of the mean under replace after each fit i of a schedule of sizes[..., i] draws.

    Law: sum_i 1 / sizes_i for unbiased, 1 - prod_i (1 - 1 / sizes_i) for ML.
    Raises ValueError for a size < 1, and for one < 2 if unbiased.
    Source: Shumailov et al. (2024).
    """
    variance = schedule_variance_law(sizes, unbiased=unbiased)
    return np.cumsum(1 / np.asarray(sizes, float), -1) if unbiased else 1 - variance


def schedule_sd_law(sizes: npt.ArrayLike, *, unbiased: bool = False) -> Values:
    """Expected standard deviation under replace after each fit i of a schedule of sizes[..., i] draws.

    Law: prod_i c4(sizes_i) for unbiased, prod_i c4(sizes_i) sqrt(1 - 1 / sizes_i) for ML.
    Raises ValueError for a size < 2.
    Source: chi law of the sample standard deviation.
    """
    return np.cumprod(sd_factor(sizes, unbiased), -1)


def schedule_log_variance_law(sizes: npt.ArrayLike, *, unbiased: bool = False) -> Values:
    """Expected log variance under replace after each fit i of a schedule of sizes[..., i] draws.

    Law: sum_i (digamma((sizes_i - 1) / 2) + log(2 / sizes_i)) for ML; log(2 / (sizes_i - 1)) for unbiased.
    Raises ValueError for a size < 2.
    Source: chi-square law of the sample variance.
    """
    return np.cumsum(log_variance_step(sizes, unbiased), -1)


def schedule_w2_squared_law(sizes: npt.ArrayLike, *, unbiased: bool = False) -> Values:
    """Expected squared Wasserstein-2 distance under replace after each fit i of a schedule of sizes[..., i] draws.

    Law: E mean^2 + E var + 1 - 2 E sd; for unbiased sum 1 / sizes_i + 2 (1 - prod c4(sizes_i)).
    Raises ValueError for a size < 2.
    Source: Shumailov et al. (2024).
    """
    mean_error = schedule_mean_error_law(sizes, unbiased=unbiased)
    variance = schedule_variance_law(sizes, unbiased=unbiased)
    return mean_error + variance + 1 - 2 * schedule_sd_law(sizes, unbiased=unbiased)


def schedule_w2_squared_first_order_law(sizes: npt.ArrayLike) -> Values:
    """Expected squared Wasserstein-2 distance under replace with a schedule, unbiased, to first order in 1 / sizes.

    Law: (3/2) sum_i 1 / sizes_i.
    Raises ValueError for a size < 2.
    Source: Shumailov et al. (2024).
    """
    return 1.5 * np.cumsum(1 / at_least("sizes", sizes, 2, "an unbiased variance"), -1)


def growth_mean_error_limit_law(n: npt.ArrayLike, power: npt.ArrayLike) -> Values:
    """Limit of the expected squared error of the mean under replace with sizes n i^power, unbiased variance.

    Law: zeta(power) / n; infinite for power <= 1, so sizes must grow faster than linearly.
    Raises ValueError for n < 2.
    Source: Shumailov et al. (2024).
    """
    n, power = at_least("n", n, 2, "an unbiased variance"), np.asarray(power, float)
    return np.where(power > 1, zeta(np.maximum(power, 1)), np.inf)[()] / n
