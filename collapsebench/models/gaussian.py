"""The multivariate normal fitted by its moments."""

from __future__ import annotations

import dataclasses
from typing import Any, ClassVar

from collapsebench.maths.distributions.normal import Moments, Normal
from collapsebench.maths.distributions.roles import DistributionModel
from collapsebench.parts.data import Data
from collapsebench.specs.pytree import Key, spec, static, within
from collapsebench.specs.registry import MODELS


@MODELS.register("gaussian")
@spec
class Gaussian(DistributionModel):
    """Normal in `dim` dimensions, full covariance; maximum likelihood, or unbiased (divides by weight - 1).

    `bias` is the sampling bias b of Alemohammad et al. (2024): synthetic data are drawn with covariance b S.
    """

    dim: int = static(1)
    unbiased: bool = False
    bias: float = within(1.0, low=0)

    summary: ClassVar[type] = Moments
    dials: ClassVar[Any] = {"approximation": ("bias", (0.7, 0.9, 0.99, 1.0))}

    def exact(self) -> Gaussian:
        """The same without sampling bias."""
        return dataclasses.replace(self, bias=1.0)

    def init(self, key: Key) -> Normal:
        return Normal.standard(self.dim)

    def fit(self, key: Key, params: Normal, data: Data) -> Normal:
        return Normal.fit(Moments.of(data), ddof=self.unbiased)

    def generator(self, params: Normal) -> Normal:
        return params.widen(self.bias)
