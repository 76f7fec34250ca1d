"""Deduplicate: one of several draws that are nearly the same."""

from __future__ import annotations

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PyTree

from collapsebench.parts.curator import Curator
from collapsebench.parts.data import Kind, as_matrix
from collapsebench.parts.metric import View
from collapsebench.parts.part import Setting
from collapsebench.specs.pytree import Key, spec, within
from collapsebench.specs.registry import CURATORS


@CURATORS.register("deduplicate")
@spec
class Deduplicate(Curator):
    """Drop a draw that lies within `radius` of an earlier one that is kept, in Euclidean distance; of symbols an equal one.

    Law: of symbols exactly those that occurred are left, once each, so that the next model is uniform over them. It
    takes n^2 operations.
    """

    radius: float = within(0.0, low=0)

    def check(self, experiment: Setting) -> None:
        """Raise RequestError for data without distances."""
        if (kind := experiment.target.kind) not in (Kind.VECTOR, Kind.COUNT, Kind.SYMBOL):
            raise self.refuse(f"{kind} data have no distances")

    def weights(self, key: Key, view: View, state: PyTree) -> tuple[Float[Array, " capacity"], PyTree]:
        """Weights [capacity]: 1 for what is kept, else 0; the state as given."""
        batch = view.synthetic
        x, present = as_matrix(batch.x), batch.w > 0
        position = jnp.arange(batch.capacity)

        def keep(i: Array, kept: Array) -> Array:
            near = ((x - x[i][None]) ** 2).sum(axis=1) <= self.radius**2
            return kept.at[i].set(present[i] & ~(near & kept & (position < i)).any())

        kept = jax.lax.fori_loop(0, batch.capacity, keep, jnp.zeros(batch.capacity, bool))
        return kept.astype(batch.w.dtype), state
