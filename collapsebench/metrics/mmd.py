"""MMD: squared maximum mean discrepancy with a Gaussian kernel."""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp
from jaxtyping import Array, Float

from collapsebench.maths.estimators.kernels import median_distance, mmd_squared
from collapsebench.parts.metric import Estimate, RowMetric
from collapsebench.parts.part import Setting
from collapsebench.specs.errors import shown
from collapsebench.specs.fields import as_number
from collapsebench.specs.pytree import Key, spec
from collapsebench.specs.registry import METRICS

MEDIAN_ROWS = 64
"""Holdout rows whose 2016 distances give the median: sorting all pairs would cost more than the statistic."""


@METRICS.register("mmd")
@spec
class MMD(RowMetric):
    """Squared maximum mean discrepancy, unbiased (may be slightly below 0), Gaussian kernel.

    bandwidth: a number, or "median" for the median distance of real rows, so that all generations share it.
    On at most `rows` holdout rows and as many draws, as they are or, with features = "classifier", in a network's
    features (see collapsebench.learning.features). Source: Gretton et al. (2012), A kernel two-sample test.
    """

    bandwidth: Any = "median"

    least = 5

    def check(self, experiment: Setting) -> None:
        """Raise RequestError for a bandwidth that is neither positive nor "median"."""
        super().check(experiment)
        h = self.bandwidth
        number = as_number(h)
        wrong = h != "median" if isinstance(h, str) else number is None or number.ndim > 0 or not number > 0
        if wrong:
            raise self.refuse(f'bandwidth = {shown(h)}: a positive number, or "median"')

    def compare(self, key: Key, real: Float[Array, "n d"], drawn: Float[Array, "n d"]) -> Estimate:
        """Unbiased squared discrepancy of real rows [n, d] and draws [n, d], Gaussian kernel, with standard error."""
        median = isinstance(self.bandwidth, str)
        bandwidth = median_distance(real[:MEDIAN_ROWS]) if median else jnp.asarray(self.bandwidth, real.dtype)
        return mmd_squared(real, drawn, bandwidth)
