"""TopP: the most likely draws, as nucleus sampling and typical generation settings keep them."""

from __future__ import annotations

from jaxtyping import Array, Float, PyTree

from collapsebench.maths.ranking import weighted_quantile
from collapsebench.parts.curator import Curator
from collapsebench.parts.metric import View
from collapsebench.parts.part import Setting
from collapsebench.specs.pytree import Key, spec, within
from collapsebench.specs.registry import CURATORS


@CURATORS.register("top_p")
@spec
class TopP(Curator):
    """Keep the draws that are most likely under the model that drew them, as few as hold the share `mass`; ties stay.

    Of symbols it is nucleus sampling (Holtzman et al., 2020): equal ones are kept or dropped together. Laws: of symbols
    `theory.top_p_law`; of a normal `theory.truncation_variance_law`, which keeps `mass` of the draws in every generation.
    """

    mass: float = within(0.9, low=0, high=1)

    def check(self, experiment: Setting) -> None:
        """Raise RequestError for a model without a density."""
        self.needs_model_density(experiment)

    def weights(self, key: Key, view: View, state: PyTree) -> tuple[Float[Array, " capacity"], PyTree]:
        """Weights [capacity]: 1 for the most likely rows, else 0; the state as given."""
        batch = view.synthetic
        nats = -view.model.log_prob(view.params, batch.x)
        return (nats <= weighted_quantile(nats, batch.w, self.mass)).astype(batch.w.dtype), state
