"""Encoder and decoder of a variational autoencoder, dense or convolutional."""

from __future__ import annotations

import math

import flax.linen as nn
from jaxtyping import Array, Float

from collapsebench.learning.networks.layers import Double, Halve


class Encoder(nn.Module):
    """Mean and log variance of the code of each row, by `channels` halving convolutions or `hidden` dense layers."""

    latent: int
    hidden: tuple[int, ...]
    channels: tuple[int, ...]

    @nn.compact
    def __call__(
        self, x: Float[Array, "batch dim"]
    ) -> tuple[Float[Array, "batch latent"], Float[Array, "batch latent"]]:
        if self.channels:
            side = math.isqrt(x.shape[1])
            x = x.reshape(-1, side, side, 1)
            for channels in self.channels:
                x = nn.relu(Halve(channels)(x))
            x = x.reshape(x.shape[0], -1)
        for width in self.hidden:
            x = nn.relu(nn.Dense(width)(x))
        return nn.Dense(self.latent, name="mean")(x), nn.Dense(self.latent, name="log_variance")(x)


class Decoder(nn.Module):
    """Mean of a row from its code, before the sigmoid of a Bernoulli likelihood. Mirror image of the encoder."""

    dim: int
    hidden: tuple[int, ...]
    channels: tuple[int, ...]

    @nn.compact
    def __call__(self, z: Float[Array, "batch latent"]) -> Float[Array, "batch dim"]:
        x = z
        for width in self.hidden[::-1]:
            x = nn.relu(nn.Dense(width)(x))
        if not self.channels:
            return nn.Dense(self.dim)(x)
        side = math.isqrt(self.dim) >> len(self.channels)
        x = nn.relu(nn.Dense(side * side * self.channels[-1])(x)).reshape(-1, side, side, self.channels[-1])
        for channels in self.channels[-2::-1]:
            x = nn.relu(Double(channels)(x))
        return Double(1)(x).reshape(-1, self.dim)
