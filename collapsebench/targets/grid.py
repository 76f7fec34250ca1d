"""Square-grid target."""

from __future__ import annotations

import jax.numpy as jnp

from collapsebench.maths.distributions.mixture import Mixture
from collapsebench.parts.target import Target
from collapsebench.specs.pytree import spec, static, within
from collapsebench.specs.registry import TARGETS


@TARGETS.register("grid")
@spec
class Grid(Target):
    """Mixture of side x side round normals on a square grid in the plane, `spacing` apart: by default 25 modes.

    The grid is centred at 0. Source: Alemohammad et al. (2024), figures 14 and 15 (25 modes; spacing and sd are ours).
    """

    side: int = static(5)
    spacing: float = within(2.0, low=0)
    sd: float = within(0.1, low=0)

    dim = 2

    def distribution(self) -> Mixture:
        axis = self.spacing * (jnp.arange(self.side) - (self.side - 1) / 2)
        places = jnp.stack(jnp.meshgrid(axis, axis, indexing="ij"), axis=-1).reshape(-1, 2)
        return Mixture.spherical(places, self.sd)
