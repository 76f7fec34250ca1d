"""Total-variation distance between target and model."""

from __future__ import annotations

import jax.numpy as jnp
from jaxtyping import Array

from collapsebench.maths.estimators.balance import balanced_mean
from collapsebench.parts.metric import Estimate, Metric, View
from collapsebench.parts.part import Setting
from collapsebench.specs.pytree import Key, spec, static
from collapsebench.specs.registry import METRICS


@METRICS.register("total_variation")
@spec
class TotalVariation(Metric):
    """Total-variation distance, half the integral (or sum) of |p - q|: from 0 (equal) to 1 (nothing in common).

    The largest difference of probabilities that target and model give to any event. Bounded, so its mean over
    trajectories exists. By quadrature where both have nodes (exact for symbols), else over the holdout and `rows` draws
    from the model; it is E |tanh(log(p / q) / 2)| over the even mixture of p and q.
    """

    rows: int = static(256)

    estimates = True
    log = True

    def check(self, experiment: Setting) -> None:
        """Raise RequestError for a target that does not know its density, or a model that needs prompts."""
        self.needs_target_density(experiment)
        self.needs_draws(experiment)

    def __call__(self, key: Key, view: View) -> Estimate:
        return balanced_mean(key, view, self.rows, _difference)


def _difference(gap: Array) -> Array:
    return jnp.abs(jnp.tanh(gap / 2))
