"""The family: density, moments and draws against SciPy, distances and nodes against quadrature."""

import itertools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.integrate import quad
from scipy.special import logsumexp
from scipy.stats import multivariate_normal, norm

from collapsebench.maths.distributions.mixture import Mixture, as_mixture, common_nodes
from collapsebench.maths.distributions.normal import Normal
from collapsebench.specs.errors import RequestError

# Compiled as a whole: one by one, the small operations cost seconds of compilation.
from_factors = jax.jit(Mixture.from_factors)
l2_squared = jax.jit(Mixture.l2_squared)


@jax.jit
def by_common_nodes(q, p):
    """KL(q || p) on the line."""
    rows = common_nodes(q, p)
    return (rows.w * (q.log_prob(rows.x) - p.log_prob(rows.x))).sum()


@jax.jit
def measure(mixture, x):
    return mixture.log_prob(x), mixture.moments(), mixture.log_variance


@jax.jit
def integrate(mixture):
    """Total, mean and centred second moment of the nodes, and the first component's share of membership."""
    nodes = mixture.nodes()
    mean = nodes.w @ nodes.x
    member = jnp.exp(mixture.log_weights[0] + mixture.component_log_prob(nodes.x)[0] - mixture.log_prob(nodes.x))
    return nodes.w.sum(), mean, ((nodes.x - mean) * nodes.w[:, None]).T @ (nodes.x - mean), nodes.w @ member


def make(random, components, dim):
    """A mixture, and its weights, means and covariances."""
    weights, mean = random.dirichlet(np.ones(components)), random.normal(size=(components, dim))
    factor = np.tril(random.normal(size=(components, dim, dim)))
    factor[:, range(dim), range(dim)] = 0.3 + np.abs(factor[:, range(dim), range(dim)])
    mixture = from_factors(jnp.log(weights), jnp.asarray(mean), jnp.asarray(factor))
    return mixture, weights, mean, factor @ factor.swapaxes(-1, -2)


@pytest.mark.parametrize(("components", "dim"), [(1, 1), (3, 2), (2, 5)])
def test_log_prob_and_moments(random, components, dim):
    with jax.enable_x64(True):
        mixture, weights, mean, covariance = make(random, components, dim)
        x = 3 * random.normal(size=(50, dim))
        logs = [
            np.log(w) + multivariate_normal(m, c).logpdf(x) for w, m, c in zip(weights, mean, covariance, strict=True)
        ]
        log_prob, (centre, spread), log_variance = measure(mixture, jnp.asarray(x))
        np.testing.assert_allclose(log_prob, logsumexp(logs, axis=0), rtol=1e-10)
        gap = mean - weights @ mean
        expected = np.einsum("k,kij->ij", weights, covariance) + np.einsum("k,ki,kj->ij", weights, gap, gap)
        np.testing.assert_allclose(centre, weights @ mean, rtol=1e-10)
        np.testing.assert_allclose(spread, expected, rtol=1e-10)
        np.testing.assert_allclose(log_variance, np.log(np.trace(expected)), rtol=1e-10)


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
        x = jnp.linspace(-15, 15, 200_001)  # the trapezoid rule, exact to rounding for analytic densities
        log_prob = jax.jit(lambda distribution: distribution.log_prob(x[:, None]))
        for other in (b, normal):
            integral = ((jnp.exp(log_prob(a)) - jnp.exp(log_prob(other))) ** 2).sum() * (x[1] - x[0])
            np.testing.assert_allclose(l2_squared(a, other), integral, rtol=1e-6)
        np.testing.assert_allclose(l2_squared(a, a), 0, atol=1e-12)


def test_l2_squared_with_a_point_is_infinite_not_nan(random):
    point = Mixture.spherical(jnp.zeros((2, 2)), jnp.asarray([0.0, 1.0]))
    smooth = Mixture.spherical(jnp.ones((2, 2)), 1.0)
    assert l2_squared(point, smooth) == jnp.inf
    assert l2_squared(smooth, point) == jnp.inf
    at, near = measure(point, jnp.asarray([[0.0, 0.0], [1.0, 1.0]]))[0]
    assert at == jnp.inf
    assert np.isfinite(near)


def test_equal_points_have_no_variance():
    """Not even by rounding: the mean of equal means is that mean."""
    assert Mixture.spherical(jnp.full((3, 2), 0.1), 0.0, [0.2, 0.3, 0.5]).log_variance == -jnp.inf


@pytest.mark.parametrize("dim", [1, 2, 3])
def test_nodes_integrate(random, dim):
    """Moments to rounding, and a responsibility, which is what EM integrates, to 1e-6 (1e-3 in three dimensions)."""
    with jax.enable_x64(True):
        mixture = make(random, 2, dim)[0]
        total, mean, second, _ = integrate(mixture)
        centre, spread = mixture.moments()
        np.testing.assert_allclose(total, 1, rtol=1e-12)
        np.testing.assert_allclose(mean, centre, atol=1e-12)
        np.testing.assert_allclose(second, spread, atol=1e-11)
        apart = Mixture.spherical(np.array([[-1.5], [1.5]]) * np.eye(dim)[0], 1.0, [0.3, 0.7])
        np.testing.assert_allclose(integrate(apart)[3], 0.3, atol=1e-6 if dim < 3 else 1e-3)


def test_nodes_stop_at_three_dimensions():
    with pytest.raises(RequestError, match="dim = 4"):
        Mixture.spherical(jnp.zeros((1, 4)), 1.0).nodes()


@pytest.mark.slow
def test_as_mixture():
    normal = Normal.from_moments(jnp.ones(2), jnp.eye(2))
    x = jnp.asarray([[0.0, 1.0]])
    np.testing.assert_allclose(as_mixture(normal).log_prob(x), normal.log_prob(x), rtol=1e-6)
    with pytest.raises(TypeError, match="int"):
        as_mixture(1)


@pytest.mark.parametrize("sd", [1.0, 0.1, 0.01, 1e-3, 1e-4])
def test_nodes_see_a_narrow_component_of_the_other(sd):
    """KL(q || p) with a spike in p, against adaptive quadrature; the nodes of q are 0.1 apart and step over it."""
    q = Mixture.spherical([[0.0], [2.0]], 1.0)
    p = Mixture.spherical([[0.3], [1.7]], [1.5, sd], [0.7, 0.3])
    got = by_common_nodes(q, p)

    def density(x, mixture):
        means, sds = np.asarray(mixture.mean[:, 0], float), np.exp(np.asarray(mixture.log_scale, float))
        return norm(means, sds).pdf(x) @ np.exp(np.asarray(mixture.log_weights, float))

    edges = [-9, 0, 1.7 - 20 * sd, 1.7 - 5 * sd, 1.7, 1.7 + 5 * sd, 1.7 + 20 * sd, 12] if sd < 0.1 else [-9, 0, 2, 12]
    gap = lambda x: density(x, q) * np.log(density(x, q) / density(x, p))  # noqa: E731
    right = sum(quad(gap, a, b, epsabs=1e-11)[0] for a, b in itertools.pairwise(edges))
    np.testing.assert_allclose(got, right, atol=2e-5)
