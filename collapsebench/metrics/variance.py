"""Variance: trace of the model's covariance, and its logarithm."""

from __future__ import annotations

import jax.numpy as jnp
from jaxtyping import Array, Float

from collapsebench.maths.estimators.moments import sample_moments
from collapsebench.maths.numerics import safe_log
from collapsebench.parts.metric import Metric, View
from collapsebench.parts.part import Setting
from collapsebench.specs.pytree import Key, spec, static
from collapsebench.specs.registry import METRICS


def _log_trace(key: Key, view: View, rows: int) -> Float[Array, ""]:
    """Log of the trace of the model's covariance, from draws where the model has no moments."""
    fitted = view.fitted
    if fitted.knows("log_variance"):
        return fitted.log_variance
    covariance = fitted.moments() if fitted.knows("moments") else sample_moments(view.drawn(key, rows))
    return safe_log(jnp.trace(covariance[1]))


@METRICS.register("variance")
@spec
class Variance(Metric):
    """Trace of the model's covariance; that of `rows` draws for a model without moments."""

    rows: int = static(256)

    log = True

    def check(self, experiment: Setting) -> None:
        """Raise RequestError unless the model has moments or gives rows that have."""
        self.needs_moments(experiment)

    def __call__(self, key: Key, view: View) -> Float[Array, ""]:
        return jnp.exp(_log_trace(key, view, self.rows))


@METRICS.register("log_variance")
@spec
class LogVariance(Metric):
    """Log of the trace of the model's covariance; -inf once the model is a point."""

    rows: int = static(256)

    def check(self, experiment: Setting) -> None:
        """Raise RequestError unless the model has moments or gives rows that have."""
        self.needs_moments(experiment)

    def __call__(self, key: Key, view: View) -> Float[Array, ""]:
        return _log_trace(key, view, self.rows)
