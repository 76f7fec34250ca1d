"""Targets: what is real. `sample(key, n)`, `log_prob(x)`, and `distribution()` where it is known in closed form."""

from collapsebench.specs.registry import TARGETS as _REGISTRY

__getattr__ = _REGISTRY.attribute
__dir__ = _REGISTRY.classes
