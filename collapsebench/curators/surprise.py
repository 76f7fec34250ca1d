"""Surprise: the draws that the model finds least likely."""

from __future__ import annotations

from jaxtyping import Array, Float, PyTree

from collapsebench.maths.ranking import best_share
from collapsebench.parts.curator import Curator
from collapsebench.parts.metric import View
from collapsebench.parts.part import Setting
from collapsebench.specs.pytree import Key, spec, within
from collapsebench.specs.registry import CURATORS


@CURATORS.register("surprise")
@spec
class Surprise(Curator):
    """Keep the share `keep` of the draws that are least likely under the model that drew them.

    Law: the variance of a normal grows by the factor `theory.surprise_variance_law` a generation.
    """

    keep: float = within(0.5, low=0, high=1)

    def check(self, experiment: Setting) -> None:
        """Raise RequestError for a model without a density."""
        self.needs_model_density(experiment)

    def weights(self, key: Key, view: View, state: PyTree) -> tuple[Float[Array, " capacity"], PyTree]:
        """Weights [capacity]: 1 for the least likely rows, else 0; the state as given."""
        batch = view.synthetic
        score = -view.model.log_prob(view.params, batch.x)
        return best_share(score, batch.w, self.keep).astype(batch.w.dtype), state
