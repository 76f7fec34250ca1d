"""Accumulate and subsample: a constant number of rows drawn from all data so far."""

from __future__ import annotations

import jax
from jaxtyping import PyTree

from collapsebench.maths import samplers
from collapsebench.parts.data import Batch, Data
from collapsebench.parts.regime import Pool, Regime
from collapsebench.specs.pytree import Count, Key, Number, spec
from collapsebench.specs.registry import REGIMES


@REGIMES.register("accumulate_subsample")
@spec
class AccumulateSubsample(Regime):
    """Train on as many rows as one generation makes, drawn without replacement from all so far (Kazdan et al., 2025)."""

    needs_samples = True

    def init(self, real: Data, generations: int, capacity: Number) -> Pool:
        """The real data, with room for every later synthetic set."""
        return Pool.of(real, generations, capacity)

    def update(self, key: Key, pool: Pool, synthetic: PyTree, fresh: PyTree, t: Count) -> tuple[Pool, Data]:
        """The pool with the synthetic rows added, and `synthetic.capacity` of its rows drawn without replacement."""
        pool = pool.add(synthetic, t)
        written = pool.first + t * synthetic.capacity
        rows, kept = samplers.subsample_rows(key, pool.data.w, synthetic.capacity, written)
        train: Batch = jax.tree.map(lambda a: a[rows], pool.data)
        return pool, train.scale(kept)
