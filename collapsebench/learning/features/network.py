"""The classifier's network; imports flax, so it is imported when a classifier is used."""

from __future__ import annotations

import math

import flax.linen as nn
from jaxtyping import Array, Float

from collapsebench.learning.networks.layers import Halve


class Network(nn.Module):
    """Halving convolutions, then `width` features, then a linear map to the logits.

    The features are smooth (silu): of relus, many were 0 for every digit.
    """

    width: int
    classes: int
    channels: tuple[int, ...]

    def setup(self) -> None:
        self.halvings = [Halve(channels) for channels in self.channels]
        self.last = nn.Dense(self.width)
        self.out = nn.Dense(self.classes)

    def features(self, x: Float[Array, "n pixels"]) -> Float[Array, "n width"]:
        """What the logits are a linear map of."""
        side = math.isqrt(x.shape[1])
        x = x.reshape(-1, side, side, 1)
        for halve in self.halvings:
            x = nn.relu(halve(x))
        return nn.silu(self.last(x.reshape(x.shape[0], -1)))

    def __call__(self, x: Float[Array, "n pixels"]) -> Float[Array, "n classes"]:
        return self.out(self.features(x))
