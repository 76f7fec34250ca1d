"""Intervals: their coverage, and agreement with SciPy where SciPy has them."""

import numpy as np
import pytest
from scipy import stats

from collapsebench.analysis import intervals

REPEATS = 4000


@pytest.fixture
def assert_covers():
    """The share of repeats whose interval holds the truth is `level`, within 5 standard errors; halved, it is not."""

    def check(truth, low, high, level=0.95):
        error = np.sqrt(level * (1 - level) / np.size(low))
        assert abs(np.mean((low <= truth) & (truth <= high)) - level) < 5 * error
        centre, half = (low + high) / 2, (high - low) / 4
        assert np.mean(abs(truth - centre) <= half) < level - 10 * error

    return check


@pytest.mark.parametrize(("hits", "count"), [(0, 7), (3, 7), (7, 7), (1, 500), (250, 500)])
def test_wilson_is_scipys(hits, count):
    theirs = stats.binomtest(hits, count).proportion_ci(0.95, method="wilson")
    ours = intervals.wilson_interval(hits / count, count, stats.norm.ppf(0.975))
    assert ours == pytest.approx((theirs.low, theirs.high), abs=1e-12)
    half = intervals.Z * np.sqrt(hits * (count - hits) / count**3)
    wald = hits / count - half, hits / count + half
    assert np.abs(np.subtract(ours, wald)).max() > 1e-4  # the normal's, which has no width at 0 and 1


def test_the_mean_is_covered(random, assert_covers):
    """3 more for every trajectory: the interval of a mean of 200 is as good as normal."""
    _, low, high = intervals.mean_interval(3 + random.exponential(size=(200, REPEATS)))
    assert_covers(4, low, high)


def test_a_trajectory_that_is_nan_is_left_out():
    values = np.array([[1.0, np.nan], [3.0, np.nan], [np.nan, np.nan], [5.0, 2.0]])
    mean, low, high = intervals.mean_interval(values)
    assert mean.tolist() == [3, 2]
    assert high[0] - mean[0] == pytest.approx(1.96 * 2 / np.sqrt(3))
    assert np.isnan([low[1], high[1]]).all()  # one trajectory says nothing of the spread
    np.testing.assert_array_equal(intervals.mean_interval(values.T, axis=1), (mean, low, high))


def test_spreads_are_covered(random, assert_covers):
    values = 2 * random.normal(size=(1000, REPEATS))
    _, low, high = intervals.variance_interval(values)
    assert_covers(4, low, high)
    _, low, high = np.array([intervals.sd_interval(own) for own in values.T]).T
    assert_covers(2, low, high)


def test_spread_of_a_half_normal_is_covered(random, assert_covers):
    """An absolute error: the normal's interval would be a sixth too narrow."""
    values = abs(random.normal(size=(1000, REPEATS)))
    _, low, high = np.array([intervals.sd_interval(own) for own in values.T]).T
    assert_covers(np.sqrt(1 - 2 / np.pi), low, high)


def test_one_more_trajectory_is_predicted(random, assert_covers):
    """Of five trajectories: the interval of their mean would hold a sixth in half of the repeats."""
    values = random.normal(size=(REPEATS, 6))
    _, low, high = np.array([intervals.prediction_interval(own[:5]) for own in values]).T
    assert_covers(values[:, 5], low, high)


def test_limits_are_of_all_together(random):
    assert intervals.t_limit(1) == pytest.approx(stats.norm.ppf(0.975))
    assert intervals.t_limit(10) == pytest.approx(2.807, abs=5e-4)
    assert intervals.t_limit(4, 9) == pytest.approx(stats.t.isf(0.05 / 8, 9))
    found = [intervals.largest_score(list(gaps)) for gaps in random.normal(size=(REPEATS, 5, 30))]
    scores, limits = np.array(found).T
    within, error = np.mean(scores < limits), np.sqrt(0.05 * 0.95 / REPEATS)
    assert abs(within - (1 - 0.05 / 5) ** 5) < 5 * error
    assert (
        within - np.mean(scores < intervals.t_limit(1, 29)) > 10 * error
    )  # each at 95%: one of five is beyond it too often


def test_a_bootstrap_of_means_has_their_spread(random):
    """Two samples, each resampled by itself: the variance of a difference is the sum of theirs."""
    a, b = random.normal(size=400), 2 * random.normal(size=100)
    draws = intervals.bootstrap([a, b], lambda a, b: a.mean() - b.mean(), 2000)
    variance, error = draws.var(ddof=1), np.sqrt(2 / 2000) * draws.var(ddof=1)
    right, together = a.var() / 400 + b.var() / 100, (np.sqrt(a.var() / 400) - np.sqrt(b.var() / 100)) ** 2
    assert abs(variance - right) < 5 * error
    assert abs(variance - together) > 10 * error
    np.testing.assert_array_equal(draws, intervals.bootstrap([a, b], lambda a, b: a.mean() - b.mean(), 2000))


def test_samples_with_common_numbers_are_resampled_together(random):
    noise = random.normal(size=(300, 1))
    draws = intervals.bootstrap_means([noise, noise + 1], 200)
    np.testing.assert_allclose(draws[:, 1] - draws[:, 0], 1)
    alone = intervals.bootstrap_means([noise, noise[:299] + 1], 200)
    assert (alone[:, 1] - alone[:, 0]).std() > 0.01


def test_blocks_keep_what_neighbours_have_in_common(random):
    """Sums of 5 neighbours: blocks find the spread of the median, less what their ends cut; single values do not."""
    noise = random.normal(size=(300, 404))
    series = np.lib.stride_tricks.sliding_window_view(noise, 5, axis=1).sum(axis=2)
    true = np.median(series, axis=1).std(ddof=1)
    blocks = [intervals.block_bootstrap_medians(own, 100, random).std(ddof=1) for own in series]
    single = [np.median(random.choice(own, (100, own.size)), axis=1).std(ddof=1) for own in series]
    assert 0.75 < np.mean(blocks) / true < 1.1
    assert np.mean(single) / true < 0.65


@pytest.mark.parametrize("level", [0.5, 0.95])
def test_percentiles(level, random):
    draws = random.normal(size=(20_000, 2))
    low, high = intervals.percentile_interval(draws, level)
    assert np.mean((draws >= low) & (draws <= high)) == pytest.approx(level, abs=1e-3)
