"""How much spread is left in the model."""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp

from collapsebench.maths.estimators import reading
from collapsebench.parts.metric import Metric, View
from collapsebench.specs.pytree import Key, spec, static
from collapsebench.specs.registry import METRICS


@METRICS.register("variance")
@spec
class Variance(Metric):
    """Trace of the model's covariance; that of `rows` draws for a model without moments."""

    rows: int = static(256)

    log = True
    check = reading.needs_moments

    def __call__(self, key: Key, view: View) -> Any:
        return jnp.exp(reading.log_trace(key, view, self.rows))


@METRICS.register("log_variance")
@spec
class LogVariance(Metric):
    """Log of the trace of the model's covariance; -inf once the model is a point."""

    rows: int = static(256)

    check = reading.needs_moments

    def __call__(self, key: Key, view: View) -> Any:
        return reading.log_trace(key, view, self.rows)
