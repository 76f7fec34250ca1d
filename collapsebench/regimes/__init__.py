"""Regimes: the training set of every generation after the first; one file per regime.

A regime gives `update(key, pool, synthetic, fresh, t)` -> (pool, train) for t = 1, 2, ..., and `init(real, generations,
capacity)` -> pool if it keeps data; both work on a Batch, a Summary and Sources alike. It may also set how many rows are
drawn (see `parts.regime.Regime`).
"""

from collapsebench.specs.registry import REGIMES as _REGISTRY

__getattr__ = _REGISTRY.attribute
__dir__ = _REGISTRY.classes
