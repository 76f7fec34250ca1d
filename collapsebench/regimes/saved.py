"""Saved: one set of an earlier generation, from a backup."""

from __future__ import annotations

import jax
import jax.numpy as jnp
from jaxtyping import PyTree

from collapsebench.parts.data import Data, has_rows
from collapsebench.parts.regime import Regime
from collapsebench.specs.pytree import Count, Key, Number, spec, within
from collapsebench.specs.registry import REGIMES


@REGIMES.register("saved")
@spec
class Saved(Regime):
    """Train on one set for ever: the synthetic one that generation `generation` was given; 0: the first real data.

    Until that generation it is the newest set. After `Then` it is a way back: `Then(Replace(), Saved(3), 10)` goes back in
    generation 10 to what generation 3 had, and `Then(Replace(), Then(Saved(3), Replace(), 11), 10)` goes on from there.
    """

    generation: float = within(0.0, low=0)
    watches = True

    def init(self, real: Data, generations: int, capacity: Number) -> Data:
        """The real data, with room for a synthetic set."""
        return real.pad(max(real.capacity, int(capacity))) if has_rows(real) else real

    def update(self, key: Key, pool: Data, synthetic: Data, fresh: PyTree, t: Count) -> tuple[Data, Data]:
        """The newest set up to `generation`, then the one of that generation; it is pool and training set."""
        if has_rows(pool) and has_rows(synthetic):
            synthetic = synthetic.pad(pool.capacity)
        kept: Data = jax.tree.map(lambda old, new: jnp.where(t <= self.generation, new, old), pool, synthetic)
        return kept, kept
