"""Gamma, chi-square, Wishart and normal samplers against SciPy and their moments, with edge cases."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import stats

from collapsebench.maths.samplers import (
    chi_square,
    chi_square_and_normal,
    log_gamma,
    normal,
    normal_totals,
    standard_gamma,
    wishart_factor,
)

DRAWS = 200_000
chi_squares = jax.jit(lambda key, df: chi_square(key, df, (DRAWS,)))
log_gammas = jax.jit(lambda key, shape: log_gamma(key, shape, (DRAWS,)))
factors = jax.jit(lambda key, df: jax.vmap(lambda key: wishart_factor(key, df, 4))(jax.random.split(key, 20_000)))


@pytest.mark.parametrize("df", [1, 2, 3.5, 99, 1e7])
def test_chi_square(df, dtype, assert_continuous):
    wrong = stats.chi2(df * 1.02) if df < 1e5 else stats.chi2(df, scale=1 + 2e-5)  # the width is 4.5e-4 of the mean
    sample = chi_squares(jax.random.key(1), dtype.type(df))
    assert sample.dtype == dtype
    assert_continuous(sample, stats.chi2(df).cdf, wrong.cdf)


@pytest.mark.parametrize("df", [1, 7, 1e7])
def test_chi_square_moments(df, assert_law):
    scaled = (np.asarray(chi_squares(jax.random.key(2), df), np.float64) - df) / np.sqrt(2 * df)
    moments = np.stack([scaled, scaled**2, scaled**3], 1)
    assert_law(moments[:, :2], [0, 1], [0.05 * np.sqrt(df / 2), 1.1])
    assert_law(moments[:, 2:], [np.sqrt(8 / df)])


@pytest.mark.parametrize("shape", [0.01, 0.3, 0.5, 5, 1e6])
def test_log_gamma(shape, dtype, assert_continuous):
    def cdf(shape):
        return lambda log: stats.gamma(shape).cdf(np.exp(log))

    sample = log_gammas(jax.random.key(3), dtype.type(shape))
    assert_continuous(sample, cdf(shape), cdf(shape * 1.02))


def test_tiny_shapes_stay_finite():
    """At shape 1e-6, -shape log(draw) is a standard exponential; the draw itself would be exp(-1e6)."""
    sample = -1e-6 * np.asarray(log_gammas(jax.random.key(4), 1e-6), np.float64)
    assert stats.kstest(sample, stats.expon.cdf).pvalue > 1e-6


def test_standard_gamma_is_the_exponential_of_log_gamma():
    shape = jnp.asarray([0.2, 0.7, 3.0, 400.0])
    both = jax.jit(lambda key: [f(key, shape, (1000, 4)) for f in (standard_gamma, log_gamma)])
    draw, log = both(jax.random.key(5))
    np.testing.assert_allclose(np.log(draw), log, rtol=2e-5, atol=2e-5)


def test_impossible_parameters_are_nan():
    assert np.isnan(chi_square(jax.random.key(0), jnp.asarray([0.0, -1.0, jnp.nan, jnp.inf]))).all()
    assert np.isnan(standard_gamma(jax.random.key(0), jnp.asarray([0.0, -1.0, jnp.nan]))).all()
    assert np.isnan(wishart_factor(jax.random.key(0), 2.5, 4)).all()


@pytest.mark.parametrize("df", [1, 2, 4, 4.5, 1000])
def test_wishart_factor(df, dtype, assert_continuous):
    factor = np.asarray(factors(jax.random.key(6), dtype.type(df)), np.float64)
    assert np.all(np.triu(factor, 1) == 0)
    trace = np.sum(factor**2, (1, 2))
    assert_continuous(trace, stats.chi2(4 * df).cdf, stats.chi2(4 * df - 1 if df < 100 else 4 * df * 0.98).cdf)
    if df < 4:
        assert np.all(factor[:, :, int(df) :] == 0)
    direction = np.array([0.6, 0.0, 0.0, 0.8])  # any unit vector has x^T W x ~ chi-square(df)
    form = np.sum((np.swapaxes(factor, 1, 2) @ direction) ** 2, 1)
    assert_continuous(form, stats.chi2(df).cdf, stats.chi2(df * 1.1).cdf)


def test_normal(dtype, assert_continuous, assert_law):
    sample = np.asarray(normal(jax.random.key(7), (DRAWS + 1,), dtype))
    assert sample.dtype == dtype
    assert_continuous(sample, stats.norm.cdf, stats.norm(0, 1.05).cdf, stats.norm(0.03).cdf)
    assert_law(np.stack([sample, sample**2, sample**3, sample**4], 1).astype(np.float64), [0, 1, 0, 3])


@pytest.mark.parametrize(("capacity", "n"), [(1, 1), (7, 3), (100, 100), (331, 330), (10_000, 10_000)])
def test_totals_are_those_of_the_normals(capacity, n):
    """Sums over the first n of the very draws, some strips of pairs long or one draw short; for three keys at once."""
    keys = jax.random.split(jax.random.key(3), 3)
    pivot, total, squares = jax.vmap(lambda key: normal_totals(key, capacity, n))(keys)
    z = np.asarray(jax.vmap(lambda key: normal(key, (capacity,), jnp.float32))(keys), np.float64)[:, :n]
    away = z - np.asarray(pivot, np.float64)[:, None]
    np.testing.assert_allclose(pivot, z[:, 0], rtol=1e-6)
    np.testing.assert_allclose(total, away.sum(axis=1), atol=2e-6 * np.abs(away).sum(axis=1).max() + 1e-6)
    np.testing.assert_allclose(squares, (away**2).sum(axis=1), rtol=2e-6, atol=1e-10)


def test_totals_without_compilation():
    """As a loop is debugged, whose turns are Python's numbers."""
    with jax.disable_jit():
        totals = jax.eval_shape(lambda key: normal_totals(key, 100, 100), jax.random.key(3))
    assert [total.shape for total in totals] == [()] * 3


def test_normal_tails_have_their_mass():
    """Of 2**24 draws about 9.6 pass 5 standard deviations."""
    sizes = jnp.asarray([4.0, 4.5, 5.0])
    beyond = jax.jit(lambda key: jnp.sum(jnp.abs(normal(key, (2**24,))) > sizes[:, None], 1))(jax.random.key(8))
    expected = 2**24 * 2 * stats.norm.sf(sizes)
    assert np.all(abs(beyond - expected) < 5 * np.sqrt(expected))


def test_neighbouring_draws_are_uncorrelated():
    sample = np.asarray(normal(jax.random.key(9), (2, 100_000)), np.float64)
    for left, right in ((sample[0], sample[1]), (sample[0, 1:], sample[0, :-1])):
        assert abs(np.mean(left * right)) < 5 / np.sqrt(len(left))


def test_a_draw_does_not_depend_on_what_is_mapped_around_it():
    keys = jax.random.split(jax.random.key(10), 15)
    df = jnp.linspace(1, 30, 15)
    together = jax.jit(jax.vmap(lambda key, df: chi_square(key, df, (3,))))(keys, df)
    one = jax.jit(lambda key, df: chi_square(key, df, (3,)))
    np.testing.assert_allclose(together, [one(key, x) for key, x in zip(keys, df, strict=True)], rtol=1e-5)
    nested = jax.jit(jax.vmap(jax.vmap(lambda key, df: chi_square(key, df, (3,)))))(
        keys.reshape(3, 5), df.reshape(3, 5)
    )
    np.testing.assert_allclose(together, nested.reshape(15, 3), rtol=1e-5)
    np.testing.assert_allclose(chi_squares(keys[0], 5.0)[:3], one(keys[0], 5.0), rtol=1e-5)


def test_no_draws_are_none():
    assert chi_square(jax.random.key(0), 3.0, (0,)).shape == (0,)


def test_another_value_compiles_nothing():
    chi_squares(jax.random.key(0), np.float32(3))
    size = chi_squares._cache_size()
    chi_squares(jax.random.key(1), np.float32(4))
    assert chi_squares._cache_size() == size


def test_keys_are_typed_threefry():
    with pytest.raises(TypeError, match="typed key"):
        normal(jax.random.PRNGKey(0), (3,))
    with pytest.raises(TypeError, match="threefry"):
        normal(jax.random.key(0, impl="rbg"), (3,))


@pytest.mark.parametrize("df", [1.0, 99.0])
def test_chi_square_and_normal_are_independent(df, assert_continuous):
    """Of one pair of normals, the first of which is refused now and then; both follow their laws, and each other not."""
    keys = jax.random.split(jax.random.key(11), DRAWS)
    square, z = jax.vmap(lambda key: chi_square_and_normal(key, df))(keys)
    square, z = np.asarray(square, np.float64), np.asarray(z, np.float64)
    assert_continuous(square, stats.chi2(df).cdf, stats.chi2(df * 1.02).cdf)
    assert_continuous(z, stats.norm().cdf, stats.norm(0.02).cdf)
    for one, two in ((square, z), (square, z**2), (square**2, z)):
        assert abs(np.corrcoef(one, two)[0, 1]) < 5 / np.sqrt(DRAWS)
