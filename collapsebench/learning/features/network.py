"""Network of the image classifier. Imports flax, so it is imported on first use only."""

from __future__ import annotations

import math

import flax.linen as nn
from jaxtyping import Array, Float

from collapsebench.learning.networks.layers import Halve


class Network(nn.Module):
    """Image classifier: halving convolutions, `width` features, a linear map to the logits.

    The features are smooth (silu): of relus, many were 0 for every digit.
    """

    width: int
    classes: int
    channels: tuple[int, ...]

    def setup(self) -> None:
        """Layers of the network, as flax asks for them."""
        self.halvings = [Halve(channels) for channels in self.channels]
        self.last = nn.Dense(self.width)
        self.out = nn.Dense(self.classes)

    def features(self, x: Float[Array, "n pixels"]) -> Float[Array, "n width"]:
        """Features [n, width] of images, of which the logits are a linear map."""
        side = math.isqrt(x.shape[1])
        x = x.reshape(-1, side, side, 1)
        for halve in self.halvings:
            x = nn.relu(halve(x))
        return nn.silu(self.last(x.reshape(x.shape[0], -1)))

    def __call__(self, x: Float[Array, "n pixels"]) -> Float[Array, "n classes"]:
        return self.out(self.features(x))
