"""Convolutions alone and side by side: equal values and gradients; test_golden.py compares them with PyTorch."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from collapsebench.learning.networks import convolutions, layers

LANES = 3


def convolved(x, kernel, size):
    """XLA's own, and the gradients that JAX derives of it."""
    stride = 1 if size == 3 else 2
    return jax.lax.conv_general_dilated(
        x, kernel, (stride, stride), ((1, 1), (1, 1)), dimension_numbers=("NHWC", "HWIO", "NHWC")
    )


def doubled(y, kernel, size):
    """The transpose of XLA's convolution."""
    x = jnp.zeros((y.shape[0], 2 * y.shape[1], 2 * y.shape[2], kernel.shape[2]), y.dtype)
    return jax.vjp(lambda x: convolved(x, kernel, size), x)[1](y)[0]


@pytest.mark.parametrize(
    ("layer", "reference", "size", "channels", "ends"),
    [
        (convolutions.keep, convolved, 3, 5, (5, 2)),
        (convolutions.halve, convolved, 4, 2, (2, 5)),
        (convolutions.double, doubled, 4, 5, (2, 5)),
    ],
    ids=["keep", "halve", "double"],
)
def test_alone_and_side_by_side(layer, reference, size, channels, ends):
    """In float64, to its rounding: a pixel, tap or channel in the wrong place changes numbers by about themselves.

    On a CPU `keep` makes two pixels at once and its images change places; `halve`, of odd sides, makes one.
    """
    with jax.enable_x64(True):
        compare(layer, reference, size, channels, ends)


def compare(layer, reference, size, channels, ends):
    random = np.random.default_rng(0)
    x = jnp.asarray(random.standard_normal((LANES, 4, 6, 6, channels)))
    kernel = jnp.asarray(random.standard_normal((LANES, size, size, *ends)))

    def values(function):
        def loss(x, kernel):
            return (function(x, kernel) ** 2).sum()

        return lambda x, kernel: (function(x, kernel), *jax.grad(loss, (0, 1))(x, kernel))

    wanted = jax.jit(jax.vmap(values(lambda x, kernel: reference(x, kernel, size))))(x, kernel)
    alone = jax.jit(lambda x, kernel: jax.lax.map(lambda lane: values(layer)(*lane), (x, kernel)))(x, kernel)
    together = jax.jit(jax.vmap(values(layer)))(x, kernel)
    shared = jax.jit(jax.vmap(values(layer), (0, None)))(x, kernel[0])
    for want, one, many, same in zip(wanted, alone, together, shared, strict=True):
        np.testing.assert_allclose(one, want, rtol=1e-10, atol=1e-10)
        np.testing.assert_allclose(many, want, rtol=1e-10, atol=1e-10)
        np.testing.assert_allclose(same[0], want[0], rtol=1e-10, atol=1e-10)


def test_norm_and_silu_have_the_derivative_of_their_definition():
    """In float64, to its rounding, with two channels a group, none of which is about 0 or has variance 1."""
    with jax.enable_x64(True):
        random = np.random.default_rng(0)
        x, y = (jnp.asarray(random.normal(3, 2, (4, 5, 5, 6))) for _ in range(2))
        scale, bias = (jnp.asarray(random.standard_normal((4, 6))) for _ in range(2))

        def plain(x, scale, bias):
            groups = x.reshape(4, 25, 3, 2)
            centred = groups - groups.mean(axis=(1, 3), keepdims=True)
            h = (centred / jnp.sqrt((centred**2).mean(axis=(1, 3), keepdims=True) + 1e-3)).reshape(x.shape)
            return jax.nn.silu(h * scale[:, None, None] + bias[:, None, None])

        def found(function):
            value, back = jax.vjp(function, x, scale, bias)
            return value, *back(y)

        ours = jax.jit(lambda: found(lambda *args: layers.normed_silu(*args, 3, 1e-3)))()
        for one, want in zip(ours, jax.jit(lambda: found(plain))(), strict=True):
            np.testing.assert_allclose(one, want, rtol=1e-10, atol=1e-10)
