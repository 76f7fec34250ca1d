"""Metrics: `metric(key, view)` -> one number per generation, or an Estimate with its standard error; one file each."""

from collapsebench.specs.registry import METRICS as _REGISTRY

__getattr__ = _REGISTRY.attribute
__dir__ = _REGISTRY.classes
