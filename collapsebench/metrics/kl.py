"""Kullback-Leibler divergence between target and model, in nats."""

from __future__ import annotations

from collapsebench.maths.estimators.means import exact, mean_estimate
from collapsebench.parts.metric import Estimate, Metric, View
from collapsebench.parts.part import Setting
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

    def check(self, experiment: Setting) -> None:
        """Raise RequestError for a target or a model that does not know its density."""
        target, model = experiment.target.family(), experiment.model.family()
        if target.compares(model, "kl"):
            return
        self.needs_target_density(experiment)
        self.needs_model_density(experiment)
        if self.reverse:
            self.needs_draws(experiment)

    def __call__(self, key: Key, view: View) -> Estimate:
        model, target = view.fitted, view.truth
        first, second = (model, target) if self.reverse else (target, model)
        if first.compares(second, "kl"):
            return exact(first.kl(second))
        x = view.density_rows(key, self.rows) if self.reverse else view.holdout.x
        excess = view.target.log_prob(x) - view.model.log_prob(view.params, x)
        return mean_estimate(-excess) if self.reverse else mean_estimate(excess, view.holdout.w)
