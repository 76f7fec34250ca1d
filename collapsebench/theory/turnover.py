"""Laws of tokens of which a share is replaced in every step, and of the first symbol that is lost."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from ._arguments import Values, at_least, completed, probabilities, within


def turnover_variance_law(n: npt.ArrayLike, share: npt.ArrayLike, p: npt.ArrayLike) -> Values:
    """Variance of a symbol's frequency after one step in which a share of n tokens is replaced by draws of frequency p.

    The replaced tokens are chosen at random, and share n is whole. The soft mixture (1 - share) p + share p_hat has
    share^2 p (1 - p) / n.
    Law: (a + a (1 - a) n / (n - 1)) p (1 - p) / n, a = share; to first order a (2 - a) p (1 - p) / n.
    Raises ValueError for n < 2 and for share or p outside [0, 1].
    Source: a hypergeometric and a binomial number, independent; setting of Riis (2026), arXiv:2604.08554.
    """
    n, a, p = (
        at_least("n", n, 2, "replacing a share"),
        within("share", share, 0, 1, "a step"),
        within("p", p, 0, 1, "a symbol"),
    )
    return (a + a * (1 - a) * n / (n - 1)) * p * (1 - p) / n


def turnover_squared_norm_law(n: npt.ArrayLike, share: npt.ArrayLike, steps: npt.ArrayLike, p: npt.ArrayLike) -> Values:
    """Expected squared norm of n tokens' frequencies (the probability that two agree) after steps from frequencies p.

    Law: 1 - (1 - v)^steps (1 - |p|^2), v = (a + a (1 - a) n / (n - 1)) / n, a = share.
    Raises ValueError for n < 2, share outside [0, 1], steps < 0 and for p that is not a distribution.
    Source: `turnover_variance_law`, and frequencies are martingales.
    """
    step, p = turnover_variance_law(n, share, 0.5) * 4, probabilities("p", p)
    return 1 - (1 - step) ** completed(steps) * (1 - (p**2).sum(-1))


def first_loss_law(n: npt.ArrayLike, fits: npt.ArrayLike, p: npt.ArrayLike) -> Values:
    """Probability that no symbol has been lost after `fits` fits to n draws each, in the diffusion limit.

    One to three fits late for few symbols; symbols are taken as independent.
    Law: prod over symbols of 1 - exp(-2 n p_i / fits); 1 before the first fit.
    Raises ValueError for n < 1, fits < 0 and for p that is not a distribution.
    Source: Benati, Londei, Lanzieri and Loreto (2025), arXiv:2509.20101.
    """
    n, p = at_least("n", n, 1, "a fit"), probabilities("p", p)
    n, fits = np.asarray(n, float)[..., None], np.asarray(completed(fits), float)[..., None]
    with np.errstate(divide="ignore", invalid="ignore"):
        alive = -np.expm1(-np.where(p > 0, 2 * n * p / fits, np.inf))
    return np.prod(alive, axis=-1)
