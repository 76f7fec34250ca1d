"""Perplexity of the generated rows under the model of generation 0."""

from __future__ import annotations

import jax.numpy as jnp
from jaxtyping import Array, Float

from collapsebench.parts.data import Kind
from collapsebench.parts.metric import Metric, View
from collapsebench.parts.part import Setting
from collapsebench.specs.pytree import Key, spec, within
from collapsebench.specs.registry import METRICS


@METRICS.register("first_perplexity")
@spec
class FirstPerplexity(Metric):
    """Perplexity of the synthetic rows under the model of generation 0, at a quantile over rows (1/2: the median).

    Of text a row is a block and its perplexity that of a token. Several quantiles are the histogram of Shumailov et al.
    (2024), whose mass moves to low perplexity while a long tail appears.
    """

    quantile: float = within(0.5, low=0, high=1)

    needs_first = True
    log = True

    def check(self, experiment: Setting) -> None:
        """Raise RequestError for a model without a density, or without single rows."""
        self.needs_model_density(experiment)
        if not experiment.handover.rows:
            raise self.refuse(f"it reads single rows, which handover = {experiment.handover} never makes")

    def __call__(self, key: Key, view: View) -> Float[Array, ""]:
        x, w = view.synthetic.x, view.synthetic.w
        found = -view.model.log_prob(view.first, x) / (x.shape[1] if view.model.kind == Kind.TEXT else 1)
        return jnp.exp(jnp.nanquantile(jnp.where(w > 0, found, jnp.nan), self.quantile))
