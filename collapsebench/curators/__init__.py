"""Curators: weights of the synthetic rows before they enter the pool; one file per curator.

`weights(key, view, state)` -> (weights [capacity], state), with `init(key)` -> the state before generation 0.
"""

from collapsebench.specs.registry import CURATORS as _REGISTRY

__getattr__ = _REGISTRY.attribute
__dir__ = _REGISTRY.classes
