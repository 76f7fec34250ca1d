"""Squared Hellinger distance between target and model."""

from __future__ import annotations

import jax.numpy as jnp
from jaxtyping import Array

from collapsebench.maths.estimators.balance import balanced_mean
from collapsebench.maths.estimators.means import exact
from collapsebench.parts.metric import Estimate, Metric, View
from collapsebench.parts.part import Setting
from collapsebench.specs.pytree import Key, spec, static
from collapsebench.specs.registry import METRICS


@METRICS.register("hellinger")
@spec
class Hellinger(Metric):
    """Squared Hellinger distance, 1 - integral (or sum) of sqrt(p q): from 0 (equal) to 1 (nothing in common).

    Bounded, so its mean over trajectories exists and is not that of a few, as that of the KL divergence can be. In closed
    form where the families have one, else by quadrature, else over the holdout and `rows` draws from the model.
    Source: Hellinger (1909); 1 - E sech(log(p / q) / 2) over the even mixture of p and q is the same number.
    """

    rows: int = static(256)

    estimates = True
    log = True

    def check(self, experiment: Setting) -> None:
        """Raise RequestError for a target that does not know its density, or a model that needs prompts."""
        if not experiment.target.family().compares(experiment.model.family(), "hellinger"):
            self.needs_target_density(experiment)
            self.needs_draws(experiment)

    def __call__(self, key: Key, view: View) -> Estimate:
        if view.truth.compares(view.fitted, "hellinger"):
            return exact(view.truth.hellinger(view.fitted))
        return balanced_mean(key, view, self.rows, _uncommon)


def _uncommon(gap: Array) -> Array:
    """1 - sech(gap / 2) without cancellation, as 2 t^2 / (1 + t^2) for t = tanh(gap / 4)."""
    square = jnp.tanh(gap / 4) ** 2
    return 2 * square / (1 + square)
