"""A curator that cuts the tails."""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from collapsebench.maths.numerics import divide
from collapsebench.parts.data import Batch
from collapsebench.specs.errors import RequestError
from collapsebench.specs.pytree import Key, spec, within
from collapsebench.specs.registry import CURATORS


@CURATORS.register("truncate")
@spec
class Truncate:
    """Drop draws farther than `radius` standard deviations from the batch mean.

    The standard deviation is the root mean square distance to the mean, in any dimension. The nearest draw stays
    whatever the radius.
    """

    radius: float = within(2.0, low=0)

    def check(self, experiment: Any) -> None:
        """Raise RequestError for data without distances and for a radius that is not positive."""
        if (kind := getattr(experiment.target, "kind", "vector")) not in ("vector", "count"):
            raise RequestError(f"curator = truncate: {kind} data have no mean; it curates vector and count data")
        if not np.all(np.asarray(self.radius) > 0):
            raise RequestError(f"curator.radius = {self.radius}: it must be above 0")

    def weights(self, key: Key, target: Any, model: Any, params: Any, batch: Batch) -> Float[Array, " capacity"]:
        """1 for a draw that stays, else 0."""
        x, w = batch.x.reshape(batch.capacity, -1), batch.w
        centred = x - divide(w @ x, w.sum())
        distance = (centred**2).sum(axis=1)
        spread = divide((w * distance).sum(), w.sum())
        nearest = jnp.where(w > 0, distance, jnp.inf).min()
        return (distance <= jnp.maximum(self.radius**2 * spread, nearest)).astype(w.dtype)
