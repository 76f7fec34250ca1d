"""Image layers: convolutions that halve, double or keep the side, group norm with SiLU; time embedding."""

from __future__ import annotations

import math
from functools import partial

import flax.linen as nn
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PyTree

from collapsebench.learning.networks.convolutions import Image, double, halve, keep
from collapsebench.maths.compiling import whole


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


def _by_group(a: Float[Array, "batch channels"], groups: int) -> Float[Array, "batch channels"]:
    """Means over each group of channels, at every one of its channels: a product, which no pixel computes again."""
    size = a.shape[1] // groups
    same = jnp.kron(jnp.eye(groups, dtype=a.dtype), jnp.full((size, size), 1 / size, a.dtype))
    return jnp.matmul(a, same, precision="highest")


@partial(jax.custom_vjp, nondiff_argnums=(3, 4))
def normed_silu(x: Image, scale: Array, bias: Array, groups: int, epsilon: float) -> Image:
    """SiLU of group-normalised images times a scale plus a bias, each [batch, channels].

    Its derivative is written out: the one that JAX derives keeps more images, and takes more turns over them.
    """
    return _normed_silu(x, scale, bias, groups, epsilon)[0]


def _normed_silu(x: Image, scale: Array, bias: Array, groups: int, epsilon: float) -> tuple[Image, PyTree]:
    centre = _by_group(x.mean(axis=(1, 2)), groups)
    spread = _by_group((x * x).mean(axis=(1, 2)), groups) - centre * centre
    spread = jax.lax.rsqrt(jnp.maximum(spread, 0) + epsilon)
    slope = scale * spread
    line = slope, bias - centre * slope
    return jax.nn.silu(_on_line(x, line)), (x, line, centre, spread, scale)


def _on_line(x: Image, line: tuple[Array, Array]) -> Image:
    return x * line[0][:, None, None] + line[1][:, None, None]


def _normed_silu_slopes(groups: int, epsilon: float, saved: PyTree, dy: Image) -> tuple[Image, Array, Array]:
    x, line, centre, spread, scale = saved
    v = _on_line(x, line)
    s = jax.nn.sigmoid(v)
    u = whole(dy * (s + v * s * (1 - s)))
    dbias = u.sum(axis=(1, 2))
    dscale = ((u * x).sum(axis=(1, 2)) - centre * dbias) * spread
    pixels = x.shape[1] * x.shape[2]
    bend = _by_group(scale * dscale, groups) * spread * spread / -pixels
    shift = _by_group(scale * dbias, groups) * spread / -pixels - bend * centre
    return u * line[0][:, None, None] + _on_line(x, (bend, shift)), dscale, dbias


normed_silu.defvjp(_normed_silu, _normed_silu_slopes)


class GroupNorm(nn.Module):
    """Group normalisation and SiLU: groups of channels of each image to mean 0 and variance 1; a scale and bias per channel.

    As many groups, up to 8, as divide the channels. What the norm gives is multiplied by `factor` and shifted by `shift`,
    both [batch, channels], before the SiLU. The means are over the pixels first and over a group's channels then; flax's
    are over both at once, which XLA does slowly on a CPU.
    Source: Wu and He (2018), Group normalization.
    """

    epsilon: float = 1e-6

    @nn.compact
    def __call__(self, x: Image, factor: Array | float = 1.0, shift: Array | float = 0.0) -> Image:
        batch, *_, channels = x.shape
        scale = self.param("scale", nn.initializers.ones_init(), (channels,))
        bias = self.param("bias", nn.initializers.zeros_init(), (channels,))
        scales, biases = (jnp.broadcast_to(a, (batch, channels)) for a in (scale * factor, bias * factor + shift))
        return normed_silu(x, scales, biases, math.gcd(channels, 8), self.epsilon)


def waves(t: Float[Array, " batch"], size: int) -> Float[Array, "batch size"]:
    """Sinusoidal embedding of a time in [0, 1], wavelengths 4 to 1/250 in equal ratios, after Vaswani et al. (2017)."""
    rates = 2 * math.pi * jnp.exp(jnp.linspace(-math.log(4.0), math.log(250.0), size // 2, dtype=t.dtype))
    angle = t[:, None] * rates[None]
    return jnp.concatenate([jnp.sin(angle), jnp.cos(angle)], axis=1)
