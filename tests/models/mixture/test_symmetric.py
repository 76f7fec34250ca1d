"""The symmetric mixture against EM written out in NumPy, and its invariants in the loop."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from collapsebench.models.symmetric_mixture import Symmetric, SymmetricMixture
from collapsebench.parts.data import Batch

KEY = jax.random.key(0)
X = np.array([-2.3, -1.1, -0.4, 0.2, 0.9, 1.0, 1.7, 2.6])
W = np.array([1.0, 2.0, 1.0, 0.5, 1.0, 3.0, 1.0, 1.0])


def fit(steps, start=(0.0, 0.0), x=X, w=W):
    params = Symmetric(jnp.asarray(start[0]), jnp.asarray(start[1]))
    found = SymmetricMixture(steps).fit(KEY, params, Batch(jnp.asarray(x)[:, None], jnp.asarray(w)))
    return float(found.mean), float(found.log_sd)


def em(steps, mean, variance):
    """EM in NumPy; the variance by the other formula, E x^2 - m^2."""
    for _ in range(steps):
        mean = np.average(np.tanh(mean * X / variance) * X, weights=W)
        variance = np.average(X**2, weights=W) - mean**2
    return mean, variance


@pytest.mark.parametrize("steps", [1, 2, 50])
def test_steps_from_the_last_model(steps):
    with jax.enable_x64(True):
        mean, log_sd = fit(steps, (0.8, np.log(0.9)))
    expected = em(steps, 0.8, 0.81)
    assert (mean, np.exp(2 * log_sd)) == pytest.approx(expected, rel=1e-12)


def test_start_from_the_sizes_of_the_rows():
    size = np.average(abs(X), weights=W)
    expected = size, np.average((abs(X) - size) ** 2, weights=W)
    with jax.enable_x64(True):
        mean, log_sd = fit(0)
        after = fit(3)
    assert (mean, np.exp(2 * log_sd)) == pytest.approx(expected, rel=1e-12)
    assert (after[0], np.exp(2 * after[1])) == pytest.approx(em(3, *expected), rel=1e-12)


def test_steps_is_a_number_and_not_a_program():
    one, many = (jax.tree.structure(SymmetricMixture(steps)) for steps in (1, 50))
    assert one == many


@pytest.mark.parametrize("x", [np.ones(4), np.array([-1.0, 1.0, 1.0, -1.0]), np.zeros(4)])
def test_points_stay_points(x):
    for start in ((0.0, 0.0), (1.0, -np.inf), (1.0, -3.0)):
        mean, log_sd = fit(5, start, x, np.ones(4))
        assert np.isfinite(mean)
        assert not np.isnan(log_sd)
    assert fit(5, (0.0, 0.0), x, np.zeros(4))[1] == -np.inf
