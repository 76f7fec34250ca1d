"""Tail mass: the model's mass on the real tail."""

from __future__ import annotations

import jax.numpy as jnp
from jax.scipy.special import ndtr, ndtri
from jaxtyping import Array

from collapsebench.maths.distributions.normal import Normal
from collapsebench.maths.estimators.means import exact, share_estimate
from collapsebench.maths.estimators.ordering import quantiles
from collapsebench.parts.data import Kind
from collapsebench.parts.metric import Estimate, Metric, View
from collapsebench.parts.part import Setting
from collapsebench.specs.pytree import Key, spec, static
from collapsebench.specs.registry import METRICS


@METRICS.register("tail_mass")
@spec
class TailMass(Metric):
    """Model mass in the real tail: where the target's density is below its own `quantile` quantile.

    `quantile` at the start, 0 once the tail is lost, above it for a model that hallucinates. Of symbols: the rarest
    ones of total mass at most `quantile`. Exact for symbols and for normals on the line; otherwise the quantile comes
    from the holdout and the mass from `rows` draws, and the standard error covers both.
    """

    quantile: float = 0.05
    rows: int = static(1024)

    estimates = True

    def check(self, experiment: Setting) -> None:
        """Raise RequestError for a quantile outside (0, 1) or a target that does not know its density."""
        if isinstance(self.quantile, int | float) and not 0 < self.quantile < 1:
            raise self.refuse(f"quantile = {self.quantile}: it must be between 0 and 1")
        self.needs_target_density(experiment)
        if experiment.model.kind == Kind.SYMBOL:
            self.needs_model_density(experiment)
        else:
            self.needs_draws(experiment)

    def __call__(self, key: Key, view: View) -> Estimate:
        if view.model.kind == Kind.SYMBOL:
            return exact(self._symbols(view))
        model, target = view.fitted, view.truth
        if isinstance(model, Normal) and isinstance(target, Normal) and model.dim == 1:
            return exact(self._two_sided(model, target))
        return self._drawn(key, view)

    def _symbols(self, view: View) -> Array:
        symbols = jnp.arange(view.target.classes)
        real = jnp.exp(view.target.log_prob(symbols))
        order = jnp.argsort(real)
        rare = jnp.cumsum(real[order]) <= self.quantile
        return jnp.where(rare, jnp.exp(view.model.log_prob(view.params, symbols))[order], 0).sum()

    def _two_sided(self, model: Normal, target: Normal) -> Array:
        unit = jnp.abs(target.scale_tril[0, 0])
        shift = (model.mean - target.mean)[0] / unit
        sd = jnp.maximum(jnp.abs(model.scale_tril[0, 0]) / unit, jnp.finfo(unit.dtype).tiny)
        edge = -ndtri(jnp.asarray(self.quantile, unit.dtype) / 2)
        return ndtr((-edge - shift) / sd) + ndtr((shift - edge) / sd)

    def _drawn(self, key: Key, view: View) -> Estimate:
        """Variance: the draws', and the threshold's, q (1 - q) / holdout (d model mass / d target mass)^2."""
        q, dtype = self.quantile, jnp.result_type(float)
        drawn = view.target.log_prob(view.density_rows(key, self.rows))
        held = view.target.log_prob(view.holdout.x)
        levels = quantiles(held, q * jnp.asarray([0.5, 1.0, 1.5], dtype))
        mass = share_estimate(drawn < levels[1])
        slope = ((drawn < levels[2]).mean(dtype=dtype) - (drawn < levels[0]).mean(dtype=dtype)) / q
        threshold = slope**2 * q * (1 - q) / held.shape[0]
        return Estimate(mass.value, jnp.sqrt(mass.standard_error**2 + threshold))
