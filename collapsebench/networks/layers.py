"""Convolutions that halve, double or keep the sides of an image, as one matrix product each, and embeddings.

XLA's own convolutions become grouped under `vmap`, and inside a loop on a CPU, where training is, their gradients are
slow, though not outside of one; patches and a product are neither.
"""

from __future__ import annotations

import math

import flax.linen as nn
import jax.numpy as jnp
from jaxtyping import Array, Float

Image = Float[Array, "batch side side channels"]


class Halve(nn.Module):
    """Convolution with kernel 4, stride 2, padding 1: half the side, `features` channels.

    Kernel [row, column, in, out] as PyTorch's Conv2d weight transposed to (2, 3, 1, 0).
    """

    features: int

    @nn.compact
    def __call__(self, x: Image) -> Image:
        side, channels = x.shape[1] // 2, x.shape[3]
        kernel = self.param("kernel", nn.initializers.lecun_normal(), (4, 4, channels, self.features))
        bias = self.param("bias", nn.initializers.zeros_init(), (self.features,))
        x = jnp.pad(x, ((0, 0), (1, 1), (1, 1), (0, 0)))
        # Blocks of 2 x 2 pixels become channels; then the kernel is 2 x 2 blocks.
        x = (
            x.reshape(-1, side + 1, 2, side + 1, 2, channels)
            .swapaxes(2, 3)
            .reshape(-1, side + 1, side + 1, 4 * channels)
        )
        patches = jnp.concatenate([x[:, i : i + side, j : j + side] for i in (0, 1) for j in (0, 1)], axis=-1)
        blocks = kernel.reshape(2, 2, 2, 2, channels, self.features).transpose(0, 2, 1, 3, 4, 5)
        return patches @ blocks.reshape(16 * channels, self.features) + bias


class Double(nn.Module):
    """Transposed convolution with kernel 4, stride 2, padding 1: twice the side, `features` channels.

    Kernel [in, row, column, out] as PyTorch's ConvTranspose2d weight transposed to (0, 2, 3, 1).
    """

    features: int

    @nn.compact
    def __call__(self, x: Image) -> Image:
        batch, side, _, channels = x.shape
        kernel = self.param("kernel", nn.initializers.lecun_normal(), (channels, 4, 4, self.features))
        bias = self.param("bias", nn.initializers.zeros_init(), (self.features,))
        # The mirror image of Halve: every pixel paints 2 x 2 blocks of 2 x 2 pixels, and where blocks meet they add up.
        blocks = kernel.reshape(channels, 2, 2, 2, 2, self.features).transpose(0, 1, 3, 2, 4, 5).reshape(channels, -1)
        corners = ((0, 0), (0, 1), (1, 0), (1, 1))
        parts = zip(corners, jnp.split(x @ blocks, 4, axis=-1), strict=True)
        painted = [jnp.pad(block, ((0, 0), (i, 1 - i), (j, 1 - j), (0, 0))) for (i, j), block in parts]
        x = sum(painted[1:], painted[0]).reshape(batch, side + 1, side + 1, 2, 2, self.features).swapaxes(2, 3)
        return x.reshape(batch, 2 * side + 2, 2 * side + 2, self.features)[:, 1:-1, 1:-1] + bias


class Keep(nn.Module):
    """Convolution with kernel 3, padding 1: the same side, `features` channels."""

    features: int
    zero: bool = False

    @nn.compact
    def __call__(self, x: Image) -> Image:
        side, channels = x.shape[1], x.shape[3]
        start = nn.initializers.zeros_init() if self.zero else nn.initializers.lecun_normal()
        kernel = self.param("kernel", start, (3, 3, channels, self.features))
        bias = self.param("bias", nn.initializers.zeros_init(), (self.features,))
        x = jnp.pad(x, ((0, 0), (1, 1), (1, 1), (0, 0)))
        patches = jnp.concatenate([x[:, i : i + side, j : j + side] for i in range(3) for j in range(3)], axis=-1)
        return patches @ kernel.reshape(9 * channels, self.features) + bias


def waves(t: Float[Array, " batch"], size: int) -> Float[Array, "batch size"]:
    """Sines and cosines of a time in [0, 1], wavelengths 1 to 1e-3 in equal ratios (Vaswani et al., 2017)."""
    rates = 2 * math.pi * jnp.exp(jnp.linspace(-math.log(4.0), math.log(250.0), size // 2, dtype=t.dtype))
    angle = t[:, None] * rates
    return jnp.concatenate([jnp.sin(angle), jnp.cos(angle)], axis=1)
