"""Papers: one file or folder each, with its experiments, claims and figures together."""

from collapsebench.specs.registry import PAPERS as _REGISTRY

__getattr__ = _REGISTRY.attribute
__dir__ = _REGISTRY.classes
