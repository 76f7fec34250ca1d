"""Exact tests, betting and power of the monitor against SciPy and enumeration."""

import numpy as np
import pytest
from scipy import stats

from collapsebench.oversight import exact


@pytest.mark.parametrize(
    ("x", "m", "y", "n", "rho"), [(3, 40, 9, 50, 1.0), (20, 500, 45, 400, 0.8), (0, 30, 4, 9, 0.5), (30, 30, 9, 9, 0.8)]
)
def test_the_tail_is_that_of_fishers_noncentral_law(x, m, y, n, rho):
    law = stats.nchypergeom_fisher(m + n, m, x + y, rho)
    assert exact.lower_tail(x, m, y, n, rho) == pytest.approx(law.cdf(x), rel=1e-9)


def test_large_counts_agree_with_the_normal_limit():
    p = exact.lower_tail(99_000, 10**6, 100_000, 10**6, 1.0)
    error = np.sqrt(2 * 0.0995 * 0.9005 * 10**6)
    assert p == pytest.approx(stats.norm.cdf(-999 / error), rel=0.02)


def test_levels_sum_to_alpha():
    assert sum(exact.share_of_alpha(k, None) for k in range(1, 10_000)) == pytest.approx(1, abs=2e-4)
    assert sum(exact.share_of_alpha(k, 7) for k in range(1, 20)) == pytest.approx(1)
    assert exact.family_weights(["a", "b", "b"]).tolist() == [0.5, 0.25, 0.25]


def test_a_bet_has_mean_at_most_one_at_the_bound():
    """Its wealth after one generation, over the binomial law of the count with the least healthy odds, is exactly 1."""
    count, rows = np.array([50]), np.array([200])
    bets = exact.Betting(count, rows, np.array([0.8]), np.array([1e-3]))
    share = bets.odds[0] / (1 + bets.odds[0])
    wealth, law = 0.0, stats.binom(100, share)
    for x in range(101):
        own = exact.Betting(count, rows, np.array([0.8]), np.array([1e-3]))
        own.update(np.array([x]), np.array([100]), 0.5)
        wealth += law.pmf(x) * (own.sums.mean() + 0.5)
    assert wealth == pytest.approx(1, rel=1e-9)


def test_the_loss_that_would_be_noticed_is_noticed_nine_times_in_ten():
    share = exact.noticed(500, 250, 500, 0.8, 1e-5)
    law = stats.binom(500, share * 0.5)
    alarmed = sum(law.pmf(x) for x in range(501) if exact.lower_tail(x, 500, 250, 500, 0.8) <= 1e-5)
    assert alarmed == pytest.approx(0.9, abs=1e-6)
    assert exact.noticed(100, 2, 100, 0.8, 1e-5) == 0
