"""Excess risk: risk of the model's predictions less that of the truth."""

from __future__ import annotations

from jaxtyping import Array, Float

from collapsebench.parts.data import Kind
from collapsebench.parts.metric import Metric, View
from collapsebench.parts.part import Setting
from collapsebench.specs.pytree import Key, spec
from collapsebench.specs.registry import METRICS


@METRICS.register("excess_risk")
@spec
class ExcessRisk(Metric):
    """Risk of the model's predictions less that of the truth, over the target's inputs, in closed form.

    Squared error for linear models, (w - w*)^T S (w - w*); log loss in nats for logistic ones.
    """

    def check(self, experiment: Setting) -> None:
        """Raise RequestError for data without labels."""
        if experiment.target.kind != Kind.LABELLED:
            raise self.refuse("it needs labelled data; use target linear or logistic")

    def __call__(self, key: Key, view: View) -> Float[Array, ""]:
        return view.fitted.excess_risk(view.truth)
