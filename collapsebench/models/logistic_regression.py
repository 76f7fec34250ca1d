"""Logistic regression by Newton's method."""

from __future__ import annotations

import dataclasses
from typing import ClassVar

import jax.numpy as jnp
import numpy as np
from jaxtyping import PyTree

from collapsebench.datasets.given import place
from collapsebench.maths.distributions.labelled import LabelledModel, feature_scales
from collapsebench.maths.distributions.logistic import LogisticLabels, newton
from collapsebench.parts.data import Batch
from collapsebench.parts.model import Dials
from collapsebench.parts.part import Setting
from collapsebench.specs.errors import RequestError
from collapsebench.specs.pytree import Key, Unnamed, spec, static, within
from collapsebench.specs.registry import MODELS


@MODELS.register("logistic_regression")
@spec
class LogisticRegression(LabelledModel):
    """Logistic regression P(y = 1 | x) = 1 / (1 + exp(-x w)) by maximum likelihood, `steps` damped Newton steps.

    penalty: a ridge per unit of weight, too small to see unless the labels are separable, where it keeps w finite.
    `decay`, `fresh` and `features` as in LinearRegression. Source: in a loop, Dey and Donoho (2024).
    """

    dim: int = static(Unnamed(3))
    penalty: float = within(1e-10, low=0)
    decay: float = 0.0
    fresh: bool = static(False)
    steps: int = static(16)
    features: int | None = static(None)

    learner = ("steps",)
    dials: ClassVar[Dials] = {**LabelledModel.dials, "approximation": ("steps", (1, 2, 4, 16))}

    def check(self, experiment: Setting) -> None:
        """Raise RequestError as for every labelled model, and for a population without quadrature nodes."""
        super().check(experiment)
        if experiment.handover.infinite and not (self.fresh and self.dim <= 2):
            raise RequestError(
                "handover = population: logistic regression needs model.fresh = True and dim = 1 or 2; use samples"
            )

    def exact(self) -> LogisticRegression:
        """Same model with Newton's steps until convergence."""
        return dataclasses.replace(self, steps=32)

    def outside(self, x: PyTree) -> str:
        wrong = ~np.isin(x["y"], (0, 1))
        return f"y: {place(wrong)} is {x['y'][wrong][0]:g}; a label is 0 or 1" if wrong.any() else ""

    def init(self, key: Key) -> LogisticLabels:
        scales = feature_scales(self.dim, self.decay)
        return LogisticLabels(jnp.zeros_like(scales), scales)

    def fit(self, key: Key, params: LogisticLabels, data: Batch) -> LogisticLabels:
        used = self.dim if self.features is None else self.features
        rows = Batch({"x": data.x["x"][:, :used], "y": data.x["y"]}, data.w)
        coef = newton(rows, params.coef[:used], jnp.asarray(self.penalty), self.steps)
        return LogisticLabels(jnp.pad(coef, (0, self.dim - used)), params.scales)
