"""Models: `init(key)`, `fit(key, params, data)`, `sample(key, params, n)`, `log_prob(params, x)`; one file each."""

from collapsebench.specs.registry import MODELS as _REGISTRY

__getattr__ = _REGISTRY.attribute
__dir__ = _REGISTRY.classes
