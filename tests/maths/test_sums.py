"""Sums over rows, factors and fits in float32 against NumPy in float64: far from 0, in unequal units, of many rows."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import collapsebench as cb
from collapsebench.maths import sums
from collapsebench.maths.cholesky import psd_factor
from collapsebench.maths.distributions.linear import RegressionMoments
from collapsebench.maths.distributions.normal import Moments, Normal
from collapsebench.maths.estimators.moments import sample_moments
from collapsebench.maths.estimators.transport import frechet
from collapsebench.maths.triangles import rows_factor
from collapsebench.parts.data import Batch


def single(x):
    return jnp.asarray(x, jnp.float32)


fit = jax.jit(lambda batch: Normal.fit(Moments.of(batch)))
centred = jax.jit(sums.centred)
distance = jax.jit(lambda x, y: frechet(x, *sample_moments(y)).value)
roots = jax.jit(rows_factor)
factor = jax.jit(psd_factor)


def root_of(x):
    """The lower-triangular factor of x^T x with a positive diagonal, by LAPACK in float64."""
    r = np.linalg.qr(np.asarray(x, np.float64), mode="r")
    return (r * np.where(np.diagonal(r) < 0, -1, 1)[:, None]).T


@pytest.mark.parametrize("mean", [0.0, 1.0, 1e3, 1e5, -1e6])
@pytest.mark.parametrize("dim", [1, 2, 5])
def test_moments_far_from_zero(random, dim, mean):
    x = (mean + random.normal(size=(200, dim))).astype(np.float32)
    w = random.integers(0, 3, 200).astype(np.float32)
    fitted = fit(Batch(single(x), single(w)))
    np.testing.assert_allclose(fitted.mean, np.average(x.astype(float), axis=0, weights=w), rtol=1e-6, atol=1e-6)
    right = np.cov(x.T.astype(float), fweights=w.astype(int), ddof=0).reshape(dim, dim)
    np.testing.assert_allclose(fitted.moments()[1], right, rtol=1e-4, atol=1e-4)
    np.testing.assert_allclose(centred(single(x), single(w))[0], w.sum())


@pytest.mark.parametrize("scale", [1e-25, 1e-3, 1.0, 1e10, 1e30])
def test_scales_out_of_range_of_their_squares(random, scale):
    x = (scale * random.normal(size=(50, 1))).astype(np.float32)
    got = fit(Batch(single(x), jnp.ones(50))).log_variance
    np.testing.assert_allclose(got, np.log(x.astype(float).var()), atol=1e-4)


@pytest.mark.parametrize(("n", "dim"), [(3, 2), (60, 4), (9, 5), (200, 8), (40000, 3), (40000, 6)])
@pytest.mark.parametrize("condition", [1.0, 1e3, 1e5])
def test_factor_of_rows(random, n, dim, condition):
    """Relative error of every pivot within rounding times the condition number, in any units; wrong by Gram matrices."""
    turn = np.linalg.qr(random.normal(size=(dim, dim)))[0]
    units = 10.0 ** random.uniform(-6, 6, dim)
    x = (random.normal(size=(n, dim)) * np.geomspace(1, 1 / condition, dim) @ turn * units).astype(np.float32)
    got = np.diagonal(roots(single(x)))
    np.testing.assert_allclose(got / np.diagonal(root_of(x)), 1, atol=2e-7 * (10 + 20 * condition))


def test_a_dependent_column_has_no_pivot(random):
    for dim in (2, 4, 6):
        x = random.normal(size=(64, dim)).astype(np.float32)
        x[:, -1] = x[:, 0] * 3
        got = np.diagonal(roots(single(x)))
        assert got[-1] == 0
        assert (got[:-1] > 0).all()


@pytest.mark.parametrize("ratio", [1e-8, 1e-4, 1.0, 300.0, 1e6])
def test_factor_in_unequal_units(ratio):
    right = np.array([[1, 0.5], [0.5, 1]]) * np.outer([1, ratio], [1, ratio])
    got = np.asarray(factor(single(right)), float)
    np.testing.assert_allclose(got @ got.T / np.outer([1, ratio], [1, ratio]), [[1, 0.5], [0.5, 1]], rtol=1e-5)


@pytest.mark.parametrize("offset", [0.0, 10.0, 1e3, 1e4, 1e5])
def test_least_squares_far_from_the_origin(random, offset):
    x = np.c_[np.ones(300), offset + random.normal(size=(300, 2))].astype(np.float32)
    y = (x @ [1.0, 2.0, -1.0] + random.normal(size=300)).astype(np.float32)
    got = cb.fit(cb.models.LinearRegression(dim=3), {"x": x, "y": y}).coef
    right = np.linalg.lstsq(x.astype(float), y.astype(float), rcond=None)[0]
    np.testing.assert_allclose(got[1:], right[1:], atol=2e-6 * max(1, offset))
    np.testing.assert_allclose(x @ np.asarray(got, float), x @ right, atol=1e-5 * max(1, offset))


def test_statistics_of_parts_are_those_of_the_whole(random):
    x, y = 1e4 + random.normal(size=(40, 3)), random.normal(size=40)
    rows = Batch({"x": single(x), "y": single(y)}, jnp.ones(40))
    whole = RegressionMoments.of(rows)
    parts = [RegressionMoments.of(jax.tree.map(lambda a, s=s: a[s], rows)) for s in (slice(15), slice(15, 40))]
    both = parts[0].concat(parts[1])
    np.testing.assert_allclose(both.factor, whole.factor, rtol=1e-3, atol=1e-2)
    np.testing.assert_allclose(np.diagonal(whole.factor), np.diagonal(root_of(single(x))), rtol=1e-2)


@pytest.mark.parametrize("classes", [2, 3, 10, 1000, 50000])
def test_counts_in_blocks(random, classes):
    symbols = random.integers(0, classes, 100_000)
    w = random.integers(0, 3, 100_000).astype(np.float32)
    got = jax.jit(sums.counts, static_argnums=2)(jnp.asarray(symbols, jnp.int32), single(w), classes)
    np.testing.assert_array_equal(got, np.bincount(symbols, w, classes))


def test_long_products(random):
    for n in (10, 16384, 16385, 50_000, 300_000):
        x = (0.1 + random.random((n, 3))).astype(np.float32)
        np.testing.assert_allclose(sums.products(single(x), single(x)), x.T.astype(float) @ x, rtol=2e-5)
        np.testing.assert_allclose(sums.columns(single(x), jnp.ones(n)), x.astype(float).sum(0), rtol=2e-5)


@pytest.mark.parametrize(("n", "dim"), [(3, 4), (4, 3), (20, 30), (2, 2), (5, 5)])
def test_frechet_with_few_rows(random, n, dim):
    """Against eigenvalues in float64, where the roots of rounding errors are small."""
    x, y = random.normal(size=(n, dim)).astype(np.float32), random.normal(size=(200, dim)).astype(np.float32)
    got = distance(single(x), single(y))
    a, b = np.cov(x.T.astype(float)), np.cov(y.T.astype(float))
    values, vectors = np.linalg.eigh(b)
    root = vectors * np.sqrt(values) @ vectors.T
    cross = np.sqrt(np.linalg.eigvalsh(root @ a @ root).clip(0))[-min(n - 1, dim) :].sum()
    right = ((x.mean(0) - y.mean(0)) ** 2).sum() + np.trace(a) + np.trace(b) - 2 * cross
    np.testing.assert_allclose(got, right, rtol=1e-4)


@pytest.mark.slow
def test_a_mixture_keeps_the_covariance_of_its_sample(random):
    """EM without a ridge, whose memberships sum to 1, for 2e6 rows far from 0 and 1e3 sd apart."""
    x = (100 + random.normal(size=(2_000_000, 2)) * 0.1 + random.integers(0, 2, (2_000_000, 1)) * 100).astype(
        np.float32
    )
    model = cb.models.GaussianMixture(dim=2, components=2, ridge=0.0, steps=5)
    got = cb.fit(model, x).moments()[1]
    np.testing.assert_allclose(got, np.cov(x.T.astype(float), ddof=0), rtol=2e-5)
