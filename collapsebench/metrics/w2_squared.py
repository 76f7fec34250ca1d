"""Squared 2-Wasserstein distance between model and target."""

from __future__ import annotations

from typing import Any

from collapsebench.registry import METRICS
from collapsebench.types import Key, Metric, View, spec


@METRICS.register("w2_squared")
@spec
class W2Squared(Metric):
    """Squared 2-Wasserstein distance, in closed form where the families have one."""

    def __call__(self, key: Key, view: View) -> Any:
        return view.model.distribution(view.params).w2_squared(view.target.distribution())
