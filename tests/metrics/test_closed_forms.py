"""Closed forms against SciPy, quadrature and draws."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.stats import multivariate_normal, norm

import collapsebench as cb
from collapsebench.maths.distributions.bernoulli import Bernoulli
from collapsebench.maths.distributions.normal import Normal
from collapsebench.metrics.tail_mass import TailMass


@pytest.fixture(scope="module", autouse=True)
def double():
    with jax.enable_x64(True):
        yield


EVALUATE = jax.jit(lambda metric, key, view: metric(key, view))
COMPARE = jax.jit(lambda first, second: (first.kl(second), second.kl(first), first.entropy(), second.entropy()))


def view(target, model, params, holdout=None):
    return cb.View(target, model, params, None, None, None, holdout, 0)


def test_entropy_and_kl_of_normals(random):
    root = random.normal(size=(2, 3, 3))
    first, second = (multivariate_normal(m, r @ r.T) for m, r in zip(random.normal(size=(2, 3)), root, strict=True))
    kl, _, entropy, _ = COMPARE(*(Normal.from_moments(d.mean, d.cov) for d in (first, second)))
    assert float(entropy) == pytest.approx(first.entropy())
    s, t, gap = first.cov, second.cov, second.mean - first.mean
    inverse = np.linalg.inv(t)
    log_det = np.linalg.slogdet(t)[1] - np.linalg.slogdet(s)[1]
    expected = 0.5 * (np.trace(inverse @ s) + gap @ inverse @ gap - 3 + log_det)
    assert float(kl) == pytest.approx(expected)


@pytest.mark.parametrize("dim", [1, 2])
def test_kl_at_the_collapse(dim):
    real, point = Normal.standard(dim), Normal(jnp.zeros(dim), jnp.asarray(-jnp.inf), jnp.eye(dim))
    flat = Normal(jnp.zeros(dim), jnp.asarray(0.0), jnp.eye(dim).at[-1, -1].set(0))
    for degenerate in (point, flat):
        assert COMPARE(real, degenerate)[:2] == (jnp.inf, jnp.inf)
        assert COMPARE(real, degenerate)[3] == -jnp.inf
    tiny = Normal(jnp.zeros(dim), jnp.asarray(-400.0), jnp.eye(dim))  # exp(800) overflows, and there is no gap
    forward, backward, *_ = COMPARE(real, tiny)
    assert forward == jnp.inf
    assert float(backward) == pytest.approx(dim * (400 - 0.5))
    assert jnp.isfinite(jax.jit(Normal.log_prob)(tiny, jnp.zeros((1, dim)))).all()


def test_l2_squared_of_a_normal_and_a_mixture():
    target = cb.targets.GaussianMixture(components=2, dim=1)
    params = Normal(jnp.array([0.5]), jnp.log(1.3), jnp.eye(1))
    x = np.linspace(-15, 15, 3001)
    gap = norm(0.5, 1.3).pdf(x) - 0.5 * (norm(-2).pdf(x) + norm(2).pdf(x))
    value = EVALUATE(cb.metrics.L2Squared(), None, view(target, cb.models.Gaussian(), params))
    assert float(value) == pytest.approx(np.trapezoid(gap**2, x), rel=1e-9)


def test_tail_mass_of_normals_exact_and_drawn():
    target, model = cb.targets.Normal(mean=1.0, sd=2.0), cb.models.Gaussian()
    params = Normal(jnp.array([2.0]), jnp.log(1.5), jnp.eye(1))
    holdout = cb.Batch(target.sample(jax.random.key(1), 20000), jnp.ones(20000))
    seen, metric = view(target, model, params, holdout), TailMass(quantile=0.1, rows=20000)
    edge = norm(1, 2).ppf(0.95) - 1
    expected = norm(2, 1.5).cdf(1 - edge) + norm(2, 1.5).sf(1 + edge)
    exact = EVALUATE(metric, None, seen)
    assert float(exact.value) == pytest.approx(expected, rel=1e-9)
    assert exact.standard_error == 0
    drawn = jax.jit(lambda key, seen: metric._drawn(key, seen))(jax.random.key(2), seen)
    assert abs(drawn.value - expected) < 5 * drawn.standard_error
    assert abs(drawn.value - 0.1) > 10 * drawn.standard_error  # the real tail's own mass


def test_tail_mass_of_symbols():
    target = cb.targets.Categorical(classes=4, probs=(0.5, 0.03, 0.45, 0.02))
    params = cb.models.Categorical(classes=4).init(None)
    metric = TailMass(quantile=0.05)
    value = EVALUATE(metric, None, view(target, cb.models.Categorical(classes=4), params)).value
    assert float(value) == pytest.approx(0.5)  # symbols 1 and 3 of 4


def test_w2_squared_of_draws_has_the_stated_bias():
    """Without a closed form, on the line: the closed form plus the noise of two samples of 1024."""
    target = cb.targets.GaussianMixture(components=1, dim=1, means=((0.0,),))
    params = Normal(jnp.array([0.3]), jnp.log(0.8), jnp.eye(1))

    def one(key):
        holdout = cb.Batch(target.sample(key, 1024), jnp.ones(1024))
        return cb.metrics.W2Squared()(jax.random.fold_in(key, 1), view(target, cb.models.Gaussian(), params, holdout))

    values = jax.jit(lambda keys: jax.lax.map(one, keys, batch_size=20))(jax.random.split(jax.random.key(0), 200))
    law = 0.3**2 + 0.2**2
    assert -5 * values.std() / np.sqrt(200) < values.mean() - law < 0.006


def test_modes_of_a_grid():
    """A model that keeps 3 of 4 modes, one that puts 3 out of reach, and the target itself."""
    grid, gaussian = cb.targets.Grid(side=2, spacing=4.0), cb.models.Gaussian(dim=2)
    real, model = grid.distribution(), cb.models.GaussianMixture(dim=2, components=4)
    lost = jnp.log(jnp.array([0.4, 0.3, 0.25, 0.05]))
    for log_weights, share in ((real.log_weights, 1.0), (lost, 0.75)):
        params = dataclasses.replace(real, log_weights=log_weights)
        estimate = EVALUATE(cb.metrics.Modes(), jax.random.key(0), view(grid, model, params))
        assert float(estimate.value) == share
        assert estimate.standard_error < 0.05
    between = view(grid, gaussian, Normal.standard(2))
    assert float(EVALUATE(cb.metrics.Modes(), jax.random.key(0), between).value) == 0  # in reach of none


@pytest.mark.parametrize(("p", "alive"), [(0.0, 0), (0.2, 1), (1.0, 0)])
def test_support_of_a_parameter(p, alive):
    params = Bernoulli(jnp.asarray(p))
    assert float(EVALUATE(cb.metrics.Support(), None, view(None, cb.models.Bernoulli(), params))) == alive
