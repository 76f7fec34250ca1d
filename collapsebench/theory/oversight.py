"""Laws of curators on a normal loop with an infinite sample: judges, verifiers, surprise, rewards, detectors."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
from scipy.special import gammainc, ndtr, ndtri

from ._arguments import Floats, Values, above, at_least, completed, iterate, probabilities, within


def judge_mean_law(keep: npt.ArrayLike, rho: npt.ArrayLike) -> Values:
    """Standard deviations by which the mean moves in one round of keeping the best share by a noisy score.

    Law: rho i, with x the upper keep-quantile of a standard normal and i = phi(x) / keep.
    Raises ValueError for keep outside (0, 1] and rho outside [-1, 1].
    Source: truncated normal moments; correlation of the score with the quality.
    """
    return within("rho", rho, -1, 1, "a correlation") * _selected(keep)[0]


def judge_variance_law(
    keep: npt.ArrayLike, rho: npt.ArrayLike, rounds: npt.ArrayLike, *, steady: bool = False, bias: npt.ArrayLike = 0.0,
    drift: npt.ArrayLike = 0.0, fails_at: npt.ArrayLike = np.inf,
) -> Values:  # fmt: skip
    """Variance of what a judge is given to judge, relative to the first, after some rounds; correlation rho with its score.

    Law: S' = S - (S a)(S a)' i (i - x) / (a' S a + 1 - rho^2 - bias^2), of quality and a trait that is taken for it, with
    S = I at first, x and i of `judge_mean_law`, and a = (rho / u, bias / w). u^2 and w^2 are the variances in S, so that
    without a bias v' = v (1 - rho^2 i (i - x)); steady: both are 1, the judge's noise has one variance for ever, and the
    law is a power of the rounds. In round t rho is rho (1 - drift)^t, and from round fails_at on the score is noise.
    The trait's variance is that of a judge with rho and bias in each other's place, without drift.
    Raises ValueError for keep outside (0, 1], rho, bias outside [-1, 1], drift outside [0, 1] and rounds < 0.
    Source: truncated normal moments.
    """
    mean, quantile = _selected(keep)
    rho, bias = (within(name, r, -1, 1, "a correlation") for name, r in (("rho", rho), ("bias", bias)))
    left, loss = _skill(drift, fails_at), mean * (mean - quantile)

    def step(t: Values, v: Values, b: Values, c: Values) -> tuple[Values, ...]:
        quality, trait = rho * left(t), bias * (t < np.asarray(fails_at, float))
        noise = 1 - quality**2 - trait**2
        if not steady:
            quality, trait = quality / np.sqrt(v), trait / np.sqrt(b)
        first, second = v * quality + c * trait, c * quality + b * trait
        part = loss / (quality * first + trait * second + noise)
        return t + 1, v - first**2 * part, b - second**2 * part, c - first * second * part

    one = np.ones_like(rho + bias + loss + drift)
    return iterate(step, (0 * one, one, one, 0 * one), completed(rounds))[1]


def _skill(drift: npt.ArrayLike, fails_at: npt.ArrayLike) -> Callable[[Values], Values]:
    """Share of a judge's skill that is left in a round."""
    left = 1 - within("drift", drift, 0, 1, "a judge")
    return lambda t: left**t * (t < np.asarray(fails_at, float))


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


def truncation_variance_law(radius: npt.ArrayLike, rounds: npt.ArrayLike, *, dim: npt.ArrayLike = 1) -> Values:
    """Variance, relative to the first, of a normal whose draws beyond `radius` standard deviations are dropped each round.

    Law: (P(c, d + 2) / P(c, d))^rounds, P(c, k) the chance that a chi-square of k degrees is at most c = dim radius^2: what
    is kept of each round is P(c, d), the same in all of them. In one dimension 1 - 2 r phi(r) / (2 Phi(r) - 1), r the
    radius: .291, .774, .973 at 1, 2, 3. The most likely share (top-p) has the radius with P(c, d) = share.
    Raises ValueError for radius <= 0, dim < 1 and rounds < 0.
    Source: truncated normal moments.
    """
    d = at_least("dim", dim, 1, "a normal")
    half = d * above("radius", radius, 0, "a truncation") ** 2 / 2
    return (gammainc(d / 2 + 1, half) / gammainc(d / 2, half)) ** completed(rounds)


def top_p_law(p: npt.ArrayLike, mass: npt.ArrayLike, rounds: npt.ArrayLike) -> Values:
    """Distribution after some rounds of dropping the least likely symbols that `mass` can do without. Along the last axis.

    Law: the fewest of the most likely symbols that hold at least mass stay, scaled to a sum of 1. It stops when the least
    likely symbol that is left holds more than 1 - mass: a single one is left below mass = 1/2.
    Raises ValueError for p that is not a distribution, mass outside (0, 1] and rounds < 0.
    Source: Holtzman et al. (2020), nucleus sampling.
    """
    start = probabilities("p", p)
    share = within("mass", above("mass", mass, 0, "a nucleus"), 0, 1, "a nucleus")[..., None]

    def step(p: Floats) -> tuple[Floats]:
        order = np.argsort(-p, axis=-1, kind="stable")
        ranked = np.take_along_axis(p, order, -1)
        ranked = np.where(np.cumsum(ranked, -1) - ranked < share, ranked, 0)
        left = np.zeros_like(ranked)
        np.put_along_axis(left, order, ranked / ranked.sum(-1, keepdims=True), -1)
        return (left,)

    return iterate(step, (start + 0 * share,), completed(rounds)[..., None])[0]


def verified_variance_law(
    keep_right: npt.ArrayLike, keep_wrong: npt.ArrayLike, rare: npt.ArrayLike, rounds: npt.ArrayLike, *,
    bias: npt.ArrayLike = 0.0, drift: npt.ArrayLike = 0.0, fails_at: npt.ArrayLike = np.inf,
) -> Values:  # fmt: skip
    """Variance after some rounds, from 1, where draws within the target's typical set and beyond it are weighed apart.

    Law: v' = (w v + (r - w) I) / Z - (r - w)^2 v J^2 / Z^2, Z = w + (r - w) P, r = keep_right and w = keep_wrong, with
    P = Phi(b) - Phi(a), J = phi(a) - phi(b), I = v (P + a phi(a) - b phi(b)), a and b the ends of the verifier's typical
    set, bias -+ the upper rare/2-quantile of the standard normal target, less the mean, over sqrt(v). In round t, r and w
    are (1 - drift)^t as far from their middle as at first, and from round fails_at on they are it.
    Raises ValueError for weights below 0, rare outside (0, 1], drift outside [0, 1] and rounds < 0.
    Source: truncated normal moments.
    """
    return _verified(keep_right, keep_wrong, rare, rounds, bias, drift, fails_at)[1]


def verified_mean_law(
    keep_right: npt.ArrayLike, keep_wrong: npt.ArrayLike, rare: npt.ArrayLike, rounds: npt.ArrayLike, *,
    bias: npt.ArrayLike = 0.0, drift: npt.ArrayLike = 0.0, fails_at: npt.ArrayLike = np.inf,
) -> Values:  # fmt: skip
    """Mean after some rounds, from 0, as a verifier moves it whose idea of the target lies `bias` aside.

    Law: m' = m + (r - w) sqrt(v) J / Z, with v, r, w, J and Z of `verified_variance_law`.
    Raises ValueError for weights below 0, rare outside (0, 1], drift outside [0, 1] and rounds < 0.
    Source: truncated normal moments.
    """
    return _verified(keep_right, keep_wrong, rare, rounds, bias, drift, fails_at)[0]


def _verified(
    keep_right: npt.ArrayLike, keep_wrong: npt.ArrayLike, rare: npt.ArrayLike, rounds: npt.ArrayLike,
    bias: npt.ArrayLike, drift: npt.ArrayLike, fails_at: npt.ArrayLike,
) -> tuple[Values, Values]:  # fmt: skip
    right = above("keep_right", keep_right, 0, "a verifier")
    wrong = at_least("keep_wrong", keep_wrong, 0, "a verifier")
    c = ndtri(1 - within("rare", above("rare", rare, 0, "a tail"), 0, 1, "a tail") / 2)
    left, bias = _skill(drift, fails_at), np.asarray(bias, float)

    def step(t: Values, m: Values, v: Values) -> tuple[Values, ...]:
        over = (right - wrong) / 2 * left(t)
        low, high = (right + wrong) / 2 - over, 2 * over
        a, b = (bias - c - m) / np.sqrt(v), (bias + c - m) / np.sqrt(v)
        at_a, at_b = (np.exp(-(end**2) / 2) / np.sqrt(2 * np.pi) for end in (a, b))
        inside = ndtr(b) - ndtr(a)
        kept = low + high * inside
        moved = high * np.sqrt(v) * (at_a - at_b) / kept
        second = v * (low + high * (inside + a * at_a - b * at_b)) / kept
        return t + 1, m + moved, second - moved**2

    one = np.ones_like(c + right + wrong + bias + drift)
    found = iterate(step, (0 * one, 0 * one, one), completed(rounds))
    return found[1], found[2]


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


def detector_variance_law(
    bias: npt.ArrayLike, rounds: npt.ArrayLike, *, drift: npt.ArrayLike = 0.0, fails_at: npt.ArrayLike = np.inf
) -> Values:
    """Variance after some rounds, from 1, of a normal drawn with `bias` times its variance and weighed by a detector's odds.

    Law: 1 / v' = s + (1 - s) / (bias v), the density to the power 1 - s times the target's to the power s, with
    s = (1 - drift)^t in round t, and 0 from round fails_at on.
    Raises ValueError for bias <= 0, drift outside [0, 1] and rounds < 0.
    Source: product of normal densities.
    """
    b, left = above("bias", bias, 0, "a sampler"), _skill(drift, fails_at)

    def step(t: Values, v: Values) -> tuple[Values, Values]:
        return t + 1, 1 / (left(t) + (1 - left(t)) / (b * v))

    one = np.ones_like(b + np.asarray(drift, float))
    return iterate(step, (0 * one, one), completed(rounds))[1]


def correction_variance_law(strength: npt.ArrayLike, rounds: npt.ArrayLike, *, bias: npt.ArrayLike = 1.0) -> Values:
    """Variance after some rounds, from 1, of a normal drawn with `bias` times its variance and corrected towards N(0, 1).

    Law: v' = (bias v + strength) / (1 + strength), of a mixture of strength parts of the target to one of the model. It
    settles at strength / (1 + strength - bias), where bias < 1 + strength.
    Raises ValueError for strength < 0, bias <= 0 and rounds < 0.
    Source: Gillman et al. (2024), setting.
    """
    gamma, b = at_least("strength", strength, 0, "a correction"), above("bias", bias, 0, "a sampler")
    return iterate(lambda v: ((b * v + gamma) / (1 + gamma),), (np.ones_like(gamma + b),), completed(rounds))[0]


def correction_effective_size_law(n: npt.ArrayLike, strength: npt.ArrayLike, variance: npt.ArrayLike) -> Values:
    """Number of draws that the weights of self-correction by densities leave of n draws of N(0, variance) towards N(0, 1).

    Law: n / (1 + t^2 (v / sqrt(2 v - 1) - 1)), t = strength / (1 + strength), v = variance: 1 + t^2 chi^2(target || model).
    Raises ValueError for n < 1, strength < 0 and variance <= 1/2, where the weights have no variance.
    Source: Kish (1965), effective sample size.
    """
    gamma, v = at_least("strength", strength, 0, "a correction"), above("variance", variance, 0.5, "a correction")
    return at_least("n", n, 1, "a set of draws") / (1 + (gamma / (1 + gamma)) ** 2 * (v / np.sqrt(2 * v - 1) - 1))
