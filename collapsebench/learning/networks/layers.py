"""Image layers: convolutions that halve, double or keep the side, group norm, time embedding.

A convolution has three parts that are transposes of each other: the image by the kernel, its gradient by the image and
its gradient by the kernel. Each is written out twice. `vmap` over kernels would make XLA's convolutions grouped, which is
slow: under it they are copies of shifted images and one matrix product. A network on its own has XLA's convolutions in
the one form, channels last, that is fast on a CPU inside a loop; the gradients that JAX derives have others.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

Image = Float[Array, "_batch _side _side _channels"]
Kernel = Float[Array, "_rows _columns _channels _features"]
"""Their axes have no size that one function's arguments and results share: only their number is checked."""


def _by_itself(alone: Callable[..., Any], side_by_side: Callable[..., Any]) -> Callable[..., Any]:
    """Function `alone`, replaced under `vmap` by the equal function `side_by_side`."""
    chosen = jax.custom_batching.custom_vmap(alone)

    @chosen.def_vmap
    def many(axis_size: int, batched: Any, *args: Any) -> Any:
        return jax.vmap(side_by_side, [0 if axis else None for axis in batched], axis_size=axis_size)(*args), True

    return chosen


def _framed(x: Image) -> Image:
    return jnp.pad(x, ((0, 0), (1, 1), (1, 1), (0, 0)))


def _patches(x: Image, size: int) -> Image:
    """Every window of `size` x `size` pixels, its pixels as channels."""
    side = x.shape[1] - size + 1
    return jnp.concatenate([x[:, i : i + side, j : j + side] for i in range(size) for j in range(size)], axis=-1)


def _product(patches: Image, y: Image) -> Float[Array, "inside outside"]:
    """Sum over all places of patch times y: the gradient of a product with patches by its matrix."""
    return jnp.matmul(patches.reshape(-1, patches.shape[-1]).T, y.reshape(-1, y.shape[-1]))


def _convolved(x: Image, kernel: Kernel, stride: int) -> Image:
    layout = ("NHWC", "HWIO", "NHWC")
    return jax.lax.conv_general_dilated(x, kernel, (stride, stride), ((1, 1), (1, 1)), dimension_numbers=layout)


def _correlated(x: Image, y: Image, stride: int) -> Kernel:
    """The gradient of `_convolved` by the kernel: images and channels change places, and y is the kernel."""
    x, y = x.transpose(3, 1, 2, 0), y.transpose(1, 2, 0, 3)
    found = jax.lax.conv_general_dilated(
        x, y, (1, 1), ((1, 1), (1, 1)), rhs_dilation=(stride, stride), dimension_numbers=("NHWC", "HWIO", "NHWC")
    )
    return found.transpose(1, 2, 0, 3)


# --- kernel 3, stride 1 -----------------------------------------------------------------------------------------------

_keep = _by_itself(
    lambda x, kernel: _convolved(x, kernel, 1),
    lambda x, kernel: _patches(_framed(x), 3) @ kernel.reshape(-1, kernel.shape[3]),
)
_keep_slope = _by_itself(
    lambda x, y: _correlated(x, y, 1),
    lambda x, y: _product(_patches(_framed(x), 3), y).reshape(3, 3, x.shape[3], y.shape[3]),
)
keep = jax.custom_vjp(_keep)
"""Convolution with kernel 3, padding 1."""
keep.defvjp(
    lambda x, kernel: (_keep(x, kernel), (x, kernel)),
    lambda saved, y: (_keep(y, saved[1][::-1, ::-1].swapaxes(2, 3)), _keep_slope(saved[0], y)),
)


# --- kernel 4, stride 2, and its transpose ----------------------------------------------------------------------------


def _blocks(kernel: Kernel) -> Float[Array, "blocks features"]:
    """A kernel of 4 x 4 as 2 x 2 blocks of 2 x 2 pixels, as a matrix."""
    *_, channels, features = kernel.shape
    return kernel.reshape(2, 2, 2, 2, channels, features).transpose(0, 2, 1, 3, 4, 5).reshape(-1, features)


def _unblocked(blocks: Float[Array, "blocks features"]) -> Kernel:
    features = blocks.shape[1]
    return blocks.reshape(2, 2, 2, 2, -1, features).transpose(0, 2, 1, 3, 4, 5).reshape(4, 4, -1, features)


def _block_patches(x: Image) -> Image:
    """Blocks of 2 x 2 pixels as channels, and of those all windows of 2 x 2."""
    blocks, channels = x.shape[1] // 2 + 1, x.shape[3]
    x = _framed(x).reshape(-1, blocks, 2, blocks, 2, channels).swapaxes(2, 3)
    return _patches(x.reshape(-1, blocks, blocks, 4 * channels), 2)


def _double(x: Image, kernel: Kernel) -> Image:
    """Transposed convolution: every pixel adds 2 x 2 blocks of 2 x 2 pixels."""
    batch, side, _, _ = x.shape
    channels = kernel.shape[2]
    corners = ((0, 0), (0, 1), (1, 0), (1, 1))
    parts = zip(corners, jnp.split(x @ _blocks(kernel).T, 4, axis=-1), strict=True)
    painted = [jnp.pad(block, ((0, 0), (i, 1 - i), (j, 1 - j), (0, 0))) for (i, j), block in parts]
    x = sum(painted[1:], painted[0]).reshape(batch, side + 1, side + 1, 2, 2, channels).swapaxes(2, 3)
    return x.reshape(batch, 2 * side + 2, 2 * side + 2, channels)[:, 1:-1, 1:-1]


def _double_slopes(saved: tuple[Image, Kernel], y: Image) -> tuple[Image, Kernel]:
    """Gradients of `_double` by images and by kernel, from the same patches."""
    x, kernel = saved
    patches = _block_patches(y)
    return patches @ _blocks(kernel), _unblocked(_product(patches, x))


_halve = _by_itself(lambda x, kernel: _convolved(x, kernel, 2), lambda x, kernel: _block_patches(x) @ _blocks(kernel))
_halve_slope = _by_itself(lambda x, y: _correlated(x, y, 2), lambda x, y: _unblocked(_product(_block_patches(x), y)))
halve = jax.custom_vjp(_halve)
"""Convolution with kernel 4, stride 2, padding 1, of an image and a kernel [4, 4, channels, features]."""
double = jax.custom_vjp(_double)
"""`halve`'s transpose by the image: of [batch, side, side, features] and the same kernel, channels at twice the side."""
halve.defvjp(
    lambda x, kernel: (_halve(x, kernel), (x, kernel)),
    lambda saved, y: (_double(y, saved[1]), _halve_slope(saved[0], y)),
)
double.defvjp(lambda x, kernel: (_double(x, kernel), (x, kernel)), _double_slopes)


# --- layers -----------------------------------------------------------------------------------------------------------


class Halve(nn.Module):
    """Convolution with kernel 4, stride 2, padding 1: half the side, `features` channels.

    Kernel [row, column, in, out] as PyTorch's Conv2d weight transposed to (2, 3, 1, 0).
    """

    features: int

    @nn.compact
    def __call__(self, x: Image) -> Image:
        kernel = self.param("kernel", nn.initializers.lecun_normal(), (4, 4, x.shape[3], self.features))
        bias = self.param("bias", nn.initializers.zeros_init(), (self.features,))
        return halve(x, kernel) + bias[None, None, None]


class Double(nn.Module):
    """Transposed convolution with kernel 4, stride 2, padding 1: twice the side, `features` channels.

    Kernel [in, row, column, out] as PyTorch's ConvTranspose2d weight transposed to (0, 2, 3, 1).
    """

    features: int

    @nn.compact
    def __call__(self, x: Image) -> Image:
        kernel = self.param("kernel", nn.initializers.lecun_normal(), (x.shape[3], 4, 4, self.features))
        bias = self.param("bias", nn.initializers.zeros_init(), (self.features,))
        return double(x, kernel.transpose(1, 2, 3, 0)) + bias


class Keep(nn.Module):
    """Convolution with kernel 3, padding 1: the same side, `features` channels.

    Kernel [row, column, in, out] as PyTorch's Conv2d weight transposed to (2, 3, 1, 0).
    """

    features: int
    zero: bool = False

    @nn.compact
    def __call__(self, x: Image) -> Image:
        start = nn.initializers.zeros_init() if self.zero else nn.initializers.lecun_normal()
        kernel = self.param("kernel", start, (3, 3, x.shape[3], self.features))
        return keep(x, kernel) + self.param("bias", nn.initializers.zeros_init(), (self.features,))


class GroupNorm(nn.Module):
    """Group normalisation: groups of channels of each image to mean 0 and variance 1; a scale and bias per channel.

    As many groups, up to 8, as divide the channels. The means are over the pixels first and over a group's channels
    then; flax's are over both at once, which XLA does slowly on a CPU.
    Source: Wu and He (2018), Group normalization.
    """

    epsilon: float = 1e-6

    @nn.compact
    def __call__(self, x: Image) -> Image:
        batch, *_, channels = x.shape
        groups = math.gcd(channels, 8)
        scale = self.param("scale", nn.initializers.ones_init(), (channels,))
        bias = self.param("bias", nn.initializers.zeros_init(), (channels,))

        def mean(a: Image) -> Float[Array, "batch groups"]:
            return a.mean(axis=(1, 2)).reshape(batch, groups, -1).mean(axis=2)

        centre = mean(x)
        spread = jax.lax.rsqrt(jnp.maximum(mean(x * x) - centre * centre, 0) + self.epsilon)
        slope = jnp.repeat(spread, channels // groups, axis=1) * scale
        shift = bias - jnp.repeat(centre, channels // groups, axis=1) * slope
        return x * slope[:, None, None] + shift[:, None, None]


def waves(t: Float[Array, " batch"], size: int) -> Float[Array, "batch size"]:
    """Sinusoidal embedding of a time in [0, 1], wavelengths 4 to 1/250 in equal ratios, after Vaswani et al. (2017)."""
    rates = 2 * math.pi * jnp.exp(jnp.linspace(-math.log(4.0), math.log(250.0), size // 2, dtype=t.dtype))
    angle = t[:, None] * rates[None]
    return jnp.concatenate([jnp.sin(angle), jnp.cos(angle)], axis=1)
