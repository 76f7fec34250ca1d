"""Laws of a fixed real set, and of fresh real data every generation, against simulations."""

import numpy as np
import pytest

import collapsebench.theory as laws


def test_augment(random, assert_law):
    n, m, fits, trajectories = 4, 3, 6, 200_000
    real = random.normal(size=n)
    mean, variance = np.full(trajectories, real.mean()), np.full(trajectories, real.var())
    for _ in range(fits - 1):
        synthetic = mean[:, None] + np.sqrt(variance)[:, None] * random.normal(size=(trajectories, m))
        pool = np.hstack([np.broadcast_to(real, (trajectories, n)), synthetic])
        mean, variance = pool.mean(1), pool.var(1)
    v, q = laws.augment_law(n, m, fits, real_variance=real.var())
    v_wrong, q_wrong = laws.augment_law(n, m - 1, fits, real_variance=real.var())
    assert_law((mean - real.mean()) ** 2, v, v_wrong)
    assert_law(variance, q, q_wrong, q * (n + m) / (n + m - 1))


def test_augment_keeps_its_second_moment_and_has_a_limit():
    n, m = np.array([5, 50, 500])[:, None], np.array([1, 100, 10_000])
    v, q = laws.augment_law(n, m, np.arange(1, 6)[:, None, None], real_variance=0.8)
    np.testing.assert_allclose(v + q, 0.8, rtol=1e-14)
    np.testing.assert_allclose(laws.augment_law(5, 100, 2000), laws.augment_limit_law(5, 100), rtol=1e-12)
    np.testing.assert_allclose(sum(laws.augment_limit_law(n, m)), 1, rtol=1e-14)


def test_augment_rate(random):
    ratio = np.array([0.1, 0.49, 0.5, 1, 10])
    np.testing.assert_allclose(laws.augment_rate_law(ratio), ratio / (1 + ratio))
    np.testing.assert_allclose(laws.augment_rate_bound(ratio), [0.1 / 0.9, 0.49 / 0.51, np.inf, np.inf, np.inf])
    real, mean = random.normal(size=4), 3.0  # the pooled mean, at n = infinity for the synthetic draws
    pooled = (real.sum() + 10 * 4 * mean) / (4 + 10 * 4)
    np.testing.assert_allclose((pooled - real.mean()) / (mean - real.mean()), laws.augment_rate_law(10))


def fresh(random, n_real, n_synthetic, fits, bias, n_first, dim, trajectories):
    """Mean (trajectory, dim) and unbiased covariance after `fits` fits."""
    pool = random.normal(size=(trajectories, n_first, dim))
    for fit in range(fits):
        mean = pool.mean(1, keepdims=True)
        covariance = np.swapaxes(pool - mean, 1, 2) @ (pool - mean) / (pool.shape[1] - 1)
        if fit == fits - 1:
            return mean[:, 0], covariance
        root = np.linalg.cholesky(bias * covariance)
        synthetic = mean + random.normal(size=(trajectories, n_synthetic, dim)) @ np.swapaxes(root, 1, 2)
        pool = np.concatenate([random.normal(size=(trajectories, n_real, dim)), synthetic], 1)


def test_fresh(random, assert_law):
    setting = {"bias": 0.8, "n_first": 12}
    mean, covariance = fresh(random, 6, 10, 5, **setting, dim=2, trajectories=50_000)
    v, s = laws.fresh_law(6, 10, 5, **setting)
    v_wrong, s_wrong = laws.fresh_law(6, 10, 5, bias=1.0, n_first=12)
    assert_law((mean**2).sum(1) / 2, v, v_wrong)
    assert_law(np.trace(covariance, axis1=1, axis2=2) / 2, s, s_wrong, s * 15 / 16)


def test_fresh_limits(assert_printed):
    v, s = laws.fresh_limit_law(100, 900, bias=[1.0, 0.8])
    assert_printed(v, ".00529 .00188")
    assert_printed(s, "1.0048 .35775")
    for n_first in (100, 1000):
        np.testing.assert_allclose(laws.fresh_law(100, 900, 500, bias=[1.0, 0.8], n_first=n_first), [v, s], rtol=1e-12)


def test_fresh_effective_size():
    n_real, n_synthetic = np.array([100, 10**4, 10**6]), np.array([900, 10**5, 10**5])
    a = n_synthetic / (n_real + n_synthetic)
    ideal = (n_real + n_synthetic) * (1 - a**2) / n_real
    np.testing.assert_allclose(laws.fresh_effective_size_law(n_real, n_synthetic), ideal, rtol=1e-12)
    exact = 1 / laws.fresh_limit_law(n_real, n_synthetic)[0] / n_real  # with the model's own variance
    np.testing.assert_allclose(exact, ideal, rtol=0.005)
    assert np.all(laws.fresh_effective_size_law(100, 10.0 ** np.arange(9)) < 2)


@pytest.mark.slow
@pytest.mark.parametrize(("bias", "limit"), [(1.0, 12.0), (0.8, 20.65)])
def test_alemohammad_limits(random, bias, limit):
    """Squared W2 of N(mean, S) to N(0, I) at d = 100; the derived limits are 'about', to the digits printed."""
    mean, covariance = fresh(random, 100, 900, 30, bias, 1000, dim=100, trajectories=8)
    distance = _w2_squared(mean, covariance)
    assert abs(distance.mean() - limit) < 0.05 + 5 * distance.std(ddof=1) / np.sqrt(8)


@pytest.mark.parametrize(("n_first", "start"), [(100, 31.7), (1000, 2.65)])
def test_alemohammad_starts(random, n_first, start):
    distance = _w2_squared(*fresh(random, 100, 900, 1, 1.0, n_first, dim=100, trajectories=20))
    assert abs(distance.mean() - start) < 0.05 + 5 * distance.std(ddof=1) / np.sqrt(20)


def _w2_squared(mean, covariance):
    spectrum = np.maximum(np.linalg.eigvalsh(covariance), 0)
    return (mean**2).sum(1) + ((np.sqrt(spectrum) - 1) ** 2).sum(1)
