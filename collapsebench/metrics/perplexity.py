"""Perplexity of held-out real rows under the model."""

from __future__ import annotations

import jax.numpy as jnp

from collapsebench.maths.estimators.means import mean_estimate
from collapsebench.parts.metric import Estimate, Metric, View
from collapsebench.parts.part import Setting
from collapsebench.specs.pytree import Key, spec
from collapsebench.specs.registry import METRICS


@METRICS.register("perplexity")
@spec
class Perplexity(Metric):
    """Exponential of the mean negative log-likelihood of a holdout row (of text: a token); error to first order."""

    estimates = True
    log = True

    def check(self, experiment: Setting) -> None:
        """Raise RequestError for a model without a density."""
        self.needs_model_density(experiment)

    def __call__(self, key: Key, view: View) -> Estimate:
        nll = mean_estimate(-view.log_prob_each(), view.holdout.w)
        value = jnp.exp(nll.value)
        return Estimate(value, jnp.where(jnp.isfinite(value), value * nll.standard_error, 0))
