"""The transformed normals that propose large counts: what is kept of them has the law, and nearly all is kept."""

import importlib

import jax
import numpy as np
import pytest
from scipy import stats

from collapsebench.maths.samplers.bits import hash_words
from collapsebench.maths.samplers.bits import test_from as uniform_of_a_test

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


def test_the_uniform_of_a_test_is_independent_of_the_words_that_make_the_proposal():
    """All 4096 cells of it and of both words' leading bits are equally likely, for words of a hash and for words in order."""
    count = 2**20
    hashed = hash_words(np.uint32(1), np.uint32(2), np.uint32(3), np.arange(count, dtype=np.uint32))
    step = np.arange(count, dtype=np.uint64) << np.uint64(12)  # every 4096th low word, for one high word
    in_order = np.full(count, 12345, np.uint32), step.astype(np.uint32)
    for (high, low), sides in ((hashed, (16, 16, 16)), (in_order, (1, 64, 64))):
        high, low = np.asarray(high), np.asarray(low)
        u = np.asarray(jax.jit(uniform_of_a_test, static_argnums=2)(high, low, np.float32))
        cell = [
            np.minimum(x * n, n - 1).astype(int) for x, n in zip((high / 2**32, low / 2**32, u), sides, strict=True)
        ]
        found = np.bincount(np.ravel_multi_index(cell, sides), minlength=4096)
        assert found.size == 4096
        assert np.sum((found - count / 4096) ** 2) / (count / 4096) < 4095 + 5 * np.sqrt(2 * 4095)
