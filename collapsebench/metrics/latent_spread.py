"""Latent spread: standard deviation of the model's draws in the code space of generation 0's encoder."""

from __future__ import annotations

import jax.numpy as jnp
from jaxtyping import Array, Float

from collapsebench.parts.metric import Metric, View
from collapsebench.parts.part import Setting
from collapsebench.specs.pytree import Key, spec, static
from collapsebench.specs.registry import METRICS


@METRICS.register("latent_spread")
@spec
class LatentSpread(Metric):
    """Standard deviation of the codes that generation 0's encoder gives to `rows` draws of the model.

    Of the codes' means, over rows and coordinates together. Source: Shumailov et al. (2024), latent-space figure.
    """

    rows: int = static(100)

    needs_first = True

    def check(self, experiment: Setting) -> None:
        """Raise RequestError for a model without an encoder."""
        if not experiment.model.encodes:
            raise self.refuse("the model has no encoder; use vae")

    def __call__(self, key: Key, view: View) -> Float[Array, ""]:
        drawn = view.drawn(key, self.rows)
        return jnp.std(view.model.encode(view.first, drawn)[0])
