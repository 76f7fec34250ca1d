"""Laws of heavy tails, diffusion, verification and watermarks against simulations."""

import numpy as np
import pytest
from scipy.special import zeta

import collapsebench.theory as laws

BETA = 1.5


def test_zipf_clean_error(random, assert_law):
    n, mass = 100, []
    for _ in range(3000):
        seen = np.unique(random.zipf(BETA, n)).astype(float)
        mass.append(1 - (seen**-BETA).sum() / zeta(BETA))
    assert_law(
        mass, laws.zipf_error_law(BETA, n), laws.zipf_error_law(BETA, n + 10), n ** -laws.zipf_exponent_law(BETA)
    )


def test_zipf_error_is_the_sum_over_ranks(assert_printed):
    n = np.array([1e2, 1e3, 1e4, 1e5])
    assert_printed(laws.zipf_error_law(BETA, n, symbols=10**6), ".2017 .0934 .0430 .0195")  # of a million ranks
    assert_printed(laws.zipf_error_law(BETA, n), ".2024 .0941 .0437 .0203")  # all ranks
    p = np.arange(1, 200_001) ** -BETA
    p /= p.sum()
    whole = (p * (1 - p) ** n[:, None]).sum(1)
    np.testing.assert_allclose(laws.zipf_error_law(BETA, n, symbols=200_000), whole, rtol=1e-6)
    assert laws.zipf_error_law(BETA, 1, symbols=1) == 0


def test_zipf_error_decays_with_the_exponent():
    beta, n = 2.0, np.array([1e8, 1e10])
    slope = np.diff(np.log(laws.zipf_error_law(beta, n))) / np.diff(np.log(n))
    np.testing.assert_allclose(slope, -laws.zipf_exponent_law(beta), atol=1e-4)


def test_zipf_cut(random, assert_law):
    n, rank, mass = 50, 30, []
    p = np.arange(1, rank + 1) ** -BETA / zeta(BETA)
    for _ in range(5000):
        seen = random.multinomial(n, p / p.sum()) > 0
        mass.append(1 - p[seen].sum())
    assert_law(mass, laws.zipf_cut_error_law(BETA, n, rank), laws.zipf_error_law(BETA, n), 1 - p.sum())
    assert laws.zipf_cut_error_law(BETA, 1e9, rank) == pytest.approx(1 - p.sum(), rel=1e-12)
    whole = laws.zipf_error_law(BETA, [10, 1000], symbols=50)
    np.testing.assert_allclose(laws.zipf_cut_error_law(BETA, [10, 1000], 50, symbols=50), whole, rtol=1e-12)


def test_zipf_resampled(random, assert_law):
    n, fits, symbols = 40, 5, 60
    p = np.arange(1, symbols + 1) ** -BETA
    p /= p.sum()
    model = np.broadcast_to(p, (20_000, symbols))
    for _ in range(fits):
        model = random.poisson(n * model) / n  # where branching is exact
    law = laws.zipf_resampled_error_law
    lost = ((model == 0) * p).sum(1)
    linear = fits * law(BETA, n, 1, symbols=symbols)
    assert_law(lost, law(BETA, n, fits, symbols=symbols), law(BETA, n, fits - 1, symbols=symbols), linear)


def test_zipf_resampled_error_grows_like_the_power_of_fits():
    fits = np.array([1e3, 1e4])
    slope = np.diff(np.log(laws.zipf_resampled_error_law(BETA, 1e10, fits))) / np.log(10)
    np.testing.assert_allclose(slope, laws.zipf_exponent_law(BETA), atol=0.01)


def test_diffusion(random, assert_law):
    fits, fresh, h = 4, 0.3, 0.6
    x = random.normal(size=100_000)
    for fit in range(fits):
        training = x if fit == 0 else np.where(random.uniform(size=x.shape) < fresh, random.normal(size=x.shape), x)
        x = training + h * random.normal(size=x.shape)
    law = laws.diffusion_variance_law
    assert_law(x**2, law(fits, fresh, h), law(fits - 1, fresh, h), law(fits, 0, h), law(fits, fresh, h) - h**2)
    np.testing.assert_allclose(law([0, 1, 5], 0, h), [1, 1 + h**2, 1 + 5 * h**2], rtol=1e-14)
    np.testing.assert_allclose(law(5, 1e-9, h), law(5, 0, h), rtol=1e-6)


def test_khelifa_drift(assert_printed):
    centres = np.array([[0, 0], [4, 4], [4, -4], [-4, 4], [-4, -4]])
    second_moment = 10 * 0.6**2 + (centres**2).sum(1).mean()
    drift = laws.diffusion_drift_law(20, [0.1, 0.5, 0.9], 0.6, dim=10, second_moment=second_moment)
    assert_printed(100 * drift, "108.3 24.7 13.7")


def test_verification_threshold(random):
    keep_right, keep_wrong, n = 0.9, 0.3, 50_000
    threshold = laws.verification_threshold_law(keep_right, keep_wrong)
    assert threshold == pytest.approx(0.75)
    for wrong_share in (threshold - 0.05, threshold + 0.05):
        truth = random.choice([-1, 1], size=n)
        x = truth[:, None] * np.array([3.0, 0, 0, 0]) + random.normal(size=(n, 4))
        wrong = random.uniform(size=n) < wrong_share
        kept = random.uniform(size=n) < np.where(wrong, keep_wrong, keep_right)
        direction = (np.where(wrong, -truth, truth)[:, None] * x)[kept].mean(0)
        accuracy = (np.sign(x @ direction) == truth).mean()
        assert abs(accuracy - laws.verification_accuracy_limit_law(wrong_share, keep_right, keep_wrong)) < 0.02
    assert laws.verification_accuracy_limit_law(0.5, 1.0, 1.0) == 0.5


def test_effective_sizes():
    sizes, shares = np.array([100, 200, 50]), np.array([1.0, 0.5, 0.1])
    blind, oracle = laws.effective_size_law(sizes, shares), laws.effective_size_oracle_law(sizes, shares)
    assert (blind, oracle) == pytest.approx((150.5, 205))
    watermark = laws.effective_size_watermark_law
    assert watermark(sizes, shares, [0.3, 0.7], [0.3, 0.7]) == pytest.approx(blind)
    assert watermark(sizes, shares, [1.0, 0.0], [0.0, 1.0]) == pytest.approx(oracle)
    q1, q0 = np.array([0.8, 0.2]), np.array([0.1, 0.9])
    q_bar = 0.5 * (q1 + q0)
    chi2 = ((q1 - q_bar) ** 2 / q_bar).sum()
    assert watermark([200], [0.5], q1, q0) == pytest.approx(200 * 0.25 * (1 + chi2))
    assert blind < watermark(sizes, shares, q1, q0) < oracle
