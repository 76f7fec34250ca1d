"""Multivariate normal model, fitted by its moments."""

from __future__ import annotations

import dataclasses
from typing import ClassVar

from collapsebench.maths.distributions.normal import Moments, Normal
from collapsebench.parts.data import Batch, Data
from collapsebench.parts.model import Dials, Model
from collapsebench.specs.pytree import Key, Number, Unnamed, spec, static, within
from collapsebench.specs.registry import MODELS


@MODELS.register("gaussian")
@spec
class Gaussian(Model):
    """Multivariate normal in `dim` dimensions, full covariance, by maximum likelihood or unbiased (weight - 1).

    `bias` is the sampling bias b of Alemohammad et al. (2024): synthetic data are drawn with covariance b S.
    """

    dim: int = static(Unnamed(1))
    unbiased: bool = False
    bias: float = within(1.0, low=0)

    summary = Moments
    extrapolates = True
    dials: ClassVar[Dials] = {"approximation": ("bias", (0.7, 0.9, 0.99, 1.0))}

    def exact(self) -> Gaussian:
        """Same model without sampling bias."""
        return dataclasses.replace(self, bias=1.0)

    def init(self, key: Key) -> Normal:
        return Normal.standard(self.dim)

    def fit(self, key: Key, params: Normal, data: Data) -> Normal:
        return Normal.fit(Moments.of(data), ddof=self.unbiased)

    def work(self, n: float) -> tuple[float, float]:
        """n d normals; for d > 1 n d^2 operations for the correlations and n d (d + 1) for the second moments."""
        return n * self.dim, 0.0 if self.dim == 1 else n * self.dim**2 + n * self.dim * (self.dim + 1)

    def reduce_drawn(self, key: Key, params: Normal, drawn: Batch, n: Number | None = None) -> Data:
        """Moments from the standard draws behind the rows, so that a spread far below the mean's rounding is kept."""
        own = type(self).sample is Model.sample and type(self).sample_from is Model.sample_from
        return self.generator(params).reduce_drawn(key, drawn.w, n) if own else self.summary.of(drawn)

    def extrapolate(self, params: Normal, other: Normal, weight: Number) -> Normal:
        """Beyond `params`: see `Normal.extrapolate`."""
        return params.extrapolate(other, weight)

    def generator(self, params: Normal) -> Normal:
        return params.widen(self.bias)
