"""collapsebench: what happens to generative models that are trained on their own output, measured.

The names below are loaded when they are first used, so that importing the package starts nothing.
"""

from __future__ import annotations

import importlib
from typing import Any

__version__ = "0.1.0"

_HOME = {
    "Experiment": "experiment.experiment",
    "run": "runs.runner",
    "Stopped": "runs.runner",
    "checkpoints": "runs.checkpoints",
    "CallFailed": "engine.host",
    "sweep": "runs.sweep",
    "ablate": "analysis.ablation",
    "profile": "analysis.profiles",
    "plot": "show.plot",
    "diversity": "analysis.diversity",
    "Monitor": "oversight.monitor",
    "monitor": "oversight.monitor",
    "plan": "oversight.planner",
    "diagram": "oversight.diagram",
    "recover": "oversight.recovery",
    "load": "runs.results",
    "save": "runs.results",
    "fit": "experiment.by_hand",
    "sample": "experiment.by_hand",
    "log_prob": "experiment.by_hand",
    "Batch": "parts.data",
    "Estimate": "parts.metric",
    "Metric": "parts.metric",
    "RowMetric": "parts.metric",
    "Model": "parts.model",
    "Target": "parts.target",
    "Curator": "parts.curator",
    "Distribution": "parts.distribution",
    "Training": "learning.training",
    "View": "parts.metric",
    "Regime": "parts.regime",
    "Mitigation": "parts.mitigation",
    "RequestError": "specs.errors",
    "spec": "specs.pytree",
    "static": "specs.pytree",
    "MODELS": "specs.registry",
    "TARGETS": "specs.registry",
    "REGIMES": "specs.registry",
    "CURATORS": "specs.registry",
    "METRICS": "specs.registry",
    "MITIGATIONS": "specs.registry",
    "PAPERS": "specs.registry",
}
_RESULTS = ("run", "sweep", "ablate", "profile", "plan", "diagram", "recover", "load")
_MODULES = {
    "models": "models", "targets": "targets", "regimes": "regimes", "curators": "curators", "metrics": "metrics",
    "mitigations": "mitigations",
    "papers": "literature.papers", "theory": "theory", "datasets": "datasets",
    "distributions": "maths.distributions", "samplers": "maths.samplers",
}  # fmt: skip

__all__ = [*_HOME, *_MODULES]


def __getattr__(name: str) -> Any:
    if name in _HOME:
        if name in _RESULTS:
            importlib.import_module("collapsebench.show.accessor")  # which gives results their `collapsebench.plot()`
        value = getattr(importlib.import_module(f"collapsebench.{_HOME[name]}"), name)
    elif name in _MODULES:
        value = importlib.import_module(f"collapsebench.{_MODULES[name]}")
    else:
        raise AttributeError(f"module 'collapsebench' has no attribute {name!r}")
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
