"""Fresh: new real rows in every generation, beside the last generation's synthetic data."""

from __future__ import annotations

import jax.numpy as jnp
from jaxtyping import PyTree

from collapsebench.parts.data import Data
from collapsebench.parts.regime import Regime
from collapsebench.specs.pytree import Count, Key, Number, spec, static, within
from collapsebench.specs.registry import REGIMES


@REGIMES.register("fresh")
@spec
class Fresh(Regime):
    """Train on `rows` new real rows and the last generation's synthetic data (Alemohammad et al., 2024).

    used: the share of `rows` that is drawn, round(used rows): a number, so that one compiled program has all its values.
    """

    rows: int = static(10)
    models: int = static(1, within=(1, 1000))
    used: float = within(1.0, low=0, high=1)

    def fresh_capacity(self, n: Number) -> int:
        """`rows` new real rows in every generation."""
        return self.rows

    def fresh_size(self, n: Number, t: Count) -> Number:
        """Real rows of a training set: round(used rows)."""
        return jnp.round(self.used * self.rows)

    def update(self, key: Key, pool: PyTree, synthetic: Data, fresh: PyTree, t: Count) -> tuple[PyTree, Data]:
        """No pool, and the new real rows with the synthetic data as training set."""
        return pool, fresh.concat(synthetic)
