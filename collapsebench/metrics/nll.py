"""Negative log-likelihood of held-out real rows, in nats."""

from __future__ import annotations

import dataclasses

import jax

from collapsebench.maths.estimators.means import mean_estimate
from collapsebench.parts.metric import Estimate, Metric, View
from collapsebench.parts.part import Setting
from collapsebench.specs.pytree import Key, spec, static
from collapsebench.specs.registry import METRICS


@METRICS.register("nll")
@spec
class NLL(Metric):
    """Mean negative log-likelihood of a holdout row (of text: a token), in nats; inf where one has no mass.

    part, parts: that of the holdout's part number `part` alone, of `parts` equal ones, from 0: runs of one name and seed
    have one holdout, and their differences part by part tell them apart by fewer trajectories.
    """

    part: int = static(0, within=(0, 2**20))
    parts: int = static(1, within=(1, 2**20))

    estimates = True
    unit = "nats"

    def check(self, experiment: Setting) -> None:
        """Raise RequestError for a model without a density, or a part that is not there."""
        self.needs_model_density(experiment)
        if self.part >= self.parts:
            raise self.refuse(f"part = {self.part}: from 0 to parts - 1 = {self.parts - 1}")
        if self.parts > experiment.holdout:
            raise self.refuse(f"parts = {self.parts}: holdout = {experiment.holdout}, so at most that")

    def __call__(self, key: Key, view: View) -> Estimate:
        if self.parts > 1:
            each = view.holdout.w.shape[0] // self.parts
            own = slice(self.part * each, (self.part + 1) * each)
            view = dataclasses.replace(view, holdout=jax.tree.map(lambda a: a[own], view.holdout))
        return mean_estimate(-view.log_prob_each(), view.holdout.w)
