"""Laws of linear regression on labels of its own fits: y = x'w + noise, x ~ N(0, I_d), n rows.

`noise` is the standard deviation of the labels' noise. The risk is the excess risk
E |estimate - w|^2 under that design. Settings of Gerstgrasser et al. (2024) and Dohmatob et al. (2024, 2025).
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.special import digamma, zeta

from ._arguments import Floats, Values, above, at_least, below, completed, within


def least_squares_risk_law(n: npt.ArrayLike, dim: npt.ArrayLike, *, noise: npt.ArrayLike = 1.0) -> Values:
    """Expected excess risk of one ordinary least-squares fit to real labels.

    Law: noise^2 dim / (n - dim - 1).
    Raises ValueError for n < dim + 2, where it is infinite, and for noise < 0.
    Source: mean of the inverse Wishart.
    """
    d = at_least("dim", dim, 1, "a regression")
    n, s = at_least("n", n, d + 2, "a finite risk"), at_least("noise", noise, 0, "a label noise")
    return s**2 * d / (n - d - 1)


def least_squares_replace_law(
    n: npt.ArrayLike, dim: npt.ArrayLike, fits: npt.ArrayLike, *, noise: npt.ArrayLike = 1.0
) -> Values:
    """Expected excess risk under replace, the same for one fixed design and for fresh designs.

    Law: fits noise^2 dim / (n - dim - 1).
    Raises ValueError for n < dim + 2, noise < 0.
    Source: Gerstgrasser et al. (2024).
    """
    return completed(fits) * least_squares_risk_law(n, dim, noise=noise)


def least_squares_accumulate_law(
    n: npt.ArrayLike,
    dim: npt.ArrayLike,
    fits: npt.ArrayLike,
    *,
    noise: npt.ArrayLike = 1.0,
    fresh_design: bool = False,
) -> Values:
    """Expected excess risk under accumulate, for one fixed design or for fresh designs, whose risk is lower.

    Law: noise^2 dim / (n - dim - 1) sum_{i <= fits} 1 / i^2; fresh designs: noise^2 dim sum_{i <= fits}
    1 / (i (i n - dim - 1)), since fit i adds S_i^-1 X_i' noise to the last, S_i the pool's Gram matrix, and by symmetry
    E tr S_i^-1 X_i' X_i S_i^-1 = E tr S_i^-1 / i.
    Raises ValueError for n < dim + 2, noise < 0.
    Source: Gerstgrasser et al. (2024) for one design.
    """
    first, k = least_squares_risk_law(n, dim, noise=noise), completed(fits)
    if not fresh_design:
        return first * (zeta(2) - zeta(2, k + 1))
    a = (np.asarray(dim, float) + 1) / np.asarray(n, float)
    over_first = digamma(k + 1 - a) - digamma(1 - a) - digamma(k + 1) + digamma(1)  # a sum_i 1 / (i (i - a))
    return first * over_first * (1 - a) / a


def least_squares_accumulate_bound(n: npt.ArrayLike, dim: npt.ArrayLike, *, noise: npt.ArrayLike = 1.0) -> Values:
    """Upper bound on the expected excess risk under accumulate, for any number of fits.

    Law: noise^2 dim / (n - dim - 1) pi^2 / 6.
    Raises ValueError for n < dim + 2, noise < 0.
    Source: Gerstgrasser et al. (2024).
    """
    return zeta(2) * least_squares_risk_law(n, dim, noise=noise)


def least_squares_chain_law(
    n: npt.ArrayLike,
    dim: npt.ArrayLike,
    generators: npt.ArrayLike,
    *,
    n_generator: npt.ArrayLike,
    noise: npt.ArrayLike = 1.0,
    noise_generator: npt.ArrayLike = 1.0,
) -> Values:
    """Expected excess risk of a fit to n rows labelled by the last of a chain of fits to n_generator fresh rows each.

    Law: noise^2 dim / (n - dim - 1) + generators noise_generator^2 dim / (n_generator - dim - 1).
    Raises ValueError for n < dim + 2, n_generator < dim + 2, generators < 0.
    Source: Dohmatob et al. (NeurIPS 2024).
    """
    last, links = least_squares_risk_law(n, dim, noise=noise), at_least("generators", generators, 0, "a chain")
    return last + links * least_squares_risk_law(n_generator, dim, noise=noise_generator)


def overparametrised_chain_law(
    n: npt.ArrayLike, dim: npt.ArrayLike, generators: npt.ArrayLike, *, norm_squared: npt.ArrayLike = 1.0
) -> Values:
    """Expected excess risk of the last of a chain of noise-free minimum-norm fits to n < dim fresh rows each.

    Law: |w|^2 (1 - (n / dim)^generators).
    Raises ValueError for n outside [1, dim], generators < 0.
    Source: Dohmatob et al. (NeurIPS 2024).
    """
    d, links = at_least("dim", dim, 1, "a regression"), at_least("generators", generators, 0, "a chain")
    kept = within("n / dim", at_least("n", n, 1, "a fit") / d, 0, 1, "an over-parametrised fit")
    return np.asarray(norm_squared, float) * (1 - kept**links)


def ridge_kappa_law(spectrum: npt.ArrayLike, n: npt.ArrayLike, ridge: npt.ArrayLike) -> Values:
    """Effective ridge kappa of the fit (X'X / n + ridge)^-1 X'y / n to n rows of covariance S.

    `spectrum` holds the eigenvalues of S, in its last axis.
    Law: kappa - ridge = kappa df1 / n, df1 = tr S (S + kappa)^-1 (the largest root).
    Raises ValueError for n < 1, ridge < 0, an eigenvalue <= 0.
    Source: Dohmatob et al. (NeurIPS 2024).
    """
    S = above("spectrum", spectrum, 0, "a covariance")
    n, ridge = at_least("n", n, 1, "a fit"), at_least("ridge", ridge, 0, "ridge regression")
    kappa = ridge + S.sum(-1) / n  # right of the root of a convex function: Newton's steps fall to it
    for _ in range(100):
        excess = kappa - ridge - kappa * _df(S, kappa, 1) / n
        slope = np.maximum(1 - _df(S, kappa, 2) / n, np.finfo(float).tiny)  # 0 at the root where n = dim, ridge = 0
        kappa = np.maximum(kappa - np.maximum(excess, 0) / slope, ridge)
    return kappa


def ridge_chain_law(
    spectrum: npt.ArrayLike,
    weights: npt.ArrayLike,
    n: npt.ArrayLike,
    ridge: npt.ArrayLike,
    *,
    noise: npt.ArrayLike = 1.0,
    generators: npt.ArrayLike = 0,
    n_generator: npt.ArrayLike = np.inf,
    noise_generator: npt.ArrayLike = 1.0,
) -> Values:
    """Asymptotic excess risk of a ridge fit to n rows labelled by the last of a chain of least-squares generators.

    `weights` are the true ones in the eigenbasis of the covariance S with eigenvalues `spectrum`, of `dim` entries.
    Law: kappa^2 w'S (S + kappa)^-2 w / (1 - df2 / n) + noise^2 df2 / (n - df2) + generators noise_generator^2 rho,
    rho = df2 / (n_generator - dim - 1) [1 + kappa^2 tr (S + kappa)^-2 / (n - df2)], df_j = tr S^j (S + kappa)^-j,
    kappa of `ridge_kappa_law`. Within 3% at dim in the tens.
    Raises ValueError for n < 1, ridge < 0, an eigenvalue <= 0, n_generator < dim + 2, generators < 0.
    Source: Dohmatob et al. (NeurIPS 2024).
    """
    S, w = above("spectrum", spectrum, 0, "a covariance"), np.asarray(weights, float)
    d, s, s0 = S.shape[-1], np.asarray(noise, float), np.asarray(noise_generator, float)
    n0 = at_least("n_generator", n_generator, d + 2, "a finite risk")
    links = at_least("generators", generators, 0, "a chain")
    kappa, n = np.asarray(ridge_kappa_law(S, n, ridge)), np.asarray(n, float)
    df2, resolvent = _df(S, kappa, 2), 1 / (S + kappa[..., None])
    bias = kappa**2 * (w**2 * S * resolvent**2).sum(-1) / (1 - df2 / n)
    rho = df2 / (n0 - d - 1) * (1 + kappa**2 * (resolvent**2).sum(-1) / (n - df2))
    return bias + s**2 * df2 / (n - df2) + links * s0**2 * rho


def mixture_labels_law(
    ratio: npt.ArrayLike, synthetic_share: npt.ArrayLike, *, noise: npt.ArrayLike = 1.0, shift: npt.ArrayLike = 0.0
) -> Values:
    """Asymptotic excess risk of least squares on a mixture of real labels and labels of shifted weights.

    Law: noise^2 f / (1 - f) + (p2^2 + p2 p1 f / (1 - f)) shift^2, f = ratio = dim / n,
    p2 = synthetic_share, p1 = 1 - p2, shift the norm of the difference in weights.
    Raises ValueError for ratio outside [0, 1), synthetic_share outside [0, 1].
    Source: Dohmatob et al. (ICLR 2025).
    """
    f = at_least("ratio", below("ratio", ratio, 1, "least squares"), 0, "least squares")
    p2 = within("synthetic_share", synthetic_share, 0, 1, "a mixture")
    odds = f / (1 - f)
    return np.asarray(noise, float) ** 2 * odds + (p2**2 + p2 * (1 - p2) * odds) * np.asarray(shift, float) ** 2


def _df(S: Floats, kappa: Values, power: int) -> Floats:
    """Degrees of freedom tr S^power (S + kappa)^-power."""
    return ((S / (S + np.asarray(kappa)[..., None])) ** power).sum(-1)
