"""How much of the world the model can still say."""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp

from collapsebench.maths.estimators import reading
from collapsebench.parts.metric import Metric, View
from collapsebench.specs.pytree import Key, spec
from collapsebench.specs.registry import METRICS


@METRICS.register("support")
@spec
class Support(Metric):
    """Number of symbols alive; for other families 1 while the model is no point (parameter not absorbed), then 0."""

    unit = "symbols"
    log = True

    def check(self, experiment: Any) -> None:
        """Raise RequestError for a model whose spread is not known exactly."""
        exact = reading.offers(reading.families(experiment)[1], "log_variance")
        if reading.kind_of(experiment) != "symbol" and not exact:
            raise reading.refuse(self, "it needs symbols, or a family that knows its log_variance; use variance")

    def __call__(self, key: Key, view: View) -> Any:
        if getattr(view.model, "kind", "vector") == "symbol":
            alive = view.model.log_prob(view.params, jnp.arange(view.model.classes)) > -jnp.inf
            return alive.sum(dtype=jnp.result_type(float))
        return (reading.model_distribution(view).log_variance > -jnp.inf).astype(jnp.result_type(float))
