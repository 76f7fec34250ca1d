"""Binomial and Poisson samplers against SciPy and their moments, with edge cases."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import stats

from collapsebench.maths.samplers import binomial, poisson

DRAWS = 300_000
binomials = jax.jit(lambda key, n, p: binomial(key, n, p, (DRAWS,)))
poissons = jax.jit(lambda key, rate: poisson(key, rate, (DRAWS,)))


def float32(p):
    """The probability that is drawn from when p is rounded to float32."""
    return float(np.float32(p))


# Either side of a mean of 10, where the method changes, of p = 1/2, and out to the largest float32 counts.
PAIRS = [(1, 0.3), (10, 0.5), (19, 0.5), (21, 0.5), (25, 0.42), (50, 0.2), (100, 0.05), (100, 0.97), (1000, 0.3),
         (10_000, 0.013), (10**6, 1e-5), (10**6, 0.4), (2**24, 0.5), (2**24, 1e-6), (2**24, 0.001)]  # fmt: skip


@pytest.mark.parametrize(("n", "p"), PAIRS)
def test_binomial(n, p, assert_counts):
    p = float32(p)
    wrong = [stats.binom(n, p * 1.02)] + ([stats.binom(n - 1, p)] if n <= 25 else [])
    assert_counts(binomials(jax.random.key(1), np.float32(n), np.float32(p)), stats.binom(n, p), *wrong)


@pytest.mark.parametrize(("n", "p"), [(5, 0.01), (21, 0.5), (1000, 0.7), (2**30, 0.3)])
def test_binomial_in_float64(n, p, assert_counts):
    with jax.enable_x64(True):
        sample = binomials(jax.random.key(2), np.float64(n), np.float64(p))
        assert sample.dtype == np.float64
        assert_counts(sample, stats.binom(n, p), stats.binom(n, p * (1.2 if n < 10 else 1.03)))


@pytest.mark.parametrize(("n", "p"), [(7, 0.4), (1000, 0.013), (10_000, 0.5), (2**24, 0.25)])
def test_binomial_moments(n, p, assert_law):
    p = float32(p)
    scaled = (np.asarray(binomials(jax.random.key(3), np.float32(n), np.float32(p)), np.float64) - n * p) / np.sqrt(
        n * p * (1 - p)
    )
    variance_of_poisson = 1 / (1 - p)
    assert_law(scaled[:, None], [0])
    assert_law(scaled[:, None] ** 2, [1], *([variance_of_poisson] if p > 0.1 else []))
    assert_law(scaled[:, None] ** 3, [(1 - 2 * p) / np.sqrt(n * p * (1 - p))])


def test_tiny_probabilities_are_not_rounded_away():
    """With p = 1e-7 a 24-bit uniform would say 1.19e-7 or 0.6e-7."""
    counts = jax.jit(lambda key: jnp.sum(binomial(key, 1, 1e-7, (2**22,))))(jax.random.key(4))
    assert counts < 10
    ones = np.asarray(binomials(jax.random.key(5), np.float32(1), np.float32(1e-4)))
    assert abs(ones.sum() - DRAWS * 1e-4) < 5 * np.sqrt(DRAWS * 1e-4)
    many = np.asarray(binomials(jax.random.key(6), np.float32(2**24), np.float32(1e-11)))
    expected = DRAWS * 2**24 * 1e-11
    assert abs(many.sum() - expected) < 5 * np.sqrt(expected)


def test_binomial_edges():
    good = [(0, 0), (0, 0.5), (0, 1), (10, 0), (10, 1), (2**24, 0), (2**24, 1), (1, 0), (1, 1)]
    bad = [(-1, 0.5), (5, -0.1), (5, 1.1), (np.nan, 0.5), (5, np.nan), (np.inf, 0.5)]
    counts = binomial(jax.random.key(0), *jnp.asarray(good + bad, jnp.float32).T)
    np.testing.assert_array_equal(counts[: len(good)], [n * (p == 1) for n, p in good])
    assert np.isnan(counts[len(good) :]).all()


@pytest.mark.parametrize("rate", [1e-3, 0.5, 3, 9.99, 10, 14.9, 100, 1e4, 1e6])
def test_poisson(rate, assert_counts):
    rate = float32(rate)
    wrong = stats.poisson(rate * (2 if rate < 0.1 else 1.02))
    assert_counts(poissons(jax.random.key(7), np.float32(rate)), stats.poisson(rate), wrong)


def test_poisson_in_float64(assert_counts):
    with jax.enable_x64(True):
        for rate in (2.0, 50.0, 1e9):
            wrong = stats.poisson(rate + rate**0.5 / 20)
            assert_counts(poissons(jax.random.key(8), np.float64(rate)), stats.poisson(rate), wrong)


@pytest.mark.parametrize("rate", [30, 1e7, 1e9])
def test_poisson_moments_at_any_rate(rate, assert_law):
    """float32 counts of 1e9 are rounded to 64, which is 0.2% of their standard deviation."""
    scaled = (np.asarray(poissons(jax.random.key(9), np.float32(rate)), np.float64) - rate) / np.sqrt(rate)
    assert_law(np.stack([scaled, scaled**2], 1), [0, 1], [0.1, 1.0], [0, 1.1])


def test_poisson_edges():
    counts = poisson(jax.random.key(0), jnp.asarray([0.0, 0.0, -1.0, jnp.nan, jnp.inf]))
    np.testing.assert_array_equal(counts, [0, 0, np.nan, np.nan, np.nan])


def test_a_count_does_not_depend_on_what_is_mapped_around_it():
    keys = jax.random.split(jax.random.key(10), 15)
    p = jnp.linspace(0, 1, 15)
    together = jax.jit(jax.vmap(lambda key, p: binomial(key, 1000, p, (2,))))(keys, p)
    np.testing.assert_array_equal(together, [binomial(key, 1000, x, (2,)) for key, x in zip(keys, p, strict=True)])


def test_one_draw_and_many_are_the_same():
    np.testing.assert_array_equal(
        binomials(jax.random.key(11), np.float32(1000), np.float32(0.3))[:2],
        binomial(jax.random.key(11), np.float32(1000), np.float32(0.3), (2,)),
    )
