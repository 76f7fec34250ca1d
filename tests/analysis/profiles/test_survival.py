"""Kaplan-Meier against SciPy, and its interval against a known law."""

import numpy as np
import pytest
from scipy import stats

from collapsebench.analysis.profiles.survival import kaplan_meier


@pytest.mark.parametrize("censored", [0.0, 0.4])
def test_curve_and_interval_are_scipys(random, censored):
    time = random.integers(1, 30, 200)
    seen = random.random(200) >= censored
    ours = kaplan_meier(time, seen, 30)
    theirs = stats.ecdf(stats.CensoredData.right_censored(time, ~seen)).sf
    np.testing.assert_allclose(ours.curve[1:], theirs.evaluate(np.arange(1, 30)), atol=1e-12)
    bounds = theirs.confidence_interval(0.95, method="log-log")
    inside = (ours.curve > 0) & (ours.curve < 1)
    for mine, other in ((ours.low, bounds.low), (ours.high, bounds.high)):
        np.testing.assert_allclose(mine[inside], other.evaluate(np.arange(30))[inside], atol=2e-5)  # 1.96 for 1.95996


def test_median_of_a_geometric_time_is_covered(random):
    """P(time > g) = .9^(g + 1): the median is generation 6. 200 repeats: the interval holds it in 91% to 99.5%."""
    hits = []
    for _ in range(200):
        time = random.geometric(0.1, 100) - 1
        seen = time < 40
        ours = kaplan_meier(np.minimum(time, 39), seen, 40)
        hits.append(ours.median_low <= 6 <= ours.median_high)
    assert 0.91 <= np.mean(hits) <= 0.995  # a whole-number time: the interval can only be wider than asked


def test_an_event_that_fewer_than_half_see_has_no_median():
    ours = kaplan_meier(np.array([0, 3, 3, 3]), np.array([True, False, False, False]), 4)
    np.testing.assert_allclose(ours.curve, 0.75)
    assert ours.median == np.inf
    never = kaplan_meier(np.full(50, 3), np.zeros(50, bool), 4)
    assert (never.curve == 1).all()
    assert (never.low < 1).all()  # 50 trajectories are no proof


def test_a_median_is_not_missed_by_rounding():
    """n trajectories with an event each, at 0, 1, 2, ...: half are left after event n / 2 - 1, for every even n."""
    for n in (*range(2, 200, 2), 1000):
        ours = kaplan_meier(np.arange(n), np.ones(n, bool), n)
        assert ours.median == n // 2 - 1
