"""Laws of an infinite-sample loop on a discrete distribution: sampling temperature with external data, and curation.

Distributions lie along the last axis. Settings of Marchi et al. (2024) and Ferbach et al. (2024).
"""

from __future__ import annotations

from itertools import product

import numpy as np
import numpy.typing as npt

from ._arguments import Floats, Values, above, at_least, completed, iterate, probabilities, within

MOST_DRAWS = 10_000_000  # what enumerating the rivals of a candidate may cost


def temperature_law(
    p: npt.ArrayLike, fits: npt.ArrayLike, *, temperature: npt.ArrayLike = 1.0, external: npt.ArrayLike = 0.0
) -> Values:
    """Distribution after `fits` rounds of sampling at a temperature and mixing with a share of uniform external data.

    Law: p -> (1 - c) p^(1/T) / Z + c u, with T = temperature, c = external, u uniform.
    Raises ValueError for temperature <= 0, external outside [0, 1] and for p that is not a distribution.
    Source: Marchi et al. (2024).
    """
    start = probabilities("p", p)
    T = above("temperature", temperature, 0, "sampling")[..., None]
    c = within("external", external, 0, 1, "a mix")[..., None]

    def step(p: Floats) -> tuple[Floats]:
        sharp = (p / p.max(-1, keepdims=True)) ** (1 / T)
        return ((1 - c) * sharp / sharp.sum(-1, keepdims=True) + c / p.shape[-1],)

    return iterate(step, (start + 0 * (c + T),), completed(fits)[..., None])[0]


def temperature_stability_law(temperature: npt.ArrayLike, external: npt.ArrayLike) -> Values:
    """Factor of a small departure from uniform per round; uniform is locally stable if and only if it is below 1.

    Law: (1 - external) / temperature.
    Raises ValueError for temperature <= 0, external outside [0, 1].
    Source: Marchi et al. (2024).
    """
    T, c = above("temperature", temperature, 0, "sampling"), within("external", external, 0, 1, "a mix")
    return (1 - c) / T


def temperature_fold_law(classes: int, temperature: npt.ArrayLike) -> Values:
    """Largest share of external data at which a distribution that starts peaked stays peaked.

    From 1 - temperature up to it there is hysteresis: uniform and peak are both stable, and the start decides.
    Law: max over 1/K < x < 1 of (s(x) - x) / (s(x) - 1/K), where one symbol has x, the other K - 1 share the rest,
    s(x) = x^(1/T) / (x^(1/T) + (K - 1) ((1 - x) / (K - 1))^(1/T)), and the peak x is fixed at that external share.
    Raises ValueError for classes < 2 and temperature outside (0, 1], where sampling does not sharpen.
    Source: setting of Marchi et al. (2024).
    """
    K = at_least("classes", classes, 2, "a peak")
    T = within("temperature", above("temperature", temperature, 0, "sampling"), 0, 1, "a peak")[..., None]
    peak = 1 / K + (1 - 1 / K) * (np.arange(1, 20_000) / 20_000)
    rest = (1 - peak) / (K - 1)
    sharp = 1 / (1 + (K - 1) * (rest / peak) ** (1 / T))
    return ((sharp - peak) / (sharp - 1 / K)).max(-1)


def curation_law(p: npt.ArrayLike, reward: npt.ArrayLike, candidates: int) -> Values:
    """Distribution of the winner among `candidates` draws, chosen by the Bradley-Terry model on their rewards.

    Law: p'(x) = p(x) K E[e^r(x) / (e^r(x) + sum_{i<K} e^r(x_i))], K = candidates, x_i drawn from p; by enumeration.
    Raises ValueError for candidates < 1, for p that is not a distribution, and where enumeration is too large.
    Source: Ferbach et al. (2024).
    """
    p, appeal, K = probabilities("p", p), _appeal(reward), int(at_least("candidates", candidates, 1, "curation"))
    symbols = p.shape[-1]
    if symbols ** (K - 1) > MOST_DRAWS:
        raise ValueError(f"candidates = {K}: enumeration needs {symbols}^(candidates - 1) <= {MOST_DRAWS}")
    rivals = np.array(list(product(range(symbols), repeat=K - 1)), int)
    chance, total = p[..., rivals].prod(-1), appeal[..., rivals].sum(-1)
    wins = appeal[..., :, None] / (appeal[..., :, None] + total[..., None, :])
    return p * K * (wins * chance[..., None, :]).sum(-1)


def curation_reward_bound(p: npt.ArrayLike, reward: npt.ArrayLike, candidates: npt.ArrayLike) -> Values:
    """Lower bound on the expected exponential reward after one round of curation.

    Law: E' e^r >= E e^r + ((K - 1) / K) Var e^r / e^(max r), K = candidates.
    Raises ValueError for candidates < 1 and for p that is not a distribution.
    Source: Ferbach et al. (2024).
    """
    p, appeal, K = probabilities("p", p), _appeal(reward), at_least("candidates", candidates, 1, "curation")
    mean = (p * appeal).sum(-1)
    variance = (p * appeal**2).sum(-1) - mean**2
    return (mean + (K - 1) / K * variance) * np.exp(np.max(reward, -1))


def _appeal(reward: npt.ArrayLike) -> Floats:
    """e^reward divided by its largest value, so that no reward overflows."""
    reward = np.asarray(reward, float)
    return np.exp(reward - reward.max(-1, keepdims=True))
