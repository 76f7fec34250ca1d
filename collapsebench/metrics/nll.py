"""Negative log-likelihood of held-out real rows, in nats."""

from __future__ import annotations

from collapsebench.maths.estimators.means import mean_estimate
from collapsebench.parts.metric import Estimate, Metric, View
from collapsebench.parts.part import Setting
from collapsebench.specs.pytree import Key, spec
from collapsebench.specs.registry import METRICS


@METRICS.register("nll")
@spec
class NLL(Metric):
    """Mean negative log-likelihood of a holdout row (of text: a token), in nats; inf where one has no mass."""

    estimates = True
    unit = "nats"

    def check(self, experiment: Setting) -> None:
        """Raise RequestError for a model without a density."""
        self.needs_model_density(experiment)

    def __call__(self, key: Key, view: View) -> Estimate:
        return mean_estimate(-view.log_prob_each(), view.holdout.w)
