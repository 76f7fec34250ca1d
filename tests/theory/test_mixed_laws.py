"""Laws of loops with new real rows in every fit, against direct simulation and the laws that they contain."""

import numpy as np
import pytest

import collapsebench.theory as laws


def test_without_real_rows_the_count_is_the_wright_fisher_chain():
    for fits in (1, 4, 20):
        gone = laws.mixed_count_law(0, 30, fits, 0.1)[0]
        assert gone == pytest.approx(1 - laws.survival_law(30, fits, 0.1), abs=1e-12)


def test_a_count_with_real_rows(random, assert_law):
    n_real, n_synthetic, p, first = 4, 16, 0.1, 30
    n = n_real + n_synthetic
    share = random.binomial(first, p, 200_000) / first
    for _ in range(5):
        share = (random.binomial(n_real, p, share.size) + random.binomial(n_synthetic, share)) / n
    law = laws.mixed_count_law(n_real, n_synthetic, 6, p, n_first=first)
    assert law.sum() == pytest.approx(1)
    seen = np.rint(share * n)[:, None] == np.arange(8)
    assert_law(seen, law[:8], laws.mixed_count_law(n_real + 1, n_synthetic - 1, 6, p, n_first=first)[:8])


def test_the_error_of_a_share_is_that_of_its_count():
    n_real, n_synthetic, p = 4, 16, 0.1
    count = laws.mixed_count_law(n_real, n_synthetic, 6, p, n_first=30)
    error = count @ (np.arange(21) / 20 - p) ** 2
    law = laws.mixed_error_law(n_real, n_synthetic, 6, variance=p * (1 - p), curvature=-1, n_first=30)
    assert law == pytest.approx(error, rel=1e-10)


@pytest.mark.parametrize(("draw", "variance", "curvature"), [("exponential", 4, 1), ("poisson", 2, 0)])
def test_the_error_of_a_mean(random, assert_law, draw, variance, curvature):
    drawn, runs = getattr(random, draw), 40_000
    mean = drawn(2, (runs, 10)).mean(1)
    for _ in range(4):
        mean = (drawn(2, (runs, 3)).sum(1) + drawn(mean[:, None], (runs, 7)).sum(1)) / 10
    law = laws.mixed_error_law(3, 7, 5, variance=variance, curvature=curvature)
    assert_law((mean - 2) ** 2, law, laws.mixed_error_law(3, 7, 5, variance=variance, curvature=curvature - 4))


def test_the_variance_of_maximum_likelihood():
    v, s = laws.fresh_law(0, 20, 7, n_first=20, unbiased=False)
    assert s == pytest.approx(laws.replace_variance_law(20, 7))
    assert v == pytest.approx(laws.replace_mean_error_law(20, 7))
    v, s = laws.fresh_law(20, 0, 7, n_first=20, unbiased=False)
    assert (v, s) == pytest.approx((1 / 20, 1 - 1 / 20))
