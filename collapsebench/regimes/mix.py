"""Mix: a constant share of real rows in every training set."""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp

from collapsebench.parts.data import Data
from collapsebench.parts.regime import Regime
from collapsebench.specs.pytree import Key, spec, within
from collapsebench.specs.registry import REGIMES


@REGIMES.register("mix")
@spec
class Mix(Regime):
    """Train on n rows: a share `real_fraction` drawn anew from the real distribution, the rest synthetic.

    The number of real rows is round(real_fraction * n). Source: Shumailov et al. (2024), c of p' = a p_model + c p_0.
    """

    real_fraction: float = within(0.1, low=0, high=1)

    def fresh_capacity(self, n: Any) -> Any:
        return n

    def fresh_size(self, n: Any, t: Any) -> Any:
        return jnp.round(self.real_fraction * n)

    def synthetic_size(self, n: Any, t: Any) -> Any:
        return n - jnp.round(self.real_fraction * n)

    def update(self, key: Key, pool: Any, synthetic: Data, fresh: Any, t: Any) -> tuple[Any, Data]:
        return pool, fresh.concat(synthetic)
