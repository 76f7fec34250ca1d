"""Exponential model."""

from __future__ import annotations

import jax.numpy as jnp
import numpy as np

from collapsebench.datasets.given import place
from collapsebench.maths import samplers
from collapsebench.maths.distributions.exponential import Exponential as ExponentialDistribution
from collapsebench.maths.distributions.exponential import LogTotal
from collapsebench.maths.numerics import safe_log
from collapsebench.parts.data import Batch, Data
from collapsebench.parts.model import Model
from collapsebench.specs.pytree import Key, Number, spec
from collapsebench.specs.registry import MODELS

MANY = 32
"""Rows from which on the rounding of each draw is lost in their sum's."""


@MODELS.register("exponential")
@spec
class Exponential(Model):
    """Exponential distribution by maximum likelihood: the mean; the point at 0 for an empty training set."""

    dim = 1
    summary = LogTotal

    def outside(self, x: np.ndarray) -> str:
        return f"{place(x < 0)} is {x[x < 0][0]:g}; it must be at least 0" if (x < 0).any() else ""

    def init(self, key: Key) -> ExponentialDistribution:
        return ExponentialDistribution(jnp.zeros((), jnp.result_type(float)))

    def fit(self, key: Key, params: ExponentialDistribution, data: Data) -> ExponentialDistribution:
        totals = LogTotal.of(data)  # type: ignore[arg-type]
        log_mean = totals.log_total - safe_log(jnp.where(totals.w > 0, totals.w, 1))
        return ExponentialDistribution(log_mean)

    def reduce_drawn(self, key: Key, params: ExponentialDistribution, drawn: Batch, n: Number | None = None) -> Data:
        """The total of many rows, none of which is stored where nothing else reads them."""
        own = all(getattr(type(self), name) is getattr(Model, name) for name in ("sample", "sample_from", "generator"))
        few = drawn.capacity < MANY or not isinstance(n, int) or n != drawn.capacity
        if few or not own or params.log_scale.dtype != jnp.float32:
            return self.summary.of(drawn)
        total = samplers.exponential_total(key, drawn.capacity)
        return LogTotal(jnp.float32(drawn.capacity), params.log_scale + jnp.log(total))
