"""Laws of discrete distributions refitted to their own draws: survival, fixation, number of distinct symbols.

Distributions lie along the last axis. Under replace one symbol's count is a Wright-Fisher chain:
the next one is Binomial(n, count / n). Settings of Seddik et al. (2024), Suresh et al. (2025), Kazdan et al. (2025).
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from ._arguments import Floats, Values, at_least, completed, iterate, probabilities, within


def replace_squared_norm_law(n: npt.ArrayLike, fits: npt.ArrayLike, p: npt.ArrayLike) -> Values:
    """Expected squared norm of the frequencies (the probability that two draws agree) under replace.

    Law: E |p_k|^2 = 1 - (1 - 1 / n)^fits (1 - |p|^2).
    Raises ValueError for n < 1 and for p that is not a distribution.
    Source: Seddik et al. (2024).
    """
    n, p = at_least("n", n, 1, "a fit"), probabilities("p", p)
    return 1 - (1 - 1 / n) ** completed(fits) * (1 - (p**2).sum(-1))


def absorption_law(p: npt.ArrayLike) -> Values:
    """Probability of each symbol to end with all the mass under replace.

    Law: P(absorbed at i) = p_i.
    Raises ValueError for p that is not a distribution.
    Source: frequencies are martingales; setting of Seddik et al. (2024).
    """
    return probabilities("p", p)


def branching_rate_law(fits: npt.ArrayLike) -> Values:
    """Decay rate g of the extinction probability exp(-g count) of a Poisson branching process; about 2 / fits.

    Law: g_1 = 1, g_{k+1} = 1 - exp(-g_k), and g_0 infinite.
    Raises ValueError for fits < 0.
    Source: Suresh et al. (2025).
    """
    return iterate(lambda g: (-np.expm1(-g),), (np.inf,), completed(fits))[0]


def branching_rate_bound(fits: npt.ArrayLike) -> tuple[Values, Values]:
    """Lower and upper bound on `branching_rate_law`.

    Law: 1 / fits <= g <= 3 / fits.
    Raises ValueError for fits < 1.
    Source: Suresh et al. (2025).
    """
    fits = completed(fits, 1)
    return 1 / fits, 3 / fits


def branching_survival_law(n: npt.ArrayLike, fits: npt.ArrayLike, p: npt.ArrayLike) -> Values:
    """Probability that a symbol, or a Poisson rate, survives under replace, as a branching process.

    Exact for Poisson, where p is the first rate; from below for a symbol, where `survival_law` is exact.
    Law: 1 - exp(-n p g_fits), g of `branching_rate_law`.
    Raises ValueError for n < 1, p < 0.
    Source: Suresh et al. (2025).
    """
    n, p = at_least("n", n, 1, "a fit"), at_least("p", p, 0, "a rate")
    with np.errstate(invalid="ignore"):  # p = 0 before the first fit: 0 * inf
        return -np.expm1(-np.where(p > 0, n * p * branching_rate_law(fits), 0))


def survival_bound(n: npt.ArrayLike, fits: npt.ArrayLike, p: npt.ArrayLike) -> Values:
    """Upper bound on a symbol's survival probability under replace; `branching_survival_law` is a lower one.

    Law: min(1, 1 - (1 - 3 n p^2 - 3 fits p) exp(-n p g_fits)).
    Raises ValueError for n < 1 and p outside [0, 1].
    Source: Suresh et al. (2025).
    """
    n, k, p = at_least("n", n, 1, "a fit"), completed(fits), within("p", p, 0, 1, "a symbol")
    return np.minimum(1, 1 - (1 - 3 * n * p**2 - 3 * k * p) * (1 - branching_survival_law(n, k, p)))


def survival_law(n: npt.ArrayLike, fits: npt.ArrayLike, p: npt.ArrayLike) -> Values:
    """Probability that a symbol of probability p still has positive frequency after `fits` fits to n draws each; exact.

    Law: 1 - (B_p B^(fits - 1))_0, with B[x, y] = Binomial(n, x / n)(y) and B_p = Binomial(n, p).
    Costs a matrix of min(n, 20 fits + 40) counts squared, whatever the number of symbols.
    Raises ValueError for n < 1 and p outside [0, 1].
    Source: Wright-Fisher chain; setting of Suresh et al. (2025).
    """
    n, p = at_least("n", n, 1, "a fit"), within("p", p, 0, 1, "a symbol")
    n, fits, p = np.broadcast_arrays(n, completed(fits), p)
    survival = np.ones(n.shape)
    for size in np.unique(n):
        here = n == size
        survival[here] = _chain_survival(int(size), fits[here], p[here])
    return survival[()]


def _chain_survival(n: int, fits: Floats, p: Floats) -> Floats:
    from scipy.stats import binom  # it takes longer to import than all of this package

    last = int(fits.max())
    # From a count x extinction has probability at most exp(-x g): counts with x g > 40 are safe, so leave them out.
    counts = np.arange(min(n, int(40 / branching_rate_law(last)) + 1) + 1)
    symbols, which = np.unique(p, return_inverse=True)
    start, move = (binom.pmf(counts, n, chance[:, None]) for chance in (symbols, counts / n))
    extinct, survival = np.eye(1, len(counts))[0], (p > 0) * 1.0
    for k in range(1, last + 1):
        now = fits == k
        survival[now] = 1 - (start @ extinct)[which[now]]
        extinct = move @ extinct
    return survival


def distinct_symbols_law(n: npt.ArrayLike, fits: npt.ArrayLike, p: npt.ArrayLike) -> Values:
    """Expected number of symbols with positive frequency after `fits` fits under replace.

    Law: sum over symbols of `survival_law`.
    Raises ValueError for n < 1 and for p that is not a distribution.
    Source: setting of Suresh et al. (2025).
    """
    n, fits = np.asarray(n, float)[..., None], np.asarray(fits, float)[..., None]
    return np.sum(survival_law(n, fits, probabilities("p", p)), -1)


def fixation_time_law(n: int, p: npt.ArrayLike) -> float:
    """Expected number of fits under replace until one symbol has all n draws, from start p; exact.

    Law: 1 + sum_{k >= 1} sum_i E[(count_i / n) 1(0 < count_i < n) after k fits], since the shares sum to 1 until a
    symbol is fixed. Expected visits to each count solve visits (I - B) = sum_i Binomial(n, p_i), B of `survival_law`.
    From a uniform start on K symbols it tends to 2 n (1 - K [1/K + (1 - 1/K) log(1 - 1/K)]).
    Raises ValueError for n < 1 and for p that is not a distribution.
    Source: Wright-Fisher chain; setting of Kazdan et al. (2025).
    """
    from scipy.linalg import solve_banded
    from scipy.stats import binom

    at_least("n", n, 1, "a fit")
    symbols, copies = np.unique(probabilities("p", p), return_counts=True)
    if symbols[-1] == 1:
        return 0.0
    if n == 1:
        return 1.0
    counts = np.arange(1, n)
    start = copies @ binom.pmf(counts, n, symbols[:, None])
    width = min(n - 2, int(5 * np.sqrt(n) + 20))  # ten standard deviations: the chain jumps no further
    jumps = np.arange(-width, width + 1)[:, None]
    band = (jumps == 0) - binom.pmf(counts + jumps, n, counts / n)  # column x of (I - B)' in LAPACK's band form
    visits = solve_banded((width, width), band, start)
    return 1 + float(visits @ counts) / n


def augment_l2_law(
    n_real: npt.ArrayLike, n_synthetic: npt.ArrayLike, fits: npt.ArrayLike, p_real: npt.ArrayLike
) -> Values:
    """Expected squared distance of the frequencies from those of a real set kept in every fit; 0 at the first fit.

    Law: D' = a^2 [(1 - 1 / n) D + (1 - |p_real|^2) / n], n = n_synthetic, a = n / (n_real + n).
    Raises ValueError for n_real < 1, n_synthetic < 1, fits < 1 and for p_real that is not a distribution.
    Source: Seddik et al. (2024).
    """
    n_real, n = at_least("n_real", n_real, 1, "a fixed real set"), at_least("n_synthetic", n_synthetic, 1, "augmenting")
    spread, a = 1 - (probabilities("p_real", p_real) ** 2).sum(-1), n / (n_real + n)
    start = 0 * (spread + a)
    return iterate(lambda d: (a**2 * ((1 - 1 / n) * d + spread / n),), (start,), completed(fits, 1) - 1)[0]
