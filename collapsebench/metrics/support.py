"""Support: number of symbols with positive probability under the model."""

from __future__ import annotations

import jax.numpy as jnp
from jaxtyping import Array, Float

from collapsebench.parts.data import Kind
from collapsebench.parts.metric import Metric, View
from collapsebench.parts.part import Setting
from collapsebench.specs.pytree import Key, spec
from collapsebench.specs.registry import METRICS


@METRICS.register("support")
@spec
class Support(Metric):
    """Number of symbols (of text: tokens) with positive probability; of other families 1 until a point, then 0."""

    unit = "symbols"
    log = True

    def check(self, experiment: Setting) -> None:
        """Raise RequestError for a model whose spread is not known exactly."""
        self.needs_model_density(experiment)
        family = experiment.model.family()
        exact = family.knows("log_variance") or family.knows("support")
        if experiment.model.kind != Kind.SYMBOL and not exact:
            raise self.refuse("it needs symbols, or a family that knows its log_variance; use variance")

    def __call__(self, key: Key, view: View) -> Float[Array, ""]:
        if view.model.kind == Kind.SYMBOL:
            alive = view.model.log_prob(view.params, jnp.arange(view.target.classes)) > -jnp.inf
            return alive.sum(dtype=jnp.result_type(float))
        if view.model.kind == Kind.TEXT:
            return view.fitted.support()
        return (view.fitted.log_variance > -jnp.inf).astype(jnp.result_type(float))
