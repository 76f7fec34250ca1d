"""Within log variance: log of the mean trace of a mixture's component covariances."""

from __future__ import annotations

from typing import Any

import jax
from jaxtyping import Array, Float

from collapsebench.maths.distributions.mixture import Mixture
from collapsebench.parts.metric import Metric, View
from collapsebench.parts.part import Setting
from collapsebench.specs.pytree import Key, spec
from collapsebench.specs.registry import METRICS


@METRICS.register("within_log_variance")
@spec
class WithinLogVariance(Metric):
    """Log of the mean trace of a mixture's component covariances (the modal variance); -inf where all are points."""

    def check(self, experiment: Setting) -> None:
        """Raise RequestError for a model that is no mixture."""
        if not isinstance(experiment.model.family(), Mixture):
            raise self.refuse("the model is no mixture of normals; use log_variance")

    def __call__(self, key: Key, view: View) -> Float[Array, ""]:
        mixture: Any = view.fitted
        return jax.nn.logsumexp(
            mixture.log_weights + jax.vmap(lambda normal: normal.log_variance)(mixture.component_normals())
        )
