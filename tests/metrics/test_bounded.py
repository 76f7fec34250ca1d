"""Bounded divergences, Hellinger and total variation: closed forms, quadrature and draws against SciPy."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import stats

import collapsebench as cb
from collapsebench.maths.distributions.exponential import Exponential
from collapsebench.maths.distributions.normal import Normal
from collapsebench.maths.distributions.poisson import Poisson
from collapsebench.parts.data import Batch


@pytest.fixture(scope="module", autouse=True)
def double():
    with jax.enable_x64(True):
        yield


BOTH = cb.METRICS.build("hellinger"), cb.METRICS.build("total_variation")
MEASURE = jax.jit(lambda key, view: tuple(metric(key, view).value for metric in BOTH))
X = np.linspace(-15, 15, 300_001)


def measured(target, model, params, holdout=None):
    return np.array(MEASURE(jax.random.key(0), cb.View(target, model, params, None, None, None, holdout, 0)))


def by_hand(p, q, step):
    return np.array([1 - np.sqrt(p * q).sum() * step, np.abs(p - q).sum() * step / 2])


@pytest.mark.parametrize(("mean", "sd"), [(0.5, 1.3), (0.3, 0.4), (0.01, 1.01), (1.0, 3e-3)])
def test_a_normal_against_a_normal(mean, sd):
    """The narrow one falls between the real nodes, and is seen by its own."""
    right = by_hand(stats.norm.pdf(X), stats.norm.pdf(X, mean, sd), X[1] - X[0])
    found = measured(cb.targets.Normal(), cb.models.Gaussian(), Normal(jnp.array([mean]), jnp.log(sd), jnp.eye(1)))
    np.testing.assert_allclose(found, right, rtol=1e-4, atol=1e-3)
    np.testing.assert_allclose(found[0], right[0], rtol=1e-6)  # in closed form


@pytest.mark.slow
def test_mixtures_by_quadrature_and_symbols_exactly(random):
    target, model = (cb.targets.GaussianMixture(components=2, radius=r) for r in (1.0, 2.0))
    p, q = (np.exp(np.asarray(t.distribution().log_prob(jnp.asarray(X[:, None])))) for t in (target, model))
    found = measured(target, cb.models.GaussianMixture(components=2), model.distribution())
    np.testing.assert_allclose(found, by_hand(p, q, X[1] - X[0]), rtol=2e-3)
    p, q = random.dirichlet(np.ones(7), size=2)
    q[2], q[3] = 0, q[3] + q[2]  # a symbol that died out
    model, family = cb.models.Categorical(classes=7), type(cb.models.Categorical().init(jax.random.key(0)))
    found = measured(cb.targets.Truth(model, family(jnp.asarray(p))), model, family(jnp.asarray(q)))
    np.testing.assert_allclose(found, by_hand(p, q, 1), rtol=1e-12)


def test_closed_forms_of_families(random):
    k = np.arange(200)
    p, q = stats.poisson.pmf(k, 3.0), stats.poisson.pmf(k, 11.0)
    assert Poisson(jnp.asarray(3.0)).hellinger(Poisson(jnp.asarray(11.0))) == pytest.approx(by_hand(p, q, 1)[0])
    x = np.linspace(0, 300, 300_001)
    p, q = stats.expon.pdf(x, scale=2.0), stats.expon.pdf(x, scale=7.0)
    found = Exponential(jnp.log(2.0)).hellinger(Exponential(jnp.log(7.0)))
    assert found == pytest.approx(by_hand(p, q, x[1] - x[0])[0], abs=1e-3)
    root = random.normal(size=(2, 3, 3))
    means, covs = random.normal(size=(2, 3)), root @ np.swapaxes(root, 1, 2)
    one, two = (stats.multivariate_normal(m, c) for m, c in zip(means, covs, strict=True))
    draws = one.rvs(400_000, random_state=random)
    ratio = np.exp((two.logpdf(draws) - one.logpdf(draws)) / 2)
    found = Normal.from_moments(means[0], covs[0]).hellinger(Normal.from_moments(means[1], covs[1]))
    assert abs(1 - ratio.mean() - found) < 5 * ratio.std() / np.sqrt(len(ratio))


@pytest.mark.parametrize("dim", [1, 3])
def test_a_point_has_nothing_in_common_with_a_density(dim):
    real, point = Normal.standard(dim), Normal(jnp.zeros(dim), jnp.asarray(-jnp.inf), jnp.eye(dim))
    assert real.hellinger(point) == point.hellinger(real) == 1
    assert point.hellinger(point) == real.hellinger(real) == 0
    assert Exponential(jnp.asarray(-jnp.inf)).hellinger(Exponential(jnp.asarray(0.0))) == 1
    holdout = Batch(jnp.asarray(np.random.default_rng(0).normal(size=(64, dim))), jnp.ones(64))
    np.testing.assert_allclose(measured(cb.targets.Normal(dim=dim), cb.models.Gaussian(dim=dim), point, holdout), 1)


@pytest.mark.slow
def test_draws_are_unbiased_and_say_their_error():
    """Four dimensions, where there are no nodes: 200 estimates of the total variation of a shifted normal."""
    target, model = cb.targets.Normal(dim=4), cb.models.Gaussian(dim=4)
    params = Normal(jnp.array([1.0, 0, 0, 0]), jnp.asarray(0.0), jnp.eye(4))

    @jax.jit
    @jax.vmap
    def estimate(key):
        holdout = Batch(target.sample(key, 256), jnp.ones(256))
        found = BOTH[1](jax.random.fold_in(key, 1), cb.View(target, model, params, None, None, None, holdout, 0))
        return found.value, found.standard_error

    values, errors = map(np.asarray, estimate(jax.random.split(jax.random.key(3), 200)))
    assert abs(values.mean() - (2 * stats.norm.cdf(0.5) - 1)) < 5 * values.std() / np.sqrt(200)
    assert abs(np.mean(errors**2) / values.var() - 1) < 5 * np.sqrt(2 / 200)


def test_a_target_without_a_density_is_refused():
    for metric in ("hellinger", "total_variation"):
        with pytest.raises(cb.RequestError, match="no density"):
            cb.Experiment(target=cb.targets.Dataset("iris", dim=1), metrics=(metric,), holdout=16)
