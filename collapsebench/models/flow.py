"""Normalising flow."""

from __future__ import annotations

import dataclasses
import math
from typing import Any

import jax.numpy as jnp
from jaxtyping import Array, Float, PyTree

from collapsebench.learning.network_model import NetworkModel, check_widths
from collapsebench.learning.training import Training
from collapsebench.maths import samplers
from collapsebench.parts.part import Setting
from collapsebench.specs.errors import RequestError
from collapsebench.specs.pytree import Key, Unnamed, spec, static, within
from collapsebench.specs.registry import MODELS


@MODELS.register("flow")
@spec
class Flow(NetworkModel):
    """Normalising flow of `layers` affine couplings with `hidden` layers each; exact density.

    bias: sampling bias, noise is drawn from N(0, bias I) (Alemohammad et al., 2024).
    Source: Dinh, Sohl-Dickstein and Bengio (2017), Density estimation using Real NVP.
    """

    dim: int = static(Unnamed(2))
    layers: int = static(4, within=(1, 1000))
    hidden: tuple[int, ...] = static((32,))
    bias: float = within(1.0, low=0)
    training: Training = Training()
    start: Any = None

    def check(self, experiment: Setting) -> None:
        """Raise RequestError for an invalid shape."""
        super().check(experiment)
        check_widths("hidden", self.hidden)
        if self.dim < 2:
            raise RequestError(f"model.dim = {self.dim}: half of the coordinates move the other half, so at least 2")

    def exact(self) -> Flow:
        """Same model with a learner that converges, without sampling bias."""
        return dataclasses.replace(super().exact(), bias=1.0)

    def _network(self) -> Any:
        from collapsebench.learning.networks.coupling import Coupling

        return Coupling(self.dim, self.layers, self.hidden)

    def random_params(self, key: Key) -> Any:
        """Random network parameters."""
        return self._network().init(key, jnp.zeros((1, self.dim)))

    def log_prob(self, params: PyTree, x: Float[Array, "n dim"]) -> Float[Array, " n"]:
        z, volume = self._network().apply(params, x)
        return volume - 0.5 * (z**2).sum(axis=1) - 0.5 * self.dim * math.log(2 * math.pi)

    def loss(self, params: PyTree, key: Key, x: Float[Array, "n dim"]) -> Float[Array, ""]:
        """Mean negative log-likelihood of the rows, in nats."""
        return -self.log_prob(params, x).mean()

    def sample(self, key: Key, params: Any, n: int) -> Float[Array, "n dim"]:
        z = jnp.sqrt(jnp.asarray(self.bias)) * samplers.normal(key, (n, self.dim))
        return self._network().apply(params, z, method="inverse")
