"""The transformed normals that propose large counts: what is kept of them has the law, and nearly all is kept."""

import importlib

import jax
import numpy as np
import pytest
from scipy import stats

source = importlib.import_module("collapsebench.maths.samplers.binomial")
RATES = np.array([10, 10.5, 11, 13, 15.9, 20, 31.4, 64, 100, 317, 1000])
PAIRS = [(n, p) for n in (20, 21, 25, 30, 40, 64, 100, 317, 1000) for p in (*np.geomspace(10 / n, 0.5, 6), 0.31, 0.45)]
WIDTH = 512
poisson_share, binomial_share = jax.jit(source._poisson_share), jax.jit(source._binomial_share)


def _proposed(k, mean, variance, a):
    """Probability that `_propose` says k."""

    def normal(x):
        c, s = x - mean + a / 2, np.sqrt(variance)
        return 2 * c / (s + np.sqrt(variance + 2 * a * c))

    low, high = normal(k - 0.5), normal(k + 0.5)
    tails = stats.norm.sf(low) - stats.norm.sf(high), stats.norm.cdf(high) - stats.norm.cdf(low)
    return np.where(low > 0, *tails)


def _check(law, variance, a, most, share):
    mean = law.mean()
    k = np.arange(law.ppf(1e-11), law.isf(1e-11) + 1)
    step = np.pad(k - np.floor(mean), (0, WIDTH - len(k)))
    count, share = (np.asarray(value)[: len(k)] for value in share(step))
    np.testing.assert_array_equal(count, k)
    mass, proposed = law.pmf(k), _proposed(k, mean, variance, a)
    kept = proposed * share * most
    assert share.max() <= 1 + 1e-9
    assert (proposed * share).sum() > 0.985
    assert np.abs(kept - mass).sum() < 4e-7
    np.testing.assert_allclose(kept, mass, rtol=2e-4)


@pytest.fixture(autouse=True)
def x64():
    with jax.enable_x64(True):
        yield


def test_poisson():
    for rate in RATES:
        _check(stats.poisson(rate), rate, 1 / 3, 1 + 0.051 / rate, lambda step, rate=rate: poisson_share(step, rate))


def test_binomial():
    for n, p in PAIRS:
        if n * p >= 10 - 1e-9 and p <= 0.5:
            variance = n * p * (1 - p)
            share = lambda step, n=n, p=p: binomial_share(step, float(n), p)  # noqa: E731
            _check(stats.binom(n, p), variance, (1 - 2 * p) / 3, 1 + 0.072 / variance, share)
