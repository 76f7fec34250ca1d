"""Studies of our own, on real data and on questions that no paper asks; one file per study."""

from collapsebench.specs.registry import STUDIES as _REGISTRY

__getattr__ = _REGISTRY.attribute
__dir__ = _REGISTRY.classes
