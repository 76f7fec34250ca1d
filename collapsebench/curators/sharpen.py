"""Sharpen: draws weighed by a power of the model's own density, as a sampling temperature does."""

from __future__ import annotations

from jaxtyping import Array, Float, PyTree

from collapsebench.maths.ranking import mean_one
from collapsebench.parts.curator import Curator
from collapsebench.parts.metric import View
from collapsebench.parts.part import Setting
from collapsebench.specs.pytree import Key, spec, within
from collapsebench.specs.registry import CURATORS


@CURATORS.register("sharpen")
@spec
class Sharpen(Curator):
    """Weigh draws by the model's density to the power 1 / `temperature` - 1, so that they stand for a sharper model.

    The weights have mean 1. Laws: the variance of a normal times `temperature`; of symbols `theory.temperature_law`. Above
    temperature 2 the weights of a normal have no variance.
    """

    temperature: float = within(0.8, low=1e-3)

    def check(self, experiment: Setting) -> None:
        """Raise RequestError for a model without a density."""
        self.needs_model_density(experiment)

    def weights(self, key: Key, view: View, state: PyTree) -> tuple[Float[Array, " capacity"], PyTree]:
        """Weights [capacity], of mean 1; the state as given."""
        batch = view.synthetic
        power = (1 / self.temperature - 1) * view.model.log_prob(view.params, batch.x)
        return mean_one(power, batch.w), state
