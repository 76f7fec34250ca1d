"""Laws of Gaussian loops that keep or add data: accumulate, a fixed real set, fresh real data.

Settings of Kazdan et al. (2025), Bertrand et al. (2024), Alemohammad et al. (2024).
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.special import poch

from ._arguments import Values, at_least, completed, iterate, within


def accumulate_variance_law(n: npt.ArrayLike, fits: npt.ArrayLike, *, trace: npt.ArrayLike = 1.0) -> Values:
    """Expected ML variance (trace of the covariance) under accumulate: every fit to all draws, n new ones per fit.

    Law: trace prod_{t=1..fits} (1 - 1 / (n t^2)).
    Raises ValueError for n < 1.
    Source: Gerstgrasser et al. (2024), Kazdan et al. (2025).
    """
    a, k = 1 / np.sqrt(at_least("n", n, 1, "a fit")), completed(fits)
    product = np.sinc(a) * poch(k + 1, a) * poch(k + 1, -a)  # Euler's product for the sine, cut at k factors
    return np.asarray(trace, float) * np.where(k == 0, 1, product)


def accumulate_mean_error_law(n: npt.ArrayLike, fits: npt.ArrayLike, *, trace: npt.ArrayLike = 1.0) -> Values:
    """Expected squared distance of the mean from the real mean under accumulate, n new draws per fit.

    Law: trace (1 - prod_{t=1..fits} (1 - 1 / (n t^2))).
    Raises ValueError for n < 1.
    Source: Kazdan et al. (2025).
    """
    return np.asarray(trace, float) - accumulate_variance_law(n, fits, trace=trace)


def accumulate_variance_limit_law(n: npt.ArrayLike, *, trace: npt.ArrayLike = 1.0) -> Values:
    """Limit of the expected ML variance under accumulate; the mean's squared error tends to trace minus this.

    Law: trace sin(a) / a at a = pi / sqrt(n).
    Raises ValueError for n < 1.
    Source: Euler's product for the sine.
    """
    return np.asarray(trace, float) * np.sinc(1 / np.sqrt(at_least("n", n, 1, "a fit")))


def schedule_accumulate_variance_law(sizes: npt.ArrayLike) -> Values:
    """Expected ML variance under accumulate after each fit i of a schedule, with sizes[..., i] new draws.

    Law: prod_i (1 - sizes_i / pool_i^2), pool_i = sizes_1 + ... + sizes_i.
    Raises ValueError for a size < 1.
    Source: the pool's second moment is a martingale; with equal sizes it is accumulate_variance_law.
    """
    sizes = at_least("sizes", sizes, 1, "a fit")
    return np.cumprod(1 - sizes / np.cumsum(sizes, -1) ** 2, -1)


def augment_law(
    n_real: npt.ArrayLike, n_synthetic: npt.ArrayLike, fits: npt.ArrayLike, *, real_variance: npt.ArrayLike = 1.0
) -> tuple[Values, Values]:
    """Expected squared distance v of the mean from a fixed real set's mean, and expected ML variance q, given that set.

    The set of n_real points is kept for ever; `real_variance` is its own ML variance s0^2. The first fit sees it alone.
    Law: v' = a^2 (v + q / m), q' = [n s0^2 + (m - 1) q + (n m / N)(v + q / m)] / N, with n = n_real, m = n_synthetic,
    N = n + m, a = m / N; v + q = s0^2 at every fit.
    Raises ValueError for n_real < 1, n_synthetic < 1, fits < 1.
    Source: setting of Bertrand et al. (2024).
    """
    n, m = at_least("n_real", n_real, 1, "a fixed real set"), at_least("n_synthetic", n_synthetic, 1, "augmenting")
    s0_squared, total = np.asarray(real_variance, float), n + m

    def step(v: Values, q: Values) -> tuple[Values, Values]:
        drawn = v + q / m  # E (synthetic mean - real mean)^2
        return (m / total) ** 2 * drawn, (n * s0_squared + (m - 1) * q + n * m / total * drawn) / total

    return iterate(step, (0 * total, s0_squared + 0 * total), completed(fits, 1) - 1)


def augment_limit_law(
    n_real: npt.ArrayLike, n_synthetic: npt.ArrayLike, *, real_variance: npt.ArrayLike = 1.0
) -> tuple[Values, Values]:
    """Limits of v and q of `augment_law` after infinitely many fits.

    Law: q = n s0^2 / (n + m / (N + m)), v = s0^2 - q, with n = n_real, m = n_synthetic, N = n + m.
    Raises ValueError for n_real < 1, n_synthetic < 1.
    Source: fixed point of the recursion.
    """
    n, m = at_least("n_real", n_real, 1, "a fixed real set"), at_least("n_synthetic", n_synthetic, 1, "augmenting")
    s0_squared = np.asarray(real_variance, float)
    q = n * s0_squared / (n + m / (n + 2 * m))
    return s0_squared - q, q


def augment_rate_law(ratio: npt.ArrayLike) -> Values:
    """Factor of the mean's displacement per fit, with `ratio` synthetic points per point of a fixed real set.

    Law: ratio / (1 + ratio), below 1 for every ratio: always stable.
    Raises ValueError for ratio < 0.
    Source: eigenvalue of the mean map; setting of Bertrand et al. (2024).
    """
    ratio = at_least("ratio", ratio, 0, "a share of synthetic data")
    return ratio / (1 + ratio)


def augment_rate_bound(ratio: npt.ArrayLike) -> Values:
    """Published upper bound on `augment_rate_law`; its sufficient condition holds for ratio < 1/2 only.

    Law: ratio / (1 - ratio) for ratio < 1/2, infinite from there on.
    Raises ValueError for ratio < 0.
    Source: Bertrand et al. (2024).
    """
    ratio = at_least("ratio", ratio, 0, "a share of synthetic data")
    return np.where(ratio < 0.5, ratio / (1 - np.minimum(ratio, 0.5)), np.inf)[()]


def fresh_law(
    n_real: npt.ArrayLike,
    n_synthetic: npt.ArrayLike,
    fits: npt.ArrayLike,
    *,
    bias: npt.ArrayLike = 1.0,
    n_first: npt.ArrayLike | None = None,
    unbiased: bool = True,
) -> tuple[Values, Values]:
    """Expected squared error v of the mean and variance s, per dimension, with fresh real data in every fit.

    Each fit sees n_real new real draws and n_synthetic draws of N(mean, bias S); the first one sees n_first real draws
    (None: n_real). unbiased: whether the variance is; else it is that of maximum likelihood.
    Law: v' = a^2 (v + b s / n_s) + n_r / n^2, s' = (n_r + n_s b s) / n + n_r n_s v / (n (n - 1)), with n_r = n_real,
    n_s = n_synthetic, n = n_r + n_s, a = n_s / n, b = bias; maximum likelihood: s' (1 - 1 / n), at first 1 - 1 / n_first.
    Raises ValueError for n_real < 0, n_synthetic < 0, n_real + n_synthetic < 2, n_first < 1, bias < 0, fits < 1.
    Source: setting of Alemohammad et al. (2024).
    """
    n_r, n_s = at_least("n_real", n_real, 0, "fresh data"), at_least("n_synthetic", n_synthetic, 0, "a loop")
    b, n = at_least("bias", bias, 0, "a sampling bias"), at_least("n_real + n_synthetic", n_r + n_s, 2, "a variance")
    first = at_least("n_first", n_real if n_first is None else n_first, 1, "a first fit")
    part, start = (1.0, 1.0) if unbiased else (1 - 1 / n, 1 - 1 / first)

    def step(v: Values, s: Values) -> tuple[Values, Values]:
        return (
            (n_s**2 * v + n_s * b * s + n_r) / n**2,
            part * ((n_r + n_s * b * s) / n + n_r * n_s * v / (n * (n - 1))),
        )

    return iterate(step, (1 / first + 0 * b * n, start + 0 * b * n), completed(fits, 1) - 1)


def fresh_limit_law(
    n_real: npt.ArrayLike, n_synthetic: npt.ArrayLike, *, bias: npt.ArrayLike = 1.0
) -> tuple[Values, Values]:
    """Limits of v and s of `fresh_law` after infinitely many fits, whatever the first fit's size.

    Law: v = (a^2 b s / n_s + n_r / n^2) / (1 - a^2), s = (n_r / n + n_r n_s v / (n (n - 1))) / (1 - a b).
    Raises ValueError for n_real < 1, n_synthetic < 1, and for bias outside [0, 1], where no limit is sure.
    Source: setting of Alemohammad et al. (2024).
    """
    n_r, n_s = at_least("n_real", n_real, 1, "fresh data"), at_least("n_synthetic", n_synthetic, 1, "a loop")
    b, n = within("bias", bias, 0, 1, "a limit"), n_r + n_s
    a = n_s / n
    v_slope, v_start = a**2 * b / n_s / (1 - a**2), n_r / n**2 / (1 - a**2)  # v = v_slope s + v_start
    s_slope, s_start = n_r * n_s / (n * (n - 1)) / (1 - a * b), n_r / n / (1 - a * b)  # s = s_slope v + s_start
    v = (v_start + v_slope * s_start) / (1 - v_slope * s_slope)
    return v, s_slope * v + s_start


def fresh_effective_size_law(n_real: npt.ArrayLike, n_synthetic: npt.ArrayLike) -> Values:
    """Effective number of real draws per fit, relative to n_real, for the limit of the mean's error; no sampling bias.

    Law: n_e / n_r = 1 + n_s / (n_r + n_s) < 2, from v = 1 / (n (1 - a^2)), which takes the model's variance as 1
    (`fresh_limit_law` has it at 1 + O(1 / n)).
    Raises ValueError for n_real < 1, n_synthetic < 0.
    Source: setting of Alemohammad et al. (2024).
    """
    n_r, n_s = at_least("n_real", n_real, 1, "fresh data"), at_least("n_synthetic", n_synthetic, 0, "a loop")
    return 1 + n_s / (n_r + n_s)
