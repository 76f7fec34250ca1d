"""The family: density, moments and draws against SciPy, distances and nodes against quadrature."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.integrate import quad
from scipy.stats import multivariate_normal

from collapsebench.distributions.mixture import Mixture, as_mixture
from collapsebench.distributions.normal import Normal
from collapsebench.types import RequestError


def make(random, components, dim):
    """A mixture, and its weights, means and covariances."""
    weights, mean = random.dirichlet(np.ones(components)), random.normal(size=(components, dim))
    factor = np.tril(random.normal(size=(components, dim, dim)))
    factor[:, range(dim), range(dim)] = 0.3 + np.abs(factor[:, range(dim), range(dim)])
    mixture = Mixture.from_factors(jnp.log(weights), jnp.asarray(mean), jnp.asarray(factor))
    return mixture, weights, mean, factor @ factor.swapaxes(-1, -2)


@pytest.mark.parametrize(("components", "dim"), [(1, 1), (3, 2), (2, 5)])
def test_log_prob_and_moments(random, components, dim):
    with jax.enable_x64(True):
        mixture, weights, mean, covariance = make(random, components, dim)
        x = 3 * random.normal(size=(50, dim))
        density = sum(w * multivariate_normal(m, c).pdf(x) for w, m, c in zip(weights, mean, covariance, strict=True))
        np.testing.assert_allclose(mixture.log_prob(jnp.asarray(x)), np.log(density), rtol=1e-10)
        centre, spread = mixture.moments()
        gap = mean - weights @ mean
        expected = np.einsum("k,kij->ij", weights, covariance) + np.einsum("k,ki,kj->ij", weights, gap, gap)
        np.testing.assert_allclose(centre, weights @ mean, rtol=1e-10)
        np.testing.assert_allclose(spread, expected, rtol=1e-10)
        np.testing.assert_allclose(mixture.log_variance, np.log(np.trace(expected)), rtol=1e-10)


@pytest.mark.parametrize("components", [3, 40])
def test_draws_have_the_mixtures_law(random, components):
    """First and second moments within 5 standard errors; short tables are picked by selection, long ones gathered."""
    with jax.enable_x64(True):
        mixture = make(random, components, 2)[0]
        n = 100_000
        x = np.asarray(jax.jit(lambda key: mixture.sample(key, n))(jax.random.key(1)))
        mean, covariance = (np.asarray(a) for a in mixture.moments())
        features = np.c_[x, (x[:, :1] - mean[0]) * (x - mean), (x[:, 1] - mean[1]) ** 2]
        law = np.r_[mean, covariance[0], covariance[1, 1]]
        error = features.std(axis=0) / np.sqrt(n)
        assert (np.abs(features.mean(axis=0) - law) < 5 * error).all()
        wrong = np.asarray(mixture.mean).mean(axis=0)  # components drawn alike, whatever their weight
        assert (np.abs(wrong - mean) / error[:2]).max() > 10


def test_l2_squared_is_the_integral(random):
    with jax.enable_x64(True):
        a, b = make(random, 3, 1)[0], make(random, 2, 1)[0]
        normal = Normal.from_moments(jnp.asarray([0.3]), jnp.asarray([[0.5]]))
        gap = jax.jit(lambda x, a, b: (jnp.exp(a.log_prob(x[None, None])) - jnp.exp(b.log_prob(x[None, None])))[0] ** 2)
        for other in (b, normal):
            integral = quad(lambda x, other=other: float(gap(x, a, other)), -15, 15, limit=400, points=[-2, 0, 2])[0]
            np.testing.assert_allclose(a.l2_squared(other), integral, rtol=1e-6)
        np.testing.assert_allclose(a.l2_squared(a), 0, atol=1e-12)


def test_l2_squared_with_a_point_is_infinite_not_nan(random):
    point = Mixture.spherical(jnp.zeros((2, 2)), jnp.asarray([0.0, 1.0]))
    smooth = Mixture.spherical(jnp.ones((2, 2)), 1.0)
    assert point.l2_squared(smooth) == jnp.inf
    assert smooth.l2_squared(point) == jnp.inf
    assert point.log_prob(jnp.zeros((1, 2)))[0] == jnp.inf
    assert np.isfinite(point.log_prob(jnp.ones((1, 2)))).all()


def test_equal_points_have_no_variance():
    """Not even by rounding: the mean of equal means is that mean."""
    assert Mixture.spherical(jnp.full((3, 2), 0.1), 0.0, [0.2, 0.3, 0.5]).log_variance == -jnp.inf


@pytest.mark.parametrize("dim", [1, 2, 3])
def test_nodes_integrate(random, dim):
    """Moments to rounding, and a responsibility, which is what EM integrates, to 1e-6 (1e-3 in three dimensions)."""
    with jax.enable_x64(True):
        mixture = make(random, 2, dim)[0]
        nodes = mixture.nodes()
        centre, spread = mixture.moments()
        np.testing.assert_allclose(nodes.w.sum(), 1, rtol=1e-12)
        np.testing.assert_allclose(nodes.w @ nodes.x, centre, atol=1e-12)
        centred = nodes.x - centre
        np.testing.assert_allclose((centred * nodes.w[:, None]).T @ centred, spread, atol=1e-12)
        apart = Mixture.spherical(jnp.zeros((2, dim)).at[:, 0].set(jnp.asarray([-1.5, 1.5])), 1.0, [0.3, 0.7])
        nodes = apart.nodes()
        member = jnp.exp(apart.log_weights[0] + apart.component_log_prob(nodes.x)[0] - apart.log_prob(nodes.x))
        np.testing.assert_allclose(nodes.w @ member, 0.3, atol=1e-6 if dim < 3 else 1e-3)


def test_nodes_stop_at_three_dimensions():
    with pytest.raises(RequestError, match="dim = 4"):
        Mixture.spherical(jnp.zeros((1, 4)), 1.0).nodes()


def test_as_mixture():
    normal = Normal.from_moments(jnp.ones(2), jnp.eye(2))
    x = jnp.asarray([[0.0, 1.0]])
    np.testing.assert_allclose(as_mixture(normal).log_prob(x), normal.log_prob(x), rtol=1e-6)
    with pytest.raises(TypeError, match="int"):
        as_mixture(1)
