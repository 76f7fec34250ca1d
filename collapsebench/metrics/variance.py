"""How much spread is left in the model."""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp

from collapsebench.numerics import safe_log
from collapsebench.registry import METRICS
from collapsebench.types import Key, Metric, View, spec


def _distribution(view: View) -> Any:
    return view.model.distribution(view.params)


@METRICS.register("variance")
@spec
class Variance(Metric):
    """Trace of the model's covariance."""

    def __call__(self, key: Key, view: View) -> Any:
        distribution = _distribution(view)
        if hasattr(distribution, "log_variance"):
            return jnp.exp(distribution.log_variance)
        return jnp.trace(distribution.moments()[1])


@METRICS.register("log_variance")
@spec
class LogVariance(Metric):
    """Log of the trace of the model's covariance; -inf once the model is a point."""

    def __call__(self, key: Key, view: View) -> Any:
        distribution = _distribution(view)
        if hasattr(distribution, "log_variance"):
            return distribution.log_variance
        return safe_log(jnp.trace(distribution.moments()[1]))
