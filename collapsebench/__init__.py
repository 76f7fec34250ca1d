"""collapsebench: what happens to generative models that are trained on their own output, measured.

The names below are loaded when they are first used, so that importing the package starts nothing.
"""

from __future__ import annotations

import importlib
from typing import Any

__version__ = "0.1.0"

_HOME = {
    "Experiment": "experiment",
    "run": "runner",
    "Stopped": "runner",
    "sweep": "sweeps",
    "ablate": "ablation",
    "profile": "profiles",
    "load": "results",
    "save": "results",
    "fit": "by_hand",
    "sample": "by_hand",
    "log_prob": "by_hand",
    "Batch": "types",
    "Estimate": "types",
    "Metric": "types",
    "RequestError": "types",
    "View": "types",
    "spec": "types",
    "static": "types",
    "Regime": "regime",
    "MODELS": "registry",
    "TARGETS": "registry",
    "REGIMES": "registry",
    "CURATORS": "registry",
    "METRICS": "registry",
    "PAPERS": "registry",
}
_MODULES = (
    "models", "targets", "regimes", "curation", "metrics", "papers",
    "theory", "datasets", "distributions", "samplers",
)  # fmt: skip

__all__ = [*_HOME, *_MODULES]


def __getattr__(name: str) -> Any:
    if name in _HOME:
        value = getattr(importlib.import_module(f"collapsebench.{_HOME[name]}"), name)
    elif name in _MODULES:
        value = importlib.import_module(f"collapsebench.{name}")
    else:
        raise AttributeError(f"module 'collapsebench' has no attribute {name!r}")
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
