"""Laws of memorising a heavy-tailed alphabet, p_i proportional to i^-beta (Dohmatob et al., 2024).

Ranks run to `symbols`, by default without end. A learner knows the symbols that it saw among n draws; its error is the
expected mass of those it did not see.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.special import zeta

from ._arguments import Floats, Values, above, at_least
from .discrete import branching_rate_law

RANKS = 10_000  # symbols that are summed one by one; the rest go by cells of ranks 0.2% wide


def zipf_exponent_law(beta: npt.ArrayLike) -> Values:
    """Exponent c of the decay n^-c of the error on real draws, for infinitely many ranks.

    Law: (beta - 1) / beta.
    Raises ValueError for beta <= 1.
    Source: Dohmatob et al. (ICML 2024).
    """
    beta = above("beta", beta, 1, "a distribution over all ranks")
    return (beta - 1) / beta


def zipf_error_law(beta: float, n: npt.ArrayLike, *, symbols: float = np.inf) -> Values:
    """Expected mass of the symbols that are not among n draws of the real distribution.

    Law: sum_i p_i (1 - p_i)^n, about n^-c with c of `zipf_exponent_law`.
    Raises ValueError for beta <= 1, n < 0, symbols < 1.
    Source: Dohmatob et al. (ICML 2024).
    """
    p, mass = _zipf_cells(beta, symbols)
    n = at_least("n", n, 0, "memorising")[..., None]
    return np.sum(mass * (1 - p) ** n, -1)


def zipf_cut_error_law(beta: float, n: npt.ArrayLike, rank: int, *, symbols: float = np.inf) -> Values:
    """Expected mass of the symbols that are not among n draws of a model without the symbols beyond `rank`.

    Law: sum_{i <= r} p_i (1 - p_i / Z_r)^n + (1 - Z_r), Z_r = sum_{i <= r} p_i; about n^-c + r^-(beta - 1), r = rank.
    Raises ValueError for beta <= 1, n < 0, rank < 1, symbols < 1.
    Source: Dohmatob et al. (ICML 2024).
    """
    n, last = at_least("n", n, 0, "memorising")[..., None], min(int(at_least("rank", rank, 1, "a cut")), symbols)
    p = np.arange(1, last + 1) ** -beta / _zipf_total(beta, symbols)
    Z = p.sum()
    return np.sum(p * np.maximum(1 - p / Z, 0) ** n, -1) + 1 - Z


def zipf_resampled_error_law(beta: float, n: npt.ArrayLike, fits: npt.ArrayLike, *, symbols: float = np.inf) -> Values:
    """Expected mass of the symbols lost after `fits` rounds of resampling n draws from the last frequencies.

    Law: sum_i p_i exp(-n p_i g_fits), g of `branching_rate_law`; it grows about like fits^c, not linearly, with c of
    `zipf_exponent_law`.
    Raises ValueError for beta <= 1, n < 0, fits < 1, symbols < 1.
    Source: branching approximation; setting of Dohmatob et al. (ICML 2024).
    """
    p, mass = _zipf_cells(beta, symbols)
    rate = at_least("n", n, 0, "memorising") * branching_rate_law(at_least("fits", fits, 1, "resampling"))
    return np.sum(mass * np.exp(-np.asarray(rate)[..., None] * p), -1)


def _zipf_total(beta: float, symbols: float) -> float:
    """Normaliser sum_{i <= symbols} i^-beta."""
    above("beta", beta, 1, "a distribution over all ranks")
    return float(zeta(beta) - zeta(beta, at_least("symbols", symbols, 1, "an alphabet") + 1))


def _zipf_cells(beta: float, symbols: float) -> tuple[Floats, Floats]:
    """Probability per symbol, and mass, of cells of ranks: one rank each up to RANKS, then widening up to 10^30."""
    total = _zipf_total(beta, symbols)
    wide = np.exp(np.arange(np.log(RANKS + 1), np.log(1e30), 0.002))
    edges = np.unique(np.minimum(np.concatenate([np.arange(1, RANKS + 1), wide]), symbols + 1))
    from_here = (zeta(beta, edges) - zeta(beta, symbols + 1)) / total  # mass of this rank and those after it
    mass = -np.diff(from_here)
    return np.append(np.minimum(mass / np.diff(edges), 1), 0), np.append(mass, from_here[-1])
