"""Denoising networks: noise prediction from a noisy row, its time and its caption."""

from __future__ import annotations

import math
from typing import Any

import flax.linen as nn
import jax.numpy as jnp
from jaxtyping import Array, Float, Int

from collapsebench.learning.networks.layers import Double, GroupNorm, Halve, Keep, waves


class Condition(nn.Module):
    """Embedding of time and caption as one vector. A caption has a token per word; token -1: no information."""

    words: tuple[int, ...]
    width: int

    @nn.compact
    def __call__(self, t: Float[Array, " batch"], caption: Int[Array, "batch words"]) -> Float[Array, "batch width"]:
        h = nn.Dense(self.width)(nn.silu(nn.Dense(self.width)(waves(t, 32))))
        for i, size in enumerate(self.words):  # row 0 of each table is the token that says nothing
            h = h + nn.Embed(size + 1, self.width, name=f"word_{i}")(caption[:, i] + 1)
        return h


class Layers(nn.Module):
    """Denoiser of `hidden` residual dense layers, for rows of a few numbers."""

    hidden: tuple[int, ...]
    words: tuple[int, ...]

    @nn.compact
    def __call__(
        self, x: Float[Array, "batch dim"], t: Float[Array, " batch"], caption: Int[Array, "n words"]
    ) -> Float[Array, "batch dim"]:
        h = nn.Dense(self.hidden[0])(x)
        condition = nn.silu(Condition(self.words, self.hidden[0])(t, caption))
        for width in self.hidden:
            shift = nn.Dense(width)(condition)
            change = nn.Dense(width)(nn.silu(nn.Dense(width)(nn.silu(h)) + shift))
            h = change + (h if h.shape[1] == width else nn.Dense(width)(h))
        return nn.Dense(x.shape[1], kernel_init=nn.initializers.zeros_init())(nn.silu(h))


class Block(nn.Module):
    """Residual block: two convolutions, with a shift and scale by the condition between them."""

    features: int

    @nn.compact
    def __call__(
        self, x: Float[Array, "batch side side in"], condition: Any
    ) -> Float[Array, "batch side side features"]:
        scale, shift = jnp.split(nn.Dense(2 * self.features)(condition), 2, axis=-1)
        h = Keep(self.features)(GroupNorm()(x))
        h = Keep(self.features, zero=True)(GroupNorm()(h, 1 + scale, shift))
        return h + (x if x.shape[3] == self.features else nn.Dense(self.features)(x))


class UNet(nn.Module):
    """Small U-Net denoiser for square images of one channel: one block per level down, one per level up."""

    channels: tuple[int, ...]
    words: tuple[int, ...]

    @nn.compact
    def __call__(
        self, x: Float[Array, "batch dim"], t: Float[Array, " batch"], caption: Int[Array, "n words"]
    ) -> Float[Array, "batch dim"]:
        side = math.isqrt(x.shape[1])
        condition = nn.silu(Condition(self.words, 4 * self.channels[0])(t, caption))
        h = Keep(self.channels[0])(x.reshape(-1, side, side, 1))
        passed = []
        for channels in self.channels:
            h = Block(channels)(h, condition)
            passed.append(h)
            h = Halve(channels)(h)
        h = Block(self.channels[-1])(h, condition)
        for channels in self.channels[::-1]:
            h = jnp.concatenate([Double(channels)(h), passed.pop()], axis=-1)
            h = Block(channels)(h, condition)
        return Keep(1, zero=True)(GroupNorm()(h)).reshape(x.shape)
