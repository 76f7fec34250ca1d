"""The kernel distance between what the model makes and what is real."""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp

from collapsebench.learning.features import prepare
from collapsebench.maths.estimators import reading
from collapsebench.maths.estimators.kernels import median_distance, mmd_squared
from collapsebench.parts.metric import Estimate, Metric, View
from collapsebench.specs.pytree import Key, spec, static
from collapsebench.specs.registry import METRICS

MEDIAN_ROWS = 64
"""Holdout rows whose 2016 distances give the median: sorting all pairs would cost more than the statistic."""


@METRICS.register("mmd")
@spec
class MMD(Metric):
    """Squared maximum mean discrepancy, unbiased (it may be a little below 0), Gaussian kernel.

    bandwidth: a number, or "median" for the median distance of real rows, so that all generations share it.
    On at most `rows` holdout rows and as many draws, as they are or, with features = "classifier", in a network's
    features (see collapsebench.learning.features). Source: Gretton et al. (2012), A kernel two-sample test.
    """

    bandwidth: Any = "median"
    rows: int = static(256)
    features: Any = "rows"

    estimates = True
    prepare = prepare

    def check(self, experiment: Any) -> None:
        """Raise RequestError for a bandwidth that is neither positive nor "median"."""
        reading.needs_pairs(self, experiment)
        wrong = self.bandwidth != "median" if isinstance(self.bandwidth, str) else not self.bandwidth > 0
        if wrong:
            raise reading.refuse(self, f'bandwidth = {self.bandwidth}: a positive number, or "median"')

    def __call__(self, key: Key, view: View) -> Estimate:
        real = reading.real_rows(view, self.rows, self.features)
        median = isinstance(self.bandwidth, str)
        bandwidth = median_distance(real[:MEDIAN_ROWS]) if median else jnp.asarray(self.bandwidth, real.dtype)
        return mmd_squared(real, reading.model_rows(key, view, real.shape[0], self.features), bandwidth)
