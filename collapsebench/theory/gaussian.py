"""Laws of the Gaussian loop under replace: every fit is to n draws of the last model (Shumailov et al., 2024).

The real variance is 1, or the real covariance has trace `trace`. ML divides by n, unbiased by n - 1.
Trap: for fits far beyond n the expectations are carried by rare trajectories: an unbiased variance keeps mean 1
for ever while almost every trajectory goes to 0. Judge long horizons by the log variance.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.special import digamma, gammaln, loggamma, poch, polygamma

from ._arguments import Floats, Values, above, at_least, completed


def c4_law(n: npt.ArrayLike) -> Values:
    """Expected sample standard deviation (the square root of the unbiased variance) of n normal draws of variance 1.

    Law: c4(n) = sqrt(2 / (n - 1)) Gamma(n / 2) / Gamma((n - 1) / 2), about 1 - 1 / (4 n).
    Raises ValueError for n < 2.
    Source: chi law of the sample standard deviation.
    """
    n = at_least("n", n, 2, "a standard deviation")
    return np.sqrt(2 / (n - 1)) * poch((n - 1) / 2, 1 / 2)  # poch(a, 1/2) = Gamma(a + 1/2) / Gamma(a)


def replace_variance_law(
    n: npt.ArrayLike, fits: npt.ArrayLike, *, unbiased: bool = False, trace: npt.ArrayLike = 1.0
) -> Values:
    """Expected variance (trace of the covariance) under replace.

    Law: trace (1 - 1 / n)^fits for ML, trace for unbiased.
    Raises ValueError for n < 1, and for n < 2 if unbiased.
    Source: Shumailov et al. (2024), whose theorem is for unbiased and whose code is ML.
    """
    return np.asarray(trace, float) * variance_factor(n, unbiased) ** completed(fits)


def replace_mean_error_law(
    n: npt.ArrayLike, fits: npt.ArrayLike, *, unbiased: bool = False, trace: npt.ArrayLike = 1.0
) -> Values:
    """Expected squared distance of the model's mean from the real mean under replace.

    Law: trace fits / n for unbiased, trace (1 - (1 - 1 / n)^fits) for ML, where mean error and variance sum to trace.
    Raises ValueError for n < 1, and for n < 2 if unbiased.
    Source: Shumailov et al. (2024).
    """
    kept, fits = variance_factor(n, unbiased), completed(fits)
    return np.asarray(trace, float) * (fits / np.asarray(n, float) if unbiased else 1 - kept**fits)


def replace_sd_law(n: npt.ArrayLike, fits: npt.ArrayLike, *, unbiased: bool = False) -> Values:
    """Expected standard deviation under replace.

    Law: c4(n)^fits for unbiased, (c4(n) sqrt(1 - 1 / n))^fits for ML.
    Raises ValueError for n < 2.
    Source: Bertrand et al. (2024).
    """
    return sd_factor(n, unbiased) ** completed(fits)


def replace_log_variance_law(n: npt.ArrayLike, fits: npt.ArrayLike, *, unbiased: bool = False) -> Values:
    """Expected log variance under replace, whose slope almost every trajectory follows.

    Law: fits (digamma((n - 1) / 2) + log(2 / n)) for ML; log(2 / (n - 1)) in place of log(2 / n) for unbiased.
    Raises ValueError for n < 2, where the estimate is zero and its log is -inf.
    Source: chi-square law of the sample variance; setting of Shumailov et al. (2024).
    """
    return completed(fits) * log_variance_step(n, unbiased)


def replace_log_variance_spread_law(n: npt.ArrayLike, fits: npt.ArrayLike) -> Values:
    """Variance over trajectories of the log variance under replace; the same for ML and unbiased.

    Law: fits trigamma((n - 1) / 2).
    Raises ValueError for n < 2.
    Source: chi-square law of the sample variance.
    """
    n = at_least("n", n, 2, "a log variance")
    return completed(fits) * polygamma(1, (n - 1) / 2)


def replace_median_variance_law(n: npt.ArrayLike, fits: npt.ArrayLike, *, unbiased: bool = False) -> Values:
    """Median variance under replace, to first order in 1 / n.

    Law: exp(-fits / (n - 1)) for unbiased, exp(-2 fits / n) for ML (about).
    Raises ValueError for n < 2.
    Source: log-normal limit of the product of chi-squares.
    """
    n, fits = at_least("n", n, 2, "a median variance"), completed(fits)
    return np.exp(-fits / (n - 1)) if unbiased else np.exp(-2 * fits / n)


def replace_w2_squared_law(n: npt.ArrayLike, fits: npt.ArrayLike, *, unbiased: bool = False) -> Values:
    """Expected squared Wasserstein-2 distance of the model from the real normal under replace, one dimension.

    Law: E mean^2 + E var + 1 - 2 E sd; for unbiased this is fits / n + 2 (1 - c4(n)^fits).
    Raises ValueError for n < 2.
    Source: Shumailov et al. (2024).
    """
    mean_error = replace_mean_error_law(n, fits, unbiased=unbiased)
    variance = replace_variance_law(n, fits, unbiased=unbiased)
    return mean_error + variance + 1 - 2 * replace_sd_law(n, fits, unbiased=unbiased)


def replace_kl_law(n: npt.ArrayLike, fits: npt.ArrayLike, *, unbiased: bool = False, dim: int = 1) -> Values:
    """Expected KL(real || model) in nats of the normal model in `dim` dimensions under replace, whatever the real normal.

    Law: (d (1 + 1 / c) (r^fits - 1) + fits l) / 2 for d = dim, with r = n / (n - d - 2) and c = d + 2 for ML,
    r = (n - 1) / (n - d - 2) and c = d + 1 for unbiased, and l = sum_{i=1..d} digamma((n - i) / 2) + d log(2 / n), or
    2 / (n - 1) for 2 / n. For fits above about n it is carried by rare trajectories.
    Raises ValueError for n < dim + 3, where it is infinite, and for dim < 1.
    Source: E W^-1 = S^-1 / (n - d - 2) and E log det W of a Wishart W of n - 1 rows (Anderson, 2003, section 7.7).
    """
    d = at_least("dim", dim, 1, "a normal")
    n, fits = at_least("n", n, d + 3, "an expected KL divergence"), completed(fits)
    rows = n - unbiased
    growth = (rows / (n - d - 2)) ** fits - 1
    log_det = sum(digamma((n - i) / 2) for i in range(1, dim + 1)) + d * np.log(2 / rows)
    return (d * (1 + 1 / (d + 2 - unbiased)) * growth + fits * log_det) / 2


def replace_sd_tail_law(
    n: npt.ArrayLike, fits: npt.ArrayLike, threshold: npt.ArrayLike, *, unbiased: bool = False
) -> Values:
    """Probability that the standard deviation exceeds `threshold` after `fits` fits under replace; exact.

    Law: 1/2 + (1/pi) int_0^inf Im[exp(-i u log threshold^2) phi(u)^fits] du / u, where phi is the characteristic
    function of one step of the log variance, phi(u) = (2 / n)^(iu) Gamma((n - 1) / 2 + iu) / Gamma((n - 1) / 2).
    Raises ValueError for n < 2, fits < 1, threshold <= 0.
    Source: Gil-Pelaez inversion of the chi-square product; setting of Suresh et al. (2025).
    """
    n, fits = at_least("n", n, 2, "a tail of the standard deviation"), completed(fits, 1)
    log_threshold = 2 * np.log(above("threshold", threshold, 0, "a tail of the standard deviation"))
    center, spread = fits * log_variance_step(n, unbiased), np.sqrt(fits * polygamma(1, (n - 1) / 2))
    score = np.clip((log_threshold - center) / spread, -50, 50)[..., None]
    t = 0.05 * (np.arange(1200) + 0.5)  # frequencies in units of 1 / spread; phi is below 1e-16 at the last
    shape, u = ((n - 1) / 2)[..., None], t / spread[..., None]
    log_phi = fits[..., None] * (loggamma(shape + 1j * u) - gammaln(shape) - 1j * u * digamma(shape))  # centred
    integrand = np.imag(np.exp(log_phi - 1j * t * score)) / t
    return np.clip(0.5 + integrand.sum(-1) * 0.05 / np.pi, 0, 1)


def replace_sd_tail_bound(n: npt.ArrayLike, fits: npt.ArrayLike, threshold: npt.ArrayLike) -> Values:
    """Upper bound on the probability that the standard deviation exceeds `threshold` under replace, real sd 1.

    Law: min(1, exp(-fits / (4 n - 1)) / threshold).
    Raises ValueError for n < 2, threshold <= 0.
    Source: Suresh et al. (2025).
    """
    n, fits = at_least("n", n, 2, "a tail bound"), completed(fits)
    return np.minimum(1, np.exp(-fits / (4 * n - 1)) / above("threshold", threshold, 0, "a tail bound"))


def replace_sd_moment_bound(
    n: npt.ArrayLike, fits: npt.ArrayLike, threshold: npt.ArrayLike, moment: npt.ArrayLike = 0.7
) -> Values:
    """Markov bound on the probability that the unbiased sd exceeds `threshold` under replace, by its s-th moment.

    Law: min(1, threshold^-s [Gamma((s + nu) / 2) / ((nu / 2)^(s/2) Gamma(nu / 2))]^fits), s = moment, nu = n - 1.
    Raises ValueError for n < 2, threshold <= 0, moment <= 0.
    Source: Suresh et al. (2025), drawn there at s = 0.7.
    """
    half = (at_least("n", n, 2, "a tail bound") - 1) / 2
    threshold, s = above("threshold", threshold, 0, "a tail bound"), above("moment", moment, 0, "a tail bound")
    return np.minimum(1, threshold**-s * (poch(half, s / 2) / half ** (s / 2)) ** completed(fits))


def variance_factor(n: npt.ArrayLike, unbiased: bool) -> Floats:
    """Factor by which one fit multiplies the expected variance."""
    n = at_least("n", n, 2, "an unbiased variance") if unbiased else at_least("n", n, 1, "a variance")
    return np.ones_like(n) if unbiased else 1 - 1 / n


def sd_factor(n: npt.ArrayLike, unbiased: bool) -> Values:
    """Factor by which one fit multiplies the expected standard deviation."""
    return c4_law(n) * np.sqrt(variance_factor(n, unbiased))


def log_variance_step(n: npt.ArrayLike, unbiased: bool) -> Floats:
    """Change of the expected log variance in one fit."""
    n = at_least("n", n, 2, "a log variance")
    return digamma((n - 1) / 2) - np.log((n - unbiased) / 2)
