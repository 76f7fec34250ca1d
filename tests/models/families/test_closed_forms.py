"""Every closed form against SciPy or a direct sum, in float64."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import integrate, stats

from collapsebench.maths.distributions.bernoulli import Bernoulli
from collapsebench.maths.distributions.categorical import Categorical
from collapsebench.maths.distributions.exponential import Exponential
from collapsebench.maths.distributions.poisson import Poisson
from collapsebench.maths.distributions.uniform import Uniform


@pytest.fixture(autouse=True)
def float64():
    with jax.enable_x64(True):
        yield


def discrete(p, q):
    """KL and squared distance of two mass functions, [support]."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(p > 0, p * np.log(p / q), 0).sum(), ((p - q) ** 2).sum()


def close(value, reference):
    np.testing.assert_allclose(value, reference, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("p", [0.0, 0.2, 1.0])
def test_bernoulli(p):
    ours, other, reference = Bernoulli(jnp.asarray(p)), Bernoulli(jnp.asarray(0.7)), stats.bernoulli(p)
    with np.errstate(divide="ignore"):
        close(ours.log_prob(jnp.array([0.0, 1, 2, -1])), reference.logpmf([0, 1, 2, -1]))
        close(ours.log_variance, np.log(reference.var()))
    close(ours.moments()[0], [p])
    close(ours.entropy(), reference.entropy())
    kl, l2 = discrete(np.array([1 - p, p]), np.array([0.3, 0.7]))
    close(ours.kl(other), kl)
    close(ours.l2_squared(other), l2)
    close(ours.w2_squared(other), stats.wasserstein_distance([0, 1], [0, 1], [1 - p, p], [0.3, 0.7]))


@pytest.mark.parametrize("rate", [0.0, 0.5, 10.0, 63.9, 64.1, 500.0])
def test_poisson(rate):
    ours, other, k = Poisson(jnp.asarray(rate)), Poisson(jnp.asarray(7.0)), np.arange(1500)
    p, q = stats.poisson(rate).pmf(k), stats.poisson(7).pmf(k)
    close(ours.log_prob(jnp.arange(20.0)), stats.poisson(rate).logpmf(np.arange(20)))
    close(ours.log_prob(jnp.array([-1.0, 0.5])), -np.inf)
    np.testing.assert_allclose(ours.entropy(), stats.entropy(p), atol=2e-8)
    close(ours.l2_squared(other), discrete(p, q)[1])
    close(ours.kl(other), rate * np.log(max(rate, 1e-300) / 7) + 7 - rate)
    assert np.exp(ours.log_variance) == pytest.approx(rate)


@pytest.mark.parametrize("scale", [0.3, 4.0])
def test_exponential(scale):
    ours, other = Exponential(jnp.log(scale)), Exponential(jnp.log(jnp.asarray(1.5)))
    p, q = stats.expon(scale=scale), stats.expon(scale=1.5)
    x = np.array([0.0, 0.1, 3.0, -1.0])
    close(ours.log_prob(jnp.asarray(x)[:, None]), p.logpdf(x))
    close(ours.entropy(), p.entropy())
    close(ours.moments()[1], [[p.var()]])
    close(ours.kl(other), integrate.quad(lambda x: p.pdf(x) * (p.logpdf(x) - q.logpdf(x)), 0, np.inf)[0])
    close(ours.l2_squared(other), integrate.quad(lambda x: (p.pdf(x) - q.pdf(x)) ** 2, 0, np.inf)[0])
    close(ours.w2_squared(other), integrate.quad(lambda u: (p.ppf(u) - q.ppf(u)) ** 2, 0, 1, epsabs=1e-13)[0])
    nodes = ours.nodes()
    close(
        [nodes.w.sum(), nodes.w @ nodes.x[:, 0], nodes.w @ nodes.x[:, 0] ** 2], [1, p.mean(), p.var() + p.mean() ** 2]
    )


def test_exponential_at_a_point():
    point, other = Exponential(jnp.asarray(-jnp.inf)), Exponential(jnp.asarray(0.0))
    close(point.log_prob(jnp.array([[0.0], [1.0], [-1.0]])), [np.inf, -np.inf, -np.inf])
    close([point.kl(other), other.kl(point), point.w2_squared(other)], [np.inf, np.inf, 2])
    assert np.array_equal(point.sample(jax.random.key(0), 3), np.zeros((3, 1)))


def test_categorical():
    p, q = np.array([0.5, 0.3, 0.2, 0.0]), np.array([0.25, 0.25, 0.25, 0.25])
    ours, other = Categorical(jnp.asarray(p)), Categorical(jnp.asarray(q))
    kl, l2 = discrete(p, q)
    close(ours.kl(other), kl)
    assert other.kl(ours) == np.inf
    close(ours.l2_squared(other), l2)
    close(ours.entropy(), stats.entropy(p))
    close(np.exp(ours.log_variance), 1 - (p**2).sum())
    close(np.trace(ours.moments()[1]), 1 - (p**2).sum())
    assert ours.support() == 3
    with np.errstate(divide="ignore"):
        close(ours.log_prob(jnp.array([3, 0])), np.log(p[[3, 0]]))
    assert Categorical(jnp.array([0.0, 1.0])).log_variance == -np.inf


def test_uniform():
    box = Uniform(jnp.array([0.0, -1.0]), jnp.array([2.0, 1.0]))
    close(box.log_prob(jnp.array([[1.0, 0.0], [3.0, 0.0]])), [-np.log(4), -np.inf])
    close(box.entropy(), np.log(4))
    close(box.moments()[0], [1, 0])
    close(box.moments()[1], np.eye(2) / 3)
    x = np.asarray(box.sample(jax.random.key(0), 20_000))
    assert stats.kstest(x[:, 0] / 2, "uniform").pvalue > 5.7e-7
    assert stats.kstest((x[:, 1] + 1) / 2, "uniform").pvalue > 5.7e-7
