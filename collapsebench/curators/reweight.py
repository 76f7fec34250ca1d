"""Reweight: importance weights towards the target, from a detector with an error."""

from __future__ import annotations

import jax.numpy as jnp
from jaxtyping import Array, Float, PyTree

from collapsebench.maths import samplers
from collapsebench.maths.ranking import mean_one, skill
from collapsebench.parts.curator import Curator
from collapsebench.parts.metric import View
from collapsebench.parts.part import Setting
from collapsebench.specs.pytree import Key, spec, static, within
from collapsebench.specs.registry import CURATORS


@CURATORS.register("reweight")
@spec
class Reweight(Curator):
    """Weigh draws by the odds that they are real, as a detector that knows both densities tells, of mean 1.

    error: standard deviation of the detector's error in the log odds, independent from draw to draw. most: the largest
    weight before they are scaled. Without either the weighted draws have the target's moments, whatever the model is;
    with an error they count for n exp(-error^2) draws (`theory.detector_effective_size_law`). drift: the share of the log
    odds that is lost in every generation; fails_at: the generation from which on it tells nothing (None: never). Law of a
    normal: `theory.detector_variance_law`. A bias, the same in all odds, changes no weight.
    """

    error: float = within(0.0, low=0)
    most: float = within(100.0, low=0)
    drift: float = within(0.0, low=0, high=1)
    fails_at: int | None = static(None)

    def check(self, experiment: Setting) -> None:
        """Raise RequestError for a target or a model without a density."""
        if not experiment.target.has_density or not experiment.model.has_density:
            raise self.refuse("it needs the densities of target and model")

    def weights(self, key: Key, view: View, state: PyTree) -> tuple[Float[Array, " capacity"], PyTree]:
        """Weights [capacity], of mean 1; the state as given."""
        batch = view.synthetic
        odds = view.target.log_prob(batch.x) - view.model.generator(view.params).log_prob(batch.x)
        odds = odds * skill(view.generation, self.drift, self.fails_at)
        noise = self.error * samplers.normal(key, batch.w.shape, batch.w.dtype)
        return mean_one(jnp.minimum(odds + noise, jnp.log(self.most)), batch.w), state
