"""Increase of the held-out negative log-likelihood since generation 0, row by row."""

from __future__ import annotations

import jax.numpy as jnp

from collapsebench.maths.estimators.means import mean_estimate
from collapsebench.parts.data import Kind
from collapsebench.parts.metric import Estimate, Metric, View
from collapsebench.parts.part import Setting
from collapsebench.specs.pytree import Key, spec, static
from collapsebench.specs.registry import METRICS


@METRICS.register("nll_increase")
@spec
class NLLIncrease(Metric):
    """Mean increase of a holdout row's negative log-likelihood since generation 0, in nats (of text: a token).

    Its standard error is that of differences on the same rows, so that one trajectory suffices to tell an increase: which
    texts are hard cancels. parts: contiguous parts of the holdout that count as independent (0: every row is), for rows
    that come from the same documents; each is a mean of as many rows, and what is left of the last one is left out.
    """

    parts: int = static(0, within=(0, 2**20))

    needs_first = True
    estimates = True
    unit = "nats"

    def check(self, experiment: Setting) -> None:
        """Raise RequestError for a model without a density, or fewer rows than parts."""
        self.needs_model_density(experiment)
        if self.parts > experiment.holdout or self.parts == 1:
            raise self.refuse(f"parts = {self.parts}: from 2 to holdout = {experiment.holdout}, or 0 for every row")

    def __call__(self, key: Key, view: View) -> Estimate:
        x = view.holdout.x
        rise = view.model.log_prob(view.first, x) - view.model.log_prob(view.params, x)
        rise = rise / x.shape[1] if view.model.kind == Kind.TEXT else rise
        if not self.parts:
            return mean_estimate(rise, view.holdout.w)
        each = rise.shape[0] // self.parts
        return mean_estimate(jnp.asarray(rise[: each * self.parts]).reshape(self.parts, each).mean(axis=1))
