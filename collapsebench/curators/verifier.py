"""Verifier: draws are kept by whether they look typical of the target, with two error rates."""

from __future__ import annotations

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, PyTree

from collapsebench.maths import samplers
from collapsebench.maths.ranking import skill, weighted_quantile
from collapsebench.parts.curator import Curator
from collapsebench.parts.data import Kind
from collapsebench.parts.metric import View
from collapsebench.parts.part import Setting
from collapsebench.specs.errors import RequestError
from collapsebench.specs.pytree import Key, spec, static, within
from collapsebench.specs.registry import CURATORS


@CURATORS.register("verifier")
@spec
class Verifier(Curator):
    """Keep a right draw with probability `keep_right` and a wrong one with `keep_wrong`.

    A draw is right if the target's density at it is not below that of the rarest share `rare` of the holdout. bias: how
    far aside the verifier takes the target to be, in the first column and in standard deviations of the holdout. drift:
    the share of the difference of both probabilities that is lost in every generation, towards their middle, at which
    they are from `fails_at` on (None: never).
    Laws of a normal target and model: `theory.verified_mean_law`, `theory.verified_variance_law`; which error rates help:
    `theory.verification_threshold_law`.
    """

    keep_right: float = within(0.9, low=0, high=1)
    keep_wrong: float = within(0.1, low=0, high=1)
    rare: float = within(0.05, low=0, high=1)
    bias: float = 0.0
    drift: float = within(0.0, low=0, high=1)
    fails_at: int | None = static(None)

    def check(self, experiment: Setting) -> None:
        """Raise RequestError for a target without a density, and for a bias where rows have no first column."""
        if not experiment.target.has_density:
            raise self.refuse("the target has no density, by which it tells right from wrong")
        if np.any(np.asarray(self.bias) != 0) and (kind := experiment.target.kind) != Kind.VECTOR:
            raise RequestError(f"curator.bias = {self.bias}: {kind} data have no first column to be aside in")

    def weights(self, key: Key, view: View, state: PyTree) -> tuple[Float[Array, " capacity"], PyTree]:
        """Weights [capacity]: 1 for what is kept, else 0; the state as given."""
        batch, holdout = view.synthetic, view.holdout
        bound, x = weighted_quantile(view.target.log_prob(holdout.x), holdout.w, self.rare), batch.x
        if view.target.kind == Kind.VECTOR:
            x = x - self.bias * jnp.eye(1, x.shape[1], dtype=x.dtype) * holdout.x[:, 0].std()
        right = view.target.log_prob(x) >= bound
        middle = (self.keep_right + self.keep_wrong) / 2
        away = (self.keep_right - self.keep_wrong) / 2 * skill(view.generation, self.drift, self.fails_at)
        chance = jnp.where(right, middle + away, middle - away)
        return (samplers.uniform(key, batch.w.shape, batch.w.dtype) < chance).astype(batch.w.dtype), state
