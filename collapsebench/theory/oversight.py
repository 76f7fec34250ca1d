"""Laws of curators on a normal loop with an infinite sample: judges, verifiers, surprise, rewards, detectors."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.special import ndtr, ndtri

from ._arguments import Values, above, at_least, completed, iterate, probabilities, within


def judge_mean_law(keep: npt.ArrayLike, rho: npt.ArrayLike) -> Values:
    """Standard deviations by which the mean moves in one round of keeping the best share by a noisy score.

    Law: rho i, with x the upper keep-quantile of a standard normal and i = phi(x) / keep.
    Raises ValueError for keep outside (0, 1] and rho outside [-1, 1].
    Source: truncated normal moments; correlation of the score with the quality.
    """
    return within("rho", rho, -1, 1, "a correlation") * _selected(keep)[0]


def judge_variance_law(
    keep: npt.ArrayLike, rho: npt.ArrayLike, rounds: npt.ArrayLike, *, steady: bool = False
) -> Values:
    """Variance of what a judge of correlation rho is given, relative to the first, after some rounds.

    Law: v' = v (1 - rho^2 i (i - x)), with x and i of `judge_mean_law`. steady: the judge's noise has one variance for
    ever, so rho^2 = v / (v + t), t = 1 / rho^2 - 1: a power law and not an exponential one.
    Raises ValueError for keep outside (0, 1], rho outside [-1, 1] and rounds < 0.
    Source: truncated normal moments.
    """
    mean, quantile = _selected(keep)
    rho = within("rho", rho, -1, 1, "a correlation") + 0 * mean
    loss = mean * (mean - quantile)
    if not steady:
        return (1 - rho**2 * loss) ** completed(rounds)
    with np.errstate(divide="ignore"):
        noise = 1 / rho**2 - 1
    return iterate(lambda v: (v * (1 - v / (v + noise) * loss),), (np.ones_like(rho),), completed(rounds))[0]


def _selected(keep: npt.ArrayLike) -> tuple[Values, Values]:
    """Mean of the upper share of a standard normal, and the quantile where it begins; 0 and 0 where all is kept."""
    share = within("keep", above("keep", keep, 0, "a selection"), 0, 1, "a selection")
    quantile = np.where(share < 1, ndtri(1 - np.minimum(share, 1 - 1e-16)), 0)
    return np.where(share < 1, np.exp(-(quantile**2) / 2) / np.sqrt(2 * np.pi) / share, 0.0), quantile


def surprise_variance_law(keep: npt.ArrayLike) -> Values:
    """Factor of a normal's variance when only the least likely share is kept.

    Law: E[z^2 | |z| > c] = 1 + 2 c phi(c) / keep, with c the upper keep/2-quantile of a standard normal.
    Raises ValueError for keep outside (0, 1].
    Source: truncated normal moments.
    """
    share = within("keep", above("keep", keep, 0, "a selection"), 0, 1, "a selection")
    c = ndtri(1 - share / 2)
    return 1 + 2 * c * np.exp(-(c**2) / 2) / np.sqrt(2 * np.pi) / share


def verified_variance_law(
    keep_right: npt.ArrayLike, keep_wrong: npt.ArrayLike, rare: npt.ArrayLike, rounds: npt.ArrayLike
) -> Values:
    """Variance after some rounds, from 1, where draws within the target's typical set and beyond it are weighed apart.

    Law: v' = (keep_right I + keep_wrong (v - I)) / (keep_right P + keep_wrong (1 - P)), with P = 2 Phi(a) - 1 and
    I = v (P - 2 a phi(a)), a = c / sqrt(v), c the upper rare/2-quantile of the standard normal target.
    Raises ValueError for weights below 0, rare outside (0, 1], and rounds < 0.
    Source: truncated normal moments.
    """
    right = above("keep_right", keep_right, 0, "a verifier")
    wrong = at_least("keep_wrong", keep_wrong, 0, "a verifier")
    c = ndtri(1 - within("rare", above("rare", rare, 0, "a tail"), 0, 1, "a tail") / 2)

    def step(v: Values) -> tuple[Values]:
        a = c / np.sqrt(v)
        inside = 2 * ndtr(a) - 1
        spread = v * (inside - 2 * a * np.exp(-(a**2) / 2) / np.sqrt(2 * np.pi))
        return ((right * spread + wrong * (v - spread)) / (right * inside + wrong * (1 - inside)),)

    return iterate(step, (np.ones_like(c + right + wrong),), completed(rounds))[0]


def tilted_law(p: npt.ArrayLike, reward: npt.ArrayLike, beta: npt.ArrayLike, rounds: npt.ArrayLike) -> Values:
    """Distribution after some rounds of weighing by exp(beta reward), the reference reset each round.

    Law: p_T proportional to p_0 exp(T beta reward). Along the last axis.
    Raises ValueError for p that is not a distribution and rounds < 0.
    Source: exponential tilting.
    """
    start, T = probabilities("p", p), completed(rounds)[..., None]
    with np.errstate(divide="ignore"):
        power = np.log(start) + T * np.asarray(beta, float)[..., None] * np.asarray(reward, float)
    tilted = np.exp(power - power.max(-1, keepdims=True))
    return tilted / tilted.sum(-1, keepdims=True)


def detector_effective_size_law(n: npt.ArrayLike, error: npt.ArrayLike) -> Values:
    """Number of draws that importance weights with a normal error in their logarithm leave.

    Law: n exp(-error^2), which is n (E w)^2 / E w^2 of a log-normal error.
    Raises ValueError for n < 1 and error < 0.
    Source: Kish (1965), effective sample size.
    """
    return at_least("n", n, 1, "a set of draws") * np.exp(-(at_least("error", error, 0, "a detector") ** 2))
