"""How far the model's mean has wandered."""

from __future__ import annotations

from typing import Any

from collapsebench.registry import METRICS
from collapsebench.types import Key, Metric, View, spec


@METRICS.register("mean_error")
@spec
class MeanError(Metric):
    """Squared Euclidean distance between the model's mean and the target's."""

    def __call__(self, key: Key, view: View) -> Any:
        mean = view.model.distribution(view.params).moments()[0]
        return ((mean - view.target.distribution().moments()[0]) ** 2).sum()
