"""Regimes: what the next generation trains on; one file per regime.

A regime gives `init(real, generations)` -> pool and `update(key, pool, synthetic, fresh, t)` -> (pool, train), for
t = 1, 2, ...; both work on a Batch and on a Summary alike. It may also say how much is drawn (see `Regime`).
"""

from collapsebench.specs.registry import REGIMES as _REGISTRY

__getattr__ = _REGISTRY.attribute
__dir__ = _REGISTRY.classes
