"""Entropy of the model, in nats."""

from __future__ import annotations

from collapsebench.maths.estimators.means import exact, mean_estimate
from collapsebench.parts.metric import Estimate, Metric, View
from collapsebench.parts.part import Setting
from collapsebench.specs.pytree import Key, spec, static
from collapsebench.specs.registry import METRICS


@METRICS.register("entropy")
@spec
class Entropy(Metric):
    """Entropy of the model in nats, differential for a density; -inf for a point in space, 0 for a single symbol.

    In closed form where the family has one, otherwise the mean of -log p over `rows` draws.
    """

    rows: int = static(256)

    estimates = True
    unit = "nats"

    def check(self, experiment: Setting) -> None:
        """Raise RequestError for a model that cannot draw by itself and has no closed form."""
        if not experiment.model.family().knows("entropy"):
            self.needs_model_density(experiment)
            self.needs_draws(experiment)

    def __call__(self, key: Key, view: View) -> Estimate:
        if view.fitted.knows("entropy"):
            return exact(view.fitted.entropy())
        return mean_estimate(-view.model.log_prob(view.params, view.density_rows(key, self.rows)))
