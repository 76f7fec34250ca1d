"""Truncate: a curator that drops draws far from the batch mean."""

from __future__ import annotations

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, PyTree

from collapsebench.maths.numerics import divide
from collapsebench.maths.sums import centred
from collapsebench.parts.curator import Curator
from collapsebench.parts.data import Kind
from collapsebench.parts.metric import View
from collapsebench.parts.part import Setting
from collapsebench.specs.errors import RequestError
from collapsebench.specs.pytree import Key, spec, within
from collapsebench.specs.registry import CURATORS


@CURATORS.register("truncate")
@spec
class Truncate(Curator):
    """Drop draws farther than `radius` standard deviations from the batch mean.

    The standard deviation is the root mean square distance to the mean, in any dimension. The nearest draw stays
    whatever the radius. Law of a normal: `theory.truncation_variance_law`, which says also what share is kept.
    """

    radius: float = within(2.0, low=0)

    def check(self, experiment: Setting) -> None:
        """Raise RequestError for data without distances and for a radius that is not positive."""
        if (kind := experiment.target.kind) not in (Kind.VECTOR, Kind.COUNT):
            raise self.refuse(f"{kind} data have no mean; it curates vector and count data")
        if not np.all(np.asarray(self.radius) > 0):
            raise RequestError(f"curator.radius = {self.radius}: it must be above 0")

    def weights(self, key: Key, view: View, state: PyTree) -> tuple[Float[Array, " capacity"], PyTree]:
        """Weights [capacity]: 1 for a draw within the radius and for the nearest draw, else 0; the state as given."""
        batch = view.synthetic
        x, w = batch.x.reshape(batch.capacity, -1), batch.w
        total, _, rows, _ = centred(x, w)
        distance = (rows**2).sum(axis=1)
        spread = divide((w * distance).sum(), total)
        nearest = jnp.where(w > 0, distance, jnp.inf).min()
        return (distance <= jnp.maximum(self.radius**2 * spread, nearest)).astype(w.dtype), state
