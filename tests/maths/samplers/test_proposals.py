"""The transformed normals that propose large counts: what is kept of them has the law, and nearly all is kept."""

import importlib
from functools import partial

import jax
import numpy as np
import pytest
from scipy import stats

from collapsebench.maths.samplers.bits import REFUSED, hash_words
from collapsebench.maths.samplers.bits import test_from as uniform_of_a_test

source = importlib.import_module("collapsebench.maths.samplers.binomial")
gamma = importlib.import_module("collapsebench.maths.samplers.gamma")
RATES = np.array([10, 10.5, 11, 13, 15.9, 20, 31.4, 64, 100, 317, 1000])
PAIRS = [(n, p) for n in (20, 21, 25, 30, 40, 64, 100, 317, 1000) for p in (*np.geomspace(10 / n, 0.5, 6), 0.31, 0.45)]
WIDTH = 512
poisson_share, binomial_share = jax.jit(source._poisson_share), jax.jit(source._binomial_share)


def _cell(k, mean, variance, a):
    """The lowest and the highest normal for which `_propose` says k."""

    def normal(x):
        c, s = x - mean + a / 2, np.sqrt(variance)
        return 2 * c / (s + np.sqrt(variance + 2 * a * c))

    return normal(k - 0.5), normal(k + 0.5)


def _proposed(k, mean, variance, a):
    """Probability that `_propose` says k."""
    low, high = _cell(k, mean, variance, a)
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


def _check_sure(law, variance, a, most):
    """The bound of `_sure` lies below the probability to keep a count, at the normal of its cell where it is highest."""
    mean, s = law.mean(), np.sqrt(variance)
    k = np.arange(np.floor(mean - 8 * s), np.ceil(mean + 10 * s) + 10)
    k = k[variance + 2 * a * (k - 0.5 - mean + a / 2) > 0]
    low, high = _cell(k, mean, variance, a)
    nearest = np.where(low * high < 0, 0, np.minimum(np.abs(low), np.abs(high)))
    kept = law.pmf(k) / most / _proposed(k, mean, variance, a)  # nothing of counts that do not exist
    bound = 1 - (0.1 + 0.035 * nearest**4) / variance
    assert (np.maximum(bound, 0) <= kept + 1e-12).all(), (k[bound > kept], variance)


@pytest.mark.parametrize("dense", [np.linspace(10, 14, 161), np.geomspace(14, 1e5, 161)], ids=["small", "large"])
def test_counts_that_are_sure(dense):
    for mean in dense:
        _check_sure(stats.poisson(mean), mean, 1 / 3, 1 + 0.051 / mean)
        for p in (0.5, 0.47, 0.4, 0.3, 0.2, 0.1, 0.03, 1e-3):
            n = np.ceil(mean / p)
            variance = n * p * (1 - p)
            _check_sure(stats.binom(n, p), variance, (1 - 2 * p) / 3, 1 + 0.072 / variance)


def test_gammas_that_are_sure():
    y = np.concatenate([-1 + np.geomspace(1e-9, 1, 20_001), np.geomspace(1e-6, 1e3, 20_001)])
    refusal = np.asarray(jax.jit(gamma._refusal)(y))
    assert (refusal <= y**4 / (4 * (1 + np.minimum(y, 0))) * (1 + 1e-6)).all()


def _words():
    return hash_words(np.uint32(1), np.uint32(2), np.uint32(3), np.arange(2**18, dtype=np.uint32))


@pytest.mark.parametrize("kind", ["poisson", "binomial", "few, poisson", "few, binomial", "gamma"])
def test_what_is_sure_is_what_the_whole_test_keeps(kind):
    """In float32, draw by draw; and hardly anything is left for the whole test."""
    gammas = (partial(gamma._propose, test) for test in (gamma._squeeze, gamma._whole))
    with jax.enable_x64(False):
        first, whole, cases = {
            "poisson": (source._sure_poisson, source._many_poisson, [(10.0,), (33.3,), (1e3,), (3e6,)]),
            "binomial": (source._sure_binomial, source._many_binomial, [(20.0, 0.5), (300.0, 0.1), (1e7, 0.3)]),
            "few, poisson": (source._surely_few_poisson, source.propose_poisson, [(1e-7,), (0.3,), (2.0,), (9.99,)]),
            "few, binomial": (
                source._surely_few_binomial, source.propose_binomial,
                [(1.0, 0.5), (19.0, 0.5), (100.0, 0.001), (1e3, 9.9e-3), (1e7, 5e-7)],
            ),
            "gamma": (*gammas, [(0.2,), (2.0,), (1e3,), (1e8,)]),
        }[kind]  # fmt: skip
        first, whole = jax.jit(first), jax.jit(whole)
        for parameters in cases:
            parameters = [np.full(2**18, value, np.float32) for value in parameters]
            found, wanted = (np.asarray(f(*_words(), *parameters)) for f in (first, whole))
            sure = found != REFUSED
            np.testing.assert_array_equal(found[sure], wanted[sure])
            assert (sure != (wanted != REFUSED)).mean() < 0.05


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
