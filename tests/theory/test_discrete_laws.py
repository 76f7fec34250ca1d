"""Laws of refitted frequencies against simulations, and against the numbers printed by Suresh et al. (2025)."""

import time

import numpy as np
import pytest
from scipy.stats import binom

import collapsebench.theory as laws

P = np.array([0.5, 0.25, 0.15, 0.1])
LIFETIMES = np.array([1, 6, 11, 17, 22, 28, 33, 39, 44, 50])


def test_replace(random, assert_law):
    n, fits, p = 6, 4, np.broadcast_to(P, (100_000, 4))
    for _ in range(fits):
        p = random.multinomial(n, p) / n
    law = laws.replace_squared_norm_law
    assert_law((p**2).sum(1), law(n, fits, P), law(n - 1, fits, P), law(n, fits - 1, P))
    alive = laws.survival_law(n, fits, P)
    assert_law(
        p > 0, alive, laws.branching_survival_law(n, fits, P), laws.survival_law(n, fits - 1, P), everywhere=True
    )
    distinct = laws.distinct_symbols_law(n, fits, P)
    assert_law((p > 0).sum(1), distinct, laws.distinct_symbols_law(n, fits - 1, P), distinct - 0.1)


def test_fixation(random, assert_law):
    n, trajectories = 6, 20_000
    p, alive, time_to = (
        np.broadcast_to(P, (trajectories, 4)).copy(),
        np.ones(trajectories, bool),
        np.zeros(trajectories),
    )
    while alive.any():
        p[alive] = random.multinomial(n, p[alive]) / n
        time_to[alive] += 1
        alive = p.max(1) < 1
    assert_law(p == 1, laws.absorption_law(P), np.full(4, 0.25) + (P == 0.25), everywhere=True)
    assert_law(time_to, laws.fixation_time_law(n, P), laws.fixation_time_law(n, P) - 1, 2 * n)


def test_fixation_from_uniform(assert_printed):
    time_to = [laws.fixation_time_law(n, np.full(10, 0.1)) for n in (10, 100, 1000)]
    assert_printed(time_to, "17.50 187.4 1893.5")  # a simulation gave 17.4, 187, 1966; these are exact
    limit = 2 * (1 - 10 * (0.1 + 0.9 * np.log(0.9)))
    assert abs(limit - 1.8965) < 5e-5
    assert abs(time_to[-1] / 1000 - limit) < 0.004  # 1 / n corrections
    assert laws.fixation_time_law(50, [0.0, 1.0]) == 0
    assert laws.fixation_time_law(1, P) == 1


def test_survival_is_the_whole_chain_though_it_leaves_counts_out():
    n, fits = 400, np.arange(7)
    counts = np.arange(n + 1)
    move = binom.pmf(counts, n, counts[:, None] / n)
    whole = [1.0] + [1 - (binom.pmf(counts, n, 0.004) @ np.linalg.matrix_power(move, k))[0] for k in range(6)]
    np.testing.assert_allclose(laws.survival_law(n, fits, 0.004), whole, rtol=0, atol=1e-13)


def test_survival_of_nothing_and_of_everything():
    np.testing.assert_array_equal(laws.survival_law(10, [[0], [1], [30]], [0.0, 1.0]), [[0, 1]] * 3)
    np.testing.assert_array_equal(laws.branching_survival_law(10, [0, 5], 0.0), [0, 0])


def test_suresh_bernoulli_table(assert_printed):
    start = time.process_time()
    many = laws.survival_law(10_000, LIFETIMES, 0.001)
    assert time.process_time() - start < 2
    assert_printed(many, "1.000 .9316 .7947 .6556 .5679 .4877 .4357 .3861 .3525 .3190")
    few = laws.survival_law(100, LIFETIMES, 0.01)
    assert_printed(few, ".6340 .2382 .1495 .1043 .0837 .0680 .0590 .0510 .0459 .0411")
    for n, p, survival in ((10_000, 0.001, many), (100, 0.01, few)):
        assert np.all(laws.branching_survival_law(n, LIFETIMES, p) <= survival)
        assert np.all(survival <= laws.survival_bound(n, LIFETIMES, p))


def test_suresh_poisson_table(assert_printed):
    fits = np.array([1, 56, 111, 167, 222, 278, 333, 389, 444, 500])
    rate_1, rate_10 = laws.branching_survival_law(10, fits, [[1.0], [10.0]])
    assert_printed(rate_1, "1.000 .2910 .1617 .1113 .0852 .0688 .0578 .0498 .0438 .0390")
    assert_printed(rate_10, "1.000 .9679 .8287 .6927 .5895 .5096 .4488 .3998 .3608 .3281")


def test_branching_is_exact_for_poisson(random, assert_law):
    n, fits, rate = 5, 6, np.full(100_000, 0.4)
    for _ in range(fits):
        rate = random.poisson(n * rate) / n
    law = laws.branching_survival_law
    assert_law(rate > 0, law(n, fits, 0.4), law(n, fits - 1, 0.4), laws.survival_law(n, fits, 0.4))


def test_branching_rate_is_within_its_bounds():
    fits = np.arange(1, 2000)
    low, high = laws.branching_rate_bound(fits)
    rate = laws.branching_rate_law(fits)
    assert np.all((low <= rate) & (rate <= high))
    assert rate[0] == 1
    assert laws.branching_rate_law(0) == np.inf
    np.testing.assert_allclose(fits[-1] * rate[-1], 2, rtol=0.01)


@pytest.mark.parametrize(
    ("power", "shift", "shares"), [(1, 2.7, (0.750, 0.296)), (2, 5.0, (0.793, 0.400))], ids=["a1", "a2"]
)
def test_suresh_zipf_mandelbrot(assert_printed, power, shift, shares):
    """Share of the first sample's symbols; the paper's figure shows .755, .30 and .79, .397, of 200 runs."""
    p = (np.arange(1, 1001) + shift) ** -float(power)
    first, second, tenth = laws.distinct_symbols_law(1000, [1, 2, 10], p / p.sum())
    assert_printed([second / first, tenth / first], "{:.3f} {:.3f}".format(*shares))


def test_augment(random, assert_law):
    n_real, n, fits, trajectories = 8, 5, 5, 100_000
    p_real = random.multinomial(n_real, P) / n_real
    p = np.broadcast_to(p_real, (trajectories, 4))
    for _ in range(fits - 1):
        p = (n_real * p_real + random.multinomial(n, p)) / (n_real + n)
    law = laws.augment_l2_law
    assert_law(((p - p_real) ** 2).sum(1), law(n_real, n, fits, p_real), law(n_real, n - 1, fits, p_real))
    assert law(n_real, n, 1, p_real) == 0
