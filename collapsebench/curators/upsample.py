"""Upsample: draws from the real tail weigh more."""

from __future__ import annotations

import jax.numpy as jnp
from jaxtyping import Array, Float, PyTree

from collapsebench.maths.ranking import weighted_quantile
from collapsebench.parts.curator import Curator
from collapsebench.parts.metric import View
from collapsebench.parts.part import Setting
from collapsebench.specs.pytree import Key, spec, within
from collapsebench.specs.registry import CURATORS


@CURATORS.register("upsample")
@spec
class Upsample(Curator):
    """Draws where the target is as rare as at the rarest share `rare` of the holdout weigh `factor` times as much.

    Law of a normal target and model: `theory.verified_variance_law` with keep_right = 1 and keep_wrong = factor.
    """

    factor: float = within(2.0, low=0)
    rare: float = within(0.05, low=0, high=1)

    def check(self, experiment: Setting) -> None:
        """Raise RequestError for a target without a density."""
        if not experiment.target.has_density:
            raise self.refuse("the target has no density, by which it tells what is rare")

    def weights(self, key: Key, view: View, state: PyTree) -> tuple[Float[Array, " capacity"], PyTree]:
        """Weights [capacity]: `factor` in the tail, else 1; the state as given."""
        batch, holdout = view.synthetic, view.holdout
        bound = weighted_quantile(view.target.log_prob(holdout.x), holdout.w, self.rare)
        return jnp.where(view.target.log_prob(batch.x) < bound, self.factor, 1).astype(batch.w.dtype), state
