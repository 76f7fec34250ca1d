"""Mix: a constant share of real rows in every training set."""

from __future__ import annotations

import jax.numpy as jnp
from jaxtyping import PyTree

from collapsebench.parts.data import Data
from collapsebench.parts.regime import Regime
from collapsebench.specs.pytree import Count, Key, Number, spec, within
from collapsebench.specs.registry import REGIMES


@REGIMES.register("mix")
@spec
class Mix(Regime):
    """Train on n rows: a share `real_fraction` drawn anew from the real distribution, the rest synthetic.

    The number of real rows is round(real_fraction * n). Source: Shumailov et al. (2024), c of p' = a p_model + c p_0.
    """

    real_fraction: float = within(0.1, low=0, high=1)

    def fresh_capacity(self, n: Number) -> Number:
        """Room for n real rows, whatever the share."""
        return n

    def fresh_size(self, n: Number, t: Count) -> Number:
        """Real rows of a training set: round(real_fraction n)."""
        return jnp.round(self.real_fraction * n)

    def synthetic_size(self, n: Number, t: Count) -> Number:
        """Synthetic rows of a training set: n - round(real_fraction n)."""
        return n - jnp.round(self.real_fraction * n)

    def update(self, key: Key, pool: PyTree, synthetic: Data, fresh: PyTree, t: Count) -> tuple[PyTree, Data]:
        """No pool, and the new real rows with the synthetic data as training set."""
        return pool, fresh.concat(synthetic)
