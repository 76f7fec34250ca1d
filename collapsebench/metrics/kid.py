"""The cubic-kernel distance between what the model makes and what is real."""

from __future__ import annotations

from typing import Any

from collapsebench.learning.features import prepare
from collapsebench.maths.estimators import reading
from collapsebench.maths.estimators.kernels import polynomial_mmd_squared
from collapsebench.parts.metric import Estimate, Metric, View
from collapsebench.specs.pytree import Key, spec, static
from collapsebench.specs.registry import METRICS


@METRICS.register("kid")
@spec
class KID(Metric):
    """Squared maximum mean discrepancy, unbiased (it may be a little below 0), kernel (a . b / d + 1)^3.

    The statistic of the kernel inception distance, on at most `rows` holdout rows and as many draws: as they are or,
    with features = "classifier", in the features of a network that was trained on the real images (see
    collapsebench.features). Neither are Inception's, so the numbers are not to be compared with published ones.
    Source: Binkowski et al. (2018), Demystifying MMD GANs.
    """

    rows: int = static(256)
    features: Any = "rows"

    estimates = True
    check = reading.needs_pairs
    prepare = prepare

    def __call__(self, key: Key, view: View) -> Estimate:
        real = reading.real_rows(view, self.rows, self.features)
        return polynomial_mmd_squared(real, reading.model_rows(key, view, real.shape[0], self.features))
