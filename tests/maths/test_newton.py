"""Newton's method of a logistic regression: the minimum that NumPy finds in float64, and lanes that stop by themselves."""

import jax
import jax.numpy as jnp
import numpy as np
from scipy.special import expit

from collapsebench.maths.distributions.logistic import newton
from collapsebench.parts.data import Batch

ROWS, STEPS, APART = 200, 16, 5e-3
fit_all = jax.jit(jax.vmap(lambda x, y, w: newton(Batch({"x": x, "y": y}, w), jnp.zeros(3), jnp.asarray(1e-10), STEPS)))


def minimum(x, y, w):
    coef, w = np.zeros(3), w / w.sum()
    for _ in range(30):
        p = expit(x @ coef)
        coef = coef + np.linalg.solve((x.T * (w * p * (1 - p))) @ x, x.T @ (w * (y - p)))
    return coef


def test_each_lane_finds_its_minimum_whichever_lane_is_beside_it(random):
    """An easy one with some rows that do not count; two columns that are nearly the same; and separable labels."""
    x = random.normal(size=(3, ROWS, 3)).astype(np.float32)
    x[1, :, 2] = x[1, :, 1] + np.float32(APART) * x[1, :, 2]
    y = (random.random((3, ROWS)) < expit(x @ np.array([1.0, 0.5, 0.0]))).astype(np.float32)
    y[2] = x[2, :, 0] > 0
    w = np.ones((3, ROWS), np.float32)
    w[0, 150:] = 0
    found = np.asarray(fit_all(x, y, w))
    near, far = (minimum(x[i].astype(float), y[i], w[i]) for i in (0, 1))
    np.testing.assert_allclose(found[0], near, rtol=0, atol=2e-6)
    # Of the scores: rounding of the gradient, over the curvature along the direction in which rows hardly differ (p q APART
    # squared), times how far they lie apart along it (up to 4 APART).
    rounding = np.finfo(np.float32).eps / 2 / (0.2 * APART**2) * 4 * APART
    np.testing.assert_allclose(x[1] @ found[1], x[1] @ far, rtol=0, atol=rounding)
    assert 20 < np.abs(x[2] @ found[2]).max() < 100, "it moves away to the last step, and slowly"
    alone = np.asarray(fit_all(x[[0] * 3], y[[0] * 3], w[[0] * 3]))
    np.testing.assert_array_equal(alone[0], found[0])
