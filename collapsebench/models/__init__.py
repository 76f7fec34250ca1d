"""Models: `init(key)`, `fit(key, params, data)`, `sample(key, params, n)`, `log_prob(params, x)`; one file each."""

from typing import Any

from collapsebench.specs.registry import MODELS as _REGISTRY

__dir__ = _REGISTRY.classes


def __getattr__(name: str) -> Any:
    if name == "Callback":  # registered by no name: it is nothing without functions
        from collapsebench.models.callback import Callback

        return Callback
    return _REGISTRY.attribute(name)
