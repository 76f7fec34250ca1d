"""Sums of Gaussian kernels by boxes against float64: the error bound, and where the exact sum takes over."""

import math

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.special import logsumexp

from collapsebench.maths import kernel_sums
from collapsebench.maths.samplers import bits

N, POINTS = 1024, 192
BOUND = 1e-5
R = kernel_sums._WIDTH
RNG = np.random.default_rng(0)


def _worst(low, high):
    return np.linspace(low, high, POINTS)


CASES = {
    "normal": (RNG.normal(size=N) * 3, RNG.normal(size=POINTS) * 4),
    "equal rows at the end of a box": (np.full(N, 0.001 * R), _worst(-4.5, 4.5)),
    "equal rows at the other end": (np.full(N, 20.999 * R), _worst(0.5, 9.5)),
    "rows of one box": (RNG.uniform(0, R, N), _worst(-4.5, 4.5)),
    "one row far from all others": (np.r_[np.full(N - 1, 0.01), 3.0], _worst(-5, 9)),
    "a gap in which every exponential underflows": (
        np.r_[np.full(N // 2, 0.24), np.full(N // 2, 40.0)],
        _worst(-5, 45),
    ),
    "many boxes": (RNG.uniform(0, 60, N), _worst(-10, 70)),
    "more boxes than the table holds": (RNG.uniform(0, 200, N), _worst(-10, 210)),
}


@jax.jit
def log_sums(centres, w, points):
    def one(centres, w, points):
        top, rest = kernel_sums.log_sums(centres[None], w, jnp.log(w), points[None])
        return top + jnp.log(rest)

    return jax.vmap(one)(centres, w, points)


def _reference(centres, w, points):
    with np.errstate(divide="ignore"):
        log_w = np.log(w.astype(float))[:, None]
    square = (points[:, :, None].astype(float) - centres[:, None].astype(float)) ** 2
    return logsumexp(log_w - square, axis=2)


@pytest.fixture(scope="module")
def lanes():
    """Cases side by side in one program: with equal weights, then with weights over twelve decades, some of them 0."""
    centres, points = (np.tile(np.stack(rows).astype(np.float32), (2, 1)) for rows in zip(*CASES.values(), strict=True))
    w = 10.0 ** RNG.uniform(-12, 0, centres.shape)
    w[: len(CASES)] = 1
    w[len(CASES) :, ::7] = 0
    w = (w / w.sum(axis=1, keepdims=True)).astype(np.float32)
    return centres, w, points


@pytest.fixture(scope="module")
def sums(lanes):
    return np.asarray(log_sums(*lanes), float)


def test_every_sum_is_right_to_the_bound(lanes, sums):
    """Relative error of the sum, plus the rounding of its logarithm, which is all that is left in the far tail."""
    exact = _reference(*lanes)
    error = np.abs(sums - exact) - 2 * np.spacing(np.abs(exact).astype(np.float32))
    assert error.max() < BOUND
    assert exact.min() < -80  # the cases reach where float32 has no number for the sum


def test_the_bound_follows_from_the_series():
    """v^T / T! exp(v) near a box's middle, and what is beyond against the faintest sum that is not made exactly."""
    near, half, terms = 4.25, R / 2, kernel_sums._TERMS
    v = 2 * half * near
    cut = v**terms / math.factorial(terms)
    assert cut * math.exp(v) + cut * math.exp(-((near - half) ** 2)) / kernel_sums._FAINT < 2.3e-6


def test_a_sum_does_not_depend_on_its_neighbours(lanes, sums):
    """Neither on the lanes beside it nor on rows of weight 0, whatever they hold."""
    centres, w, points = (value[::-1].copy() for value in lanes)
    centres[w == 0] = 1e6
    np.testing.assert_array_equal(log_sums(centres, w, points), sums[::-1].astype(np.float32))


@pytest.mark.parametrize(("rows", "points", "dim", "dtype"), [(N, 8, 1, "float32"), (32, POINTS, 1, "float32"),
                                                              (N, POINTS, 2, "float32"), (N, POINTS, 1, "float64")])  # fmt: skip
def test_boxes_serve_many_float32_rows_of_one_dimension(rows, points, dim, dtype):
    def traced(rows, points, dim, dtype):
        with jax.enable_x64(dtype == "float64"):
            centres, w, at = jnp.zeros((dim, rows), dtype), jnp.ones(rows, dtype), jnp.zeros((dim, points), dtype)
            return str(jax.make_jaxpr(kernel_sums.log_sums)(centres, w, w, at))

    assert ("scatter-add" in traced(N, POINTS, 1, "float32")) is not bits.accelerated()
    assert "scatter-add" not in traced(rows, points, dim, dtype)
