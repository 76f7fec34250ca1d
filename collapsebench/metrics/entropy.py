"""How undecided the model is."""

from __future__ import annotations

from typing import Any

from collapsebench.maths.estimators import reading
from collapsebench.maths.estimators.means import exact, mean_estimate
from collapsebench.parts.metric import Estimate, Metric, View
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

    def check(self, experiment: Any) -> None:
        """Raise RequestError for a model that cannot draw by itself and has no closed form."""
        if not reading.offers(reading.families(experiment)[1], "entropy"):
            reading.needs_draws(self, experiment)

    def __call__(self, key: Key, view: View) -> Estimate:
        distribution = reading.model_distribution(view)
        if hasattr(distribution, "entropy"):
            return exact(distribution.entropy())
        return mean_estimate(-view.model.log_prob(view.params, reading.density_rows(key, view, self.rows)))
