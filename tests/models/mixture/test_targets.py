"""Vector targets: the density integrates the curve, draws follow the density's moments."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.special import ive, logsumexp
from scipy.stats import norm

from collapsebench import models, targets

CURVES = [
    targets.SwissRoll(),
    *(
        pytest.param(target, marks=pytest.mark.slow)
        for target in (targets.Moons(), targets.Moons(noise=0.3), targets.Circles(), targets.SwissRoll(noise=0.5))
    ),
]


@pytest.mark.parametrize("target", CURVES, ids=str)
def test_density_is_the_curves_integral(target, random):
    """Against 400 panels of 16 Gauss-Legendre nodes along each curve, at points drawn near it, near 0 and far out."""
    z, weight = np.polynomial.legendre.leggauss(16)
    first, last = target.span()
    edges = first + (last - first) * np.sin(np.linspace(0, np.pi / 2, 401)) ** 2  # from afar the ends are steep
    half = 0.5 * np.diff(edges)[:, None]
    t, weight = (edges[:-1, None] + half * (1 + z)).ravel(), (half * weight).ravel() / (last - first) / target.curves
    with jax.enable_x64(True):
        point = jax.jit(target.point)
        curves = np.stack([point(c, t) for c in range(target.curves)])  # [curve, axis, node]
        near = random.choice(np.concatenate(curves, axis=1).T, 100) + target.noise * random.normal(size=(100, 2))
        x = np.r_[near, random.normal(size=(30, 2)), 10 * random.normal(size=(30, 2))]
        ours = jax.jit(target.log_prob)(x)
    squares = ((x[:, None, :, None] - curves) ** 2).sum(axis=2) / target.noise**2
    expected = logsumexp(np.log(weight) - 0.5 * squares, axis=(1, 2)) - np.log(2 * np.pi * target.noise**2)
    np.testing.assert_allclose(ours, expected, rtol=1e-7, atol=1e-5)


def test_circles_are_a_bessel_function(random):
    target = targets.Circles(noise=0.2)
    with jax.enable_x64(True):
        x = random.normal(size=(50, 2))
        r, s = np.hypot(*x.T), target.noise
        density = sum(
            0.5 / (2 * np.pi * s**2) * np.exp(-((r - q) ** 2) / (2 * s**2)) * ive(0, r * q / s**2)
            for q in (1, target.factor)
        )
        np.testing.assert_allclose(jax.jit(target.log_prob)(x), np.log(density), rtol=1e-7, atol=1e-8)


@pytest.mark.parametrize(
    "target", [targets.Moons(), targets.Circles(), targets.SwissRoll(), targets.Rosenbrock()], ids=str
)
def test_draws_have_the_stated_moments(target):
    n = 100_000
    with jax.enable_x64(True):
        x = np.asarray(target.sample(jax.random.key(2), n))
        mean, covariance = (np.asarray(a) for a in target.distribution().moments())
        centred = x - mean
        features = np.c_[x, centred**2, centred.prod(axis=1)]
        law = np.r_[mean, np.diag(covariance), covariance[0, 1]]
        assert (np.abs(features.mean(axis=0) - law) < 5 * features.std(axis=0) / np.sqrt(n)).all()
        nodes = target.distribution().nodes()
        np.testing.assert_allclose(nodes.w @ nodes.x, mean, atol=1e-9)
        centred = np.asarray(nodes.x) - mean
        np.testing.assert_allclose(np.cov(centred.T, aweights=nodes.w, ddof=0), covariance, rtol=1e-6, atol=1e-6)


def test_rosenbrock_factorises(random):
    target = targets.Rosenbrock(mean=0.5, along=2.0, across=0.4)
    with jax.enable_x64(True):
        x = random.normal(size=(50, 2))
        expected = norm(0.5, 2).logpdf(x[:, 0]) + norm(x[:, 0] ** 2, 0.4).logpdf(x[:, 1])
        np.testing.assert_allclose(target.log_prob(jnp.asarray(x)), expected, rtol=1e-10)
        entropy = -np.asarray(target.log_prob(target.sample(jax.random.key(0), 100_000)))
        assert abs(entropy.mean() - target.entropy()) < 5 * entropy.std() / np.sqrt(100_000)


def test_mixture_targets_stand_where_they_are_told():
    grid = targets.Grid().distribution()
    assert grid.mean.shape == (25, 2)
    np.testing.assert_allclose(grid.mean[0], [-4, -4])
    circle = targets.GaussianMixture(components=4, dim=3, radius=2.0).distribution()
    np.testing.assert_allclose(circle.mean[1], [0, 2, 0], atol=1e-6)
    line = targets.GaussianMixture(components=2, dim=1, radius=2.0).distribution()
    np.testing.assert_allclose(line.mean[:, 0], [-2, 2])
    given = targets.GaussianMixture(
        dim=2, means=((0.0, 1.0), (2.0, 3.0)), weights=(1.0, 3.0), sd=(1.0, 2.0)
    ).distribution()
    np.testing.assert_allclose(given.mean, [[0, 1], [2, 3]])
    np.testing.assert_allclose(given.weights, [0.25, 0.75], rtol=1e-6)
    with pytest.raises(ValueError, match="means"):
        targets.GaussianMixture(components=3, dim=2, means=((0.0, 1.0),)).distribution()


def test_truth_is_what_the_model_says():
    model = models.Gaussian(dim=2, bias=0.25)
    params = model.init(jax.random.key(0))
    truth = targets.Truth(model=model, params=params)
    x = truth.sample(jax.random.key(0), 10_000)
    assert truth.dim == 2
    np.testing.assert_array_equal(truth.log_prob(x), model.log_prob(params, x))
    assert abs(x.var() - 1) < 5 * np.sqrt(2 / 20_000)  # the truth has no sampling bias
    assert targets.Truth(model="gaussian_mixture").distribution().components == 2
