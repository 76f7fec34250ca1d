"""Targets, the sources of real data: `sample(key, n)`, `log_prob(x)`, and `distribution()` in closed form if known."""

from collapsebench.specs.registry import TARGETS as _REGISTRY

__getattr__ = _REGISTRY.attribute
__dir__ = _REGISTRY.classes
