"""Ranks that admit ties: which ranks the simultaneous intervals of all differences allow."""

from __future__ import annotations

import itertools

import numpy as np

from collapsebench.analysis.intervals import t_limit


def surely_less(values: np.ndarray) -> np.ndarray:
    """Whether entrant a is surely below entrant b, [a, b], by values [entrant, trajectory] of the same trajectories.

    The 95% intervals of the mean differences of all pairs hold together (Bonferroni, Student's t). It is an order: the
    standard error of a sum of two differences is at most the sum of theirs.
    """
    count, size = values.shape
    less = np.zeros((count, count), bool)
    limit = t_limit(max(count * (count - 1) // 2, 1), size - 1)
    for a, b in itertools.permutations(range(count), 2):
        gap = values[b] - values[a]
        less[a, b] = gap.mean() > limit * gap.std(ddof=1) / np.sqrt(size)
    return less


def rank_sets(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Lowest and highest rank [entrant] that the intervals allow, 1 for the least mean, of values [entrant, trajectory].

    From one more than the number of entrants that are surely below to the number of those that are not surely above: the
    sets hold the true ranks of all entrants at once with probability .95.
    Source: Mogstad, Romano, Shaikh and Wilhelm (2024), Inference for ranks.
    """
    less = surely_less(values)
    return 1 + less.sum(axis=0), len(values) - less.sum(axis=1)
