"""The kernel density against SciPy's, in float64, and its edge cases."""

import jax
import numpy as np
import pytest
from scipy.special import logsumexp
from scipy.stats import gaussian_kde

import collapsebench as cb


def _data(dim, seed=0):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(150, dim)) @ rng.normal(size=(dim, dim)) + 100
    near, far = rng.normal(size=(40, dim)) * 2 + 100, rng.normal(size=(40, dim)) * 50 + 100
    return x, np.concatenate([near, far]), rng.uniform(0.1, 1, size=150)


@pytest.mark.parametrize("dim", [1, 2, 6])
@pytest.mark.parametrize("rule", ["scott", "silverman"])
def test_log_density_is_scipys(dim, rule):
    """Also 50 standard deviations out, where every exponential underflows."""
    x, points, weights = _data(dim)
    model = cb.models.KernelDensity(dim=dim, bandwidth=rule)
    with jax.enable_x64(True):
        for w in (None, weights):
            ours = cb.log_prob(model, cb.fit(model, x, weights=w), points)
            theirs = gaussian_kde(x.T, weights=w, bw_method=rule).logpdf(points.T)
            np.testing.assert_allclose(ours, theirs, rtol=1e-10)


@pytest.mark.parametrize("dim", [1, 3])
def test_fixed_bandwidth_and_rows_of_weight_0(dim):
    x, points, weights = _data(dim)
    weights[::3] = 0
    model = cb.models.KernelDensity(dim=dim, bandwidth=0.4)
    square = ((points[:, None] - x) ** 2).sum(axis=-1) / 0.4**2
    norm = weights.sum() * (2 * np.pi * 0.4**2) ** (dim / 2)
    expected = logsumexp(-square / 2, b=weights / norm, axis=1)
    with jax.enable_x64(True):
        params = cb.fit(model, x, weights=weights)
        np.testing.assert_allclose(cb.log_prob(model, params, points), expected, rtol=1e-10)
        mean, covariance = params.moments()
    centre = np.average(x, axis=0, weights=weights)
    np.testing.assert_allclose(mean, centre, rtol=1e-12)
    spread = np.cov(x.T, aweights=weights, ddof=0).reshape(dim, dim) + 0.4**2 * np.eye(dim)
    np.testing.assert_allclose(covariance, spread, rtol=1e-9, atol=1e-12)


def test_float32_far_tail_is_finite_and_right():
    model = cb.models.KernelDensity(bandwidth=0.1)
    x = np.linspace(-1, 1, 33)
    ours = cb.log_prob(model, cb.fit(model, x), np.array([50.0]))
    expected = logsumexp(-(((50 - x) / 0.1) ** 2) / 2) - np.log(33 * 0.1 * np.sqrt(2 * np.pi))
    np.testing.assert_allclose(ours, expected, rtol=1e-5)


@pytest.mark.parametrize("rows", [np.zeros((1, 2)), np.ones((20, 2)), np.arange(20.0)[:, None] * np.ones(2)])
def test_rows_that_span_nothing_give_points_not_nan(rows):
    """One row, equal rows, rows on a line: Scott's kernel is singular, so the density is that of points."""
    model = cb.models.KernelDensity(dim=2, bandwidth="scott")
    params = cb.fit(model, rows)
    value = cb.log_prob(model, params, np.stack([rows[0], rows[0] + np.array([0.5, -0.5])]))
    assert value[0] == np.inf
    assert value[1] == -np.inf
    assert np.isfinite(cb.sample(model, params, 50)).all()
    assert not np.isnan(params.moments()[1]).any()


def test_draws_have_the_mixtures_moments():
    """Within 5 standard errors; a draw without the kernel's noise would be 30 away in variance."""
    model = cb.models.KernelDensity(bandwidth=1.0)
    x, weights = np.array([-2.0, 0.0, 3.0, 9.0]), np.array([1.0, 2.0, 3.0, 0.0])
    draws = cb.sample(model, cb.fit(model, x, weights=weights), 40_000)[:, 0]
    mean = np.average(x, weights=weights)
    variance = np.average((x - mean) ** 2, weights=weights) + 1
    assert abs(draws.mean() - mean) < 5 * np.sqrt(variance / 40_000)
    error = np.std((draws - mean) ** 2) / np.sqrt(40_000)
    assert abs(draws.var() - variance) < 5 * error
    assert 10 * error < 1


@pytest.mark.parametrize("change", [{"bandwidth": "scot"}, {"bandwidth": 0.0}, {"bandwidth": -1}])
def test_wrong_bandwidths_are_refused(change):
    with pytest.raises(cb.RequestError, match=r"model\.bandwidth"):
        cb.Experiment(model=cb.models.KernelDensity(**change))


@pytest.mark.parametrize(
    ("change", "field"), [({"bandwidth": "scott"}, "bandwidth"), ({"bandwidth": 0.01}, "bandwidth")]
)
def test_population_refuses_what_it_cannot_resolve(change, field):
    with pytest.raises(cb.RequestError, match=field):
        cb.Experiment(model=cb.models.KernelDensity(**change), handover="population")


@pytest.mark.parametrize("rule", [0.8, "scott"])
def test_nodes_carry_the_density_and_its_moments(rule):
    """In two dimensions they are a product over the kernel's own axes, which a rule of the bandwidth turns."""
    x, _, weights = _data(2)
    model = cb.models.KernelDensity(dim=2, bandwidth=rule)
    with jax.enable_x64(True):
        params = cb.fit(model, x, weights=weights)
        nodes = params.nodes()
        density = np.exp(cb.log_prob(model, params, nodes.x))
        np.testing.assert_allclose(nodes.w, density / density.sum(), rtol=1e-9, atol=1e-25)
        mean, covariance = params.moments()
    np.testing.assert_allclose(np.average(nodes.x, axis=0, weights=nodes.w), mean, rtol=1e-9)
    np.testing.assert_allclose(np.cov(nodes.x.T, aweights=nodes.w, ddof=0), covariance, rtol=1e-8)


def test_a_singular_kernel_has_no_nodes():
    model = cb.models.KernelDensity(dim=2, bandwidth="scott")
    assert np.isnan(cb.fit(model, np.ones((20, 2))).nodes().w).all()
