"""Curators: what enters the pool. `weights(key, target, model, params, batch)` -> weights [capacity]; one file each."""

from collapsebench.specs.registry import CURATORS as _REGISTRY

__getattr__ = _REGISTRY.attribute
__dir__ = _REGISTRY.classes
