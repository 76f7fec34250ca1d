"""Laws of kernel density estimates against simulations."""

import numpy as np
import pytest
from scipy.stats import gaussian_kde

import collapsebench.theory as laws

TRAJECTORIES = 100_000


def draw(random, centres, bandwidth, n):
    """n draws of each trajectory's kernel density."""
    rows = np.arange(TRAJECTORIES)[:, None]
    picked = centres[rows, random.integers(centres.shape[1], size=(TRAJECTORIES, n))]
    return picked + bandwidth * random.normal(size=(TRAJECTORIES, n))


def test_fixed_bandwidth(random, assert_law):
    n, fits, h = 8, 5, 0.5
    centres = random.normal(size=(TRAJECTORIES, n))
    for _ in range(fits - 1):
        centres = draw(random, centres, h, n)
    law = laws.kde_variance_law
    assert_law(centres.var(1), law(n, fits, h, centres=True), law(n - 1, fits, h, centres=True), law(n, fits, h))
    assert_law(centres.var(1) + h**2, law(n, fits, h), laws.replace_variance_law(n, fits))


def test_fixed_bandwidth_limit():
    np.testing.assert_allclose(laws.kde_variance_limit_law(50, 0.1, centres=True), 0.1**2 * 49, rtol=1e-14)
    for centres in (True, False):
        limit = laws.kde_variance_limit_law(50, 0.1, centres=centres)
        np.testing.assert_allclose(laws.kde_variance_law(50, 3000, 0.1, centres=centres), limit, rtol=1e-12)


@pytest.mark.parametrize("rule", ["scott", "silverman"])
def test_rule(random, assert_law, rule):
    n, fits = 10, 4
    constant = gaussian_kde(random.normal(size=n), rule).factor  # bandwidth over the unbiased standard deviation
    centres = random.normal(size=(TRAJECTORIES, n))
    for fit in range(fits):
        bandwidth = constant * centres.std(1, ddof=1, keepdims=True)
        if fit < fits - 1:
            centres = draw(random, centres, bandwidth, n)
    law = laws.kde_rule_variance_law
    assert_law(centres.var(1), law(n, fits, rule, centres=True), law(n, fits - 1, rule, centres=True), 1 - 1 / n)
    ml_width = (1 - 1 / n) ** fits * (1 + constant**2) ** fits
    assert_law(centres.var(1) + bandwidth[:, 0] ** 2, law(n, fits, rule), ml_width)


def test_rules_explode(random, assert_printed):
    assert_printed(laws.kde_rule_factor_law(100, "silverman"), "1.168")
    n, dim = 30, 3
    for rule in ("scott", "silverman"):
        factor = gaussian_kde(random.normal(size=(dim, n)), rule).factor
        law = (1 - 1 / n) * (1 + factor**2 * n / (n - 1))
        np.testing.assert_allclose(laws.kde_rule_factor_law(n, rule, dim=dim), law, rtol=1e-12)
    assert np.all(laws.kde_rule_factor_law(10.0 ** np.arange(1, 8), "scott") > 1)
    with pytest.raises(ValueError, match="rule = scot: a bandwidth rule is one of scott, silverman"):
        laws.kde_rule_factor_law(100, "scot")


def test_accumulate(random, assert_law):
    n, fits, h = 5, 5, 0.6
    pool = random.normal(size=(TRAJECTORIES, n))
    for _ in range(fits - 1):
        pool = np.hstack([pool, draw(random, pool, h, n)])
    law = laws.kde_accumulate_variance_law
    assert_law(pool.var(1), law(n, fits, h, centres=True), law(n, fits - 1, h, centres=True), law(n, fits, h))
    assert_law(pool.var(1) + h**2, law(n, fits, h), laws.kde_variance_law(n, fits, h))
    excess = laws.kde_accumulate_excess_law
    assert_law((pool**2).mean(1) + h**2 - 1, excess(fits, h), excess(fits - 1, h), h**2 * fits)


def test_accumulate_grows_like_a_logarithm():
    np.testing.assert_allclose(laws.kde_accumulate_excess_law([1, 2, 4], 2.0), [4, 6, 4 * 25 / 12], rtol=1e-13)
    thousandfold = np.diff(laws.kde_accumulate_excess_law([10**3, 10**6, 10**9], 1.0))
    np.testing.assert_allclose(thousandfold, np.log(1000), rtol=1e-3)
