"""Relative entropy between target and model."""

from __future__ import annotations

from typing import Any

from collapsebench.maths.estimators import reading
from collapsebench.maths.estimators.means import exact, mean_estimate
from collapsebench.parts.metric import Estimate, Metric, View
from collapsebench.specs.pytree import Key, spec, static
from collapsebench.specs.registry import METRICS


@METRICS.register("kl")
@spec
class KL(Metric):
    """KL(target || model) in nats, or with `reverse` KL(model || target); inf where the second has no mass.

    In closed form where the families have one, otherwise the mean of the log ratio over the holdout, or with `reverse`
    over `rows` draws from the model.
    """

    reverse: bool = static(False)
    rows: int = static(256)

    estimates = True
    unit = "nats"
    log = True

    def check(self, experiment: Any) -> None:
        """Raise RequestError for a target that does not know its density."""
        target, model = reading.families(experiment)
        if reading.comparison(target, model, "kl") is not None:
            return
        reading.needs_target_density(self, experiment)
        if self.reverse:
            reading.needs_draws(self, experiment)

    def __call__(self, key: Key, view: View) -> Estimate:
        model, target = reading.model_distribution(view), reading.target_distribution(view)
        first, second = (model, target) if self.reverse else (target, model)
        closed = reading.comparison(first, second, "kl")
        if closed is not None:
            return exact(closed(second))
        x = reading.density_rows(key, view, self.rows) if self.reverse else view.holdout.x
        excess = view.target.log_prob(x) - view.model.log_prob(view.params, x)
        return mean_estimate(-excess) if self.reverse else mean_estimate(excess, view.holdout.w)
