"""Rank sets against a count of all orders that the pairwise intervals allow, and their coverage."""

import itertools

import numpy as np
import pytest
from scipy import stats

from collapsebench.analysis.ranks import rank_sets, surely_less


def allowed(values):
    """Lowest and highest rank of each entrant over all orders in which no pair stands against its interval."""
    count, size = values.shape
    limit = stats.t.ppf(1 - 0.025 / (count * (count - 1) / 2), size - 1)
    against = set()
    for a, b in itertools.permutations(range(count), 2):
        gap = values[b] - values[a]
        if gap.mean() - limit * gap.std(ddof=1) / np.sqrt(size) > 0:
            against.add((b, a))
    orders = [
        order
        for order in itertools.permutations(range(count))
        if not any((order[i], order[j]) in against for i in range(count) for j in range(i + 1, count))
    ]
    ranks = np.array([[order.index(entrant) + 1 for entrant in range(count)] for order in orders])
    return ranks.min(axis=0), ranks.max(axis=0)


@pytest.mark.parametrize("spread", [0.0, 0.3, 1.0, 3.0])
def test_the_ranks_are_those_of_all_orders_that_the_intervals_allow(spread, random):
    wide = 0
    for _ in range(20):
        scale = random.exponential(size=(5, 1))
        values = spread * random.normal(size=(5, 1)) + scale * random.normal(size=(5, 12))
        first, last = rank_sets(values)
        np.testing.assert_array_equal((first, last), allowed(values))
        wide += (last - first).sum()
    assert wide > 0


def test_equal_entrants_share_all_ranks():
    values = np.tile(np.arange(6.0), (3, 1))
    assert not surely_less(values).any()
    np.testing.assert_array_equal(rank_sets(values), ([1, 1, 1], [3, 3, 3]))


def test_the_true_ranks_are_in_all_sets_at_least_93_times_in_100(random):
    """400 leagues of four, two of them alike: 95% in all, less three standard errors of the count."""
    means, held = np.array([0.0, 0.0, 0.5, 1.0])[:, None], 0
    for _ in range(400):
        first, last = rank_sets(means + random.normal(size=(4, 30)))
        held += (first <= [1, 1, 3, 4]).all() and (last >= [2, 2, 3, 4]).all()
    assert held / 400 > 0.95 - 3 * np.sqrt(0.95 * 0.05 / 400)
