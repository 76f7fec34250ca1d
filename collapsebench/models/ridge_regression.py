"""Ridge regression."""

from __future__ import annotations

import dataclasses
from typing import ClassVar

import jax.numpy as jnp

from collapsebench.maths.distributions.labelled import LabelledModel, feature_scales
from collapsebench.maths.distributions.linear import LinearGaussian, RegressionMoments, least_squares
from collapsebench.parts.data import Data
from collapsebench.parts.model import Dials
from collapsebench.specs.pytree import Key, Unnamed, spec, static, within
from collapsebench.specs.registry import MODELS


@MODELS.register("ridge_regression")
@spec
class RidgeRegression(LabelledModel):
    """Ridge regression: least squares that minimises the weighted mean of (y - x w)^2 plus penalty |w|^2.

    The penalty is per unit of weight (scikit-learn's alpha is n times it). `noise`, `decay`, `fresh` and
    `features` as in LinearRegression. Source: Hoerl and Kennard (1970); in a loop, Dohmatob et al. (NeurIPS 2024).
    """

    dim: int = static(Unnamed(3))
    penalty: float = within(0.1, low=0)
    noise: float = within(1.0, low=0)
    decay: float = 0.0
    fresh: bool = static(False)
    features: int | None = static(None)

    summary = RegressionMoments
    dials: ClassVar[Dials] = {**LabelledModel.dials, "approximation": ("penalty", (1.0, 0.1, 0.01, 0.0))}

    def exact(self) -> RidgeRegression:
        """Same model without a penalty."""
        return dataclasses.replace(self, penalty=0.0)

    def work(self, n: float) -> tuple[float, float]:
        """A normal for each label and each new input; n (dim + 1 columns) rows' second moments and predictions."""
        return n * self.dim * self.fresh + n, 2 * n * self.dim + n * self.dim * (self.dim + 1)

    def init(self, key: Key) -> LinearGaussian:
        scales = feature_scales(self.dim, self.decay)
        return LinearGaussian(jnp.zeros_like(scales), jnp.asarray(self.noise, scales.dtype), scales)

    def fit(self, key: Key, params: LinearGaussian, data: Data) -> LinearGaussian:
        moments = RegressionMoments.of(data)
        coef = least_squares(moments, self.penalty * moments.weight, self.features)
        return LinearGaussian(coef, params.noise, params.scales)
