"""Mitigations: what a loop does against collapse, as entrants of the league; one file per mitigation.

A mitigation names a regime, a curator, or both (see `parts.mitigation.Mitigation`); the league gives all of them the same
real rows, synthetic rows and fits.
"""

from collapsebench.specs.registry import MITIGATIONS as _REGISTRY

__getattr__ = _REGISTRY.attribute
__dir__ = _REGISTRY.classes
