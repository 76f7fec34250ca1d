"""What prediction costs beyond the truth's own error."""

from __future__ import annotations

from typing import Any

from collapsebench.parts.metric import Metric, View
from collapsebench.specs.errors import RequestError
from collapsebench.specs.pytree import Key, spec
from collapsebench.specs.registry import METRICS


@METRICS.register("excess_risk")
@spec
class ExcessRisk(Metric):
    """Risk of the model's predictions less that of the truth, over the target's inputs, in closed form.

    Squared error for linear models, (w - w*)^T S (w - w*); log loss in nats for logistic ones.
    """

    def check(self, experiment: Any) -> None:
        if getattr(experiment.target, "kind", "vector") != "labelled":
            raise RequestError("metrics = excess_risk: it needs labelled data; use target linear or logistic")

    def __call__(self, key: Key, view: View) -> Any:
        return view.model.distribution(view.params).excess_risk(view.target.distribution())
