"""Verifier: draws are kept by whether they look typical of the target, with two error rates."""

from __future__ import annotations

import jax.numpy as jnp
from jaxtyping import Array, Float, PyTree

from collapsebench.maths import samplers
from collapsebench.maths.ranking import weighted_quantile
from collapsebench.parts.curator import Curator
from collapsebench.parts.metric import View
from collapsebench.parts.part import Setting
from collapsebench.specs.pytree import Key, spec, within
from collapsebench.specs.registry import CURATORS


@CURATORS.register("verifier")
@spec
class Verifier(Curator):
    """Keep a right draw with probability `keep_right` and a wrong one with `keep_wrong`.

    A draw is right if the target's density at it is not below that of the rarest share `rare` of the holdout. Law of a
    normal target and model: `theory.verified_variance_law`; which error rates help: `theory.verification_threshold_law`.
    """

    keep_right: float = within(0.9, low=0, high=1)
    keep_wrong: float = within(0.1, low=0, high=1)
    rare: float = within(0.05, low=0, high=1)

    def check(self, experiment: Setting) -> None:
        """Raise RequestError for a target without a density."""
        if not experiment.target.has_density:
            raise self.refuse("the target has no density, by which it tells right from wrong")

    def weights(self, key: Key, view: View, state: PyTree) -> tuple[Float[Array, " capacity"], PyTree]:
        """Weights [capacity]: 1 for what is kept, else 0; the state as given."""
        batch, holdout = view.synthetic, view.holdout
        bound = weighted_quantile(view.target.log_prob(holdout.x), holdout.w, self.rare)
        right = view.target.log_prob(batch.x) >= bound
        chance = jnp.where(right, self.keep_right, self.keep_wrong)
        return (samplers.uniform(key, batch.w.shape, batch.w.dtype) < chance).astype(batch.w.dtype), state
