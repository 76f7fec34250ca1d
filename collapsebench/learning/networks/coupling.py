"""Affine coupling layers: an invertible map between rows and normal noise, with its log determinant."""

from __future__ import annotations

import flax.linen as nn
import jax.numpy as jnp
from jaxtyping import Array, Float


class Conditioner(nn.Module):
    """Log scale and shift of the other half of the coordinates; 0 at first, so that the map starts as the identity."""

    hidden: tuple[int, ...]
    out: int

    @nn.compact
    def __call__(self, x: Float[Array, "batch kept"]) -> tuple[Float[Array, "batch out"], Float[Array, "batch out"]]:
        for width in self.hidden:
            x = nn.silu(nn.Dense(width)(x))
        scale, shift = jnp.split(nn.Dense(2 * self.out, kernel_init=nn.initializers.zeros_init())(x), 2, axis=1)
        return 2 * jnp.tanh(scale / 2), shift  # a layer stretches at most e^2-fold


class Coupling(nn.Module):
    """Stack of `layers` affine couplings; each scales and shifts one half of the coordinates given the other.

    Source: Dinh, Sohl-Dickstein and Bengio (2017), Density estimation using Real NVP.
    """

    dim: int
    layers: int
    hidden: tuple[int, ...]

    def setup(self) -> None:
        """Layers of the network, as flax asks for them."""
        half = self.dim // 2
        self.conditioners = [
            Conditioner(self.hidden, self.dim - half if i % 2 else half, name=f"layer_{i}") for i in range(self.layers)
        ]
        self.centre = self.param("centre", nn.initializers.zeros_init(), (self.dim,))
        self.log_scale = self.param("log_scale", nn.initializers.zeros_init(), (self.dim,))

    def _halves(self, i: int, x: Array) -> tuple[Array, Array]:
        """(coordinates kept, coordinates transformed) in layer i."""
        half = self.dim // 2
        return (x[:, :half], x[:, half:]) if i % 2 else (x[:, half:], x[:, :half])

    def __call__(self, x: Float[Array, "batch dim"]) -> tuple[Float[Array, "batch dim"], Float[Array, " batch"]]:
        """Noise [batch, dim] of rows, and the log determinant of the map."""
        x = (x - self.centre[None]) * jnp.exp(-self.log_scale)[None]
        volume = -self.log_scale.sum() + jnp.zeros(x.shape[0], x.dtype)
        for i in range(self.layers):
            stays, moves = self._halves(i, x)
            scale, shift = self.conditioners[i](stays)
            moves = (moves - shift) * jnp.exp(-scale)
            volume = volume - scale.sum(axis=1)
            x = jnp.concatenate([stays, moves] if i % 2 else [moves, stays], axis=1)
        return x, volume

    def inverse(self, z: Float[Array, "batch dim"]) -> Float[Array, "batch dim"]:
        """Rows [batch, dim] of noise."""
        x = z
        for i in reversed(range(self.layers)):
            stays, moves = self._halves(i, x)
            scale, shift = self.conditioners[i](stays)
            moves = moves * jnp.exp(scale) + shift
            x = jnp.concatenate([stays, moves] if i % 2 else [moves, stays], axis=1)
        return x * jnp.exp(self.log_scale)[None] + self.centre[None]
