"""Log masses and divergences against float64, at large counts and small differences, where float32 cancels."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import special, stats

from collapsebench.maths.distributions.bernoulli import Bernoulli
from collapsebench.maths.distributions.categorical import Categorical
from collapsebench.maths.distributions.exponential import Exponential
from collapsebench.maths.distributions.linear import LinearGaussian
from collapsebench.maths.distributions.logistic import LogisticLabels
from collapsebench.maths.distributions.normal import Normal
from collapsebench.maths.distributions.poisson import Poisson
from collapsebench.maths.numerics import curvature, deviance, safe_log

KL = jax.jit(lambda a, b: a.kl(b))
W2 = jax.jit(lambda a, b: a.w2_squared(b))
GAPS = [1e-6, 1e-5, 1e-4, 1e-3, 0.03, 0.3, 3.0]


def single(x):
    return jnp.asarray(x, jnp.float32)


def exact(x):
    return np.asarray(single(x), np.float64)


def direct(x, mean):
    """The deviance term by term, in as many digits as NumPy has."""
    x, mean = np.longdouble(x), np.longdouble(mean)
    return (x * np.log(x / mean) - x + mean).astype(float)


def test_deviance_and_curvature():
    mean = exact(np.geomspace(1e-6, 1e8, 50))[:, None]
    x = exact(mean * np.exp(np.array([*GAPS, *np.negative(GAPS)])))
    right = direct(x, mean)
    v = np.longdouble(x - mean) / np.longdouble(x + mean)
    series = (x - mean) * v + 2 * x * v * sum(v ** (2 * k) / (2 * k + 1) for k in range(1, 12))
    right = np.where(np.abs(v) < 0.1, series.astype(float), right)
    np.testing.assert_allclose(deviance(single(x), single(mean)), right, rtol=1e-5)
    y = exact([*GAPS, *np.negative(GAPS)])
    right = np.where(np.abs(y) < 0.5, sum(y**k / special.factorial(k) for k in range(2, 20)), np.expm1(y) - y)
    np.testing.assert_allclose(curvature(single(y)), right, rtol=1e-5)
    assert deviance(single([0.0, 0.0, 3.0]), single([0.0, 2.0, 0.0])).tolist() == [0.0, 2.0, np.inf]


@pytest.mark.parametrize("rate", [0.5, 15.0, 40.0, 1e3, 1e5, 1e6])
def test_poisson(rate):
    x = np.unique(np.round(rate + np.sqrt(rate) * np.array([-3.0, -1, 0, 1, 4, 12]))).clip(0)
    ours = Poisson(single(rate)).log_prob(single(x))
    np.testing.assert_allclose(ours, stats.poisson(exact(rate)).logpmf(exact(x)), rtol=1e-5, atol=1e-5)
    for gap in GAPS:
        other = exact(rate * (1 + gap))
        d = (exact(rate) - other) / other
        right = other * (curved(np.log1p(d)) * (1 + d) if abs(d) < 1e-2 else special.kl_div(1 + d, 1))
        np.testing.assert_allclose(KL(Poisson(np.float32(rate)), Poisson(np.float32(other))), right, rtol=1e-4)


def curved(t):
    """exp(-t) - 1 + t for a small t."""
    return sum((-t) ** k / special.factorial(k) for k in range(2, 12))


@pytest.mark.parametrize("p", [1e-8, 1e-3, 0.3, 0.5, 0.999])
def test_bernoulli_and_categorical(p):
    ours = Bernoulli(single(p)).log_prob(single([0.0, 1.0]))
    np.testing.assert_allclose(ours, stats.bernoulli(exact(p)).logpmf([0, 1]), rtol=1e-6)
    for gap in GAPS:
        q = float(exact(p * np.exp(-gap)))
        a, b = np.longdouble(exact(p)), np.longdouble(q)
        right = float(a * np.log(a / b) + (1 - a) * np.log1p((b - a) / (1 - b)))
        np.testing.assert_allclose(KL(Bernoulli(single(p)), Bernoulli(single(q))), right, rtol=1e-3, atol=1e-14)
        both = [np.array([a, 1 - a]) for a in (p, q)]
        ours = KL(*(Categorical(single(probs)) for probs in both))
        np.testing.assert_allclose(ours, direct(*map(exact, both)).sum(), rtol=1e-3, atol=1e-14)
        assert ours >= 0


@pytest.mark.parametrize("gap", GAPS)
def test_scales(gap):
    """An exponential, a normal, a linear model, a logistic one: the same small difference from a truth."""
    u = exact(gap)
    right = sum(u**k / special.factorial(k) for k in range(2, 30))
    assert KL(Exponential(single(u)), Exponential(single(0.0))) == pytest.approx(right, rel=1e-5)
    one = Normal(jnp.zeros(2), single(u / 2), jnp.eye(2))
    assert KL(one, Normal.standard(2)) == pytest.approx(right, rel=1e-5)
    two = LinearGaussian(jnp.zeros(1), single(1 + gap), jnp.ones(1))
    t = np.log1p(exact(1 + gap) - 1) * 2
    right = 0.5 * sum(t**k / special.factorial(k) for k in range(2, 30))
    assert KL(two, LinearGaussian(jnp.zeros(1), single(1.0), jnp.ones(1))) == pytest.approx(right, rel=1e-4)
    if gap < 0.1:  # for a small change of w from 0 the loss is E (x gap)^2 / 8
        risk = LogisticLabels(single([gap]), jnp.ones(1)).excess_risk(LogisticLabels(jnp.zeros(1), jnp.ones(1)))
        assert risk == pytest.approx(gap**2 / 8, rel=2e-3)


def test_a_wasserstein_distance_is_never_negative(random):
    """Nearly equal covariances in 2, 3 and 6 dimensions, against float64 by eigenvalues.

    What float32 rounds is an orthogonal matrix, so that the distance, not its square, is known to some rounding errors.
    """
    for dim in (2, 3, 6):
        for gap in (0.0, 1e-4, 1e-2, 1.0):
            a = np.tril(random.normal(size=(dim, dim))) + 2 * np.eye(dim)
            a = exact(a * np.sqrt(dim / (a**2).sum()))
            b = exact(a + gap * np.tril(random.normal(size=(dim, dim))))
            values, vectors = np.linalg.eigh(a @ a.T)
            root = vectors * np.sqrt(values) @ vectors.T
            right = np.trace(a @ a.T + b @ b.T) - 2 * np.sqrt(np.linalg.eigvalsh(root @ b @ b.T @ root).clip(0)).sum()
            ours = W2(*(Normal(np.zeros(dim, np.float32), np.float32(0), c.astype(np.float32)) for c in (a, b)))
            assert ours >= 0
            np.testing.assert_allclose(np.sqrt(ours), np.sqrt(max(right, 0)), rtol=1e-5, atol=1.5e-6)


def test_nan_is_no_spread():
    nan = jnp.nan
    assert np.isnan(safe_log(single([nan]))).all()
    broken = Normal(jnp.zeros(1), single(nan), jnp.eye(1))
    fine = Normal.standard(1)
    for value in (broken.entropy(), broken.log_variance, KL(broken, fine), KL(fine, broken), W2(broken, fine)):
        assert jnp.isnan(value)
    assert jnp.isnan(broken.log_prob(jnp.zeros((2, 1)))).all()
    assert jnp.isnan(KL(Poisson(single(nan)), Poisson(single(1.0))))
    assert jnp.isnan(KL(Exponential(single(nan)), Exponential(single(0.0))))
    assert jnp.isnan(KL(Categorical(single([nan, 1.0])), Categorical(single([0.5, 0.5]))))
