"""KID: squared maximum mean discrepancy with a cubic kernel."""

from __future__ import annotations

from jaxtyping import Array, Float

from collapsebench.maths.estimators.kernels import polynomial_mmd_squared
from collapsebench.parts.metric import Estimate, RowMetric
from collapsebench.specs.pytree import Key, spec
from collapsebench.specs.registry import METRICS


@METRICS.register("kid")
@spec
class KID(RowMetric):
    """Squared maximum mean discrepancy, unbiased (may be slightly below 0), kernel (a . b / d + 1)^3.

    The statistic of the kernel inception distance, on at most `rows` holdout rows and as many draws: as they are or,
    with features = "classifier", in the features of a network that was trained on the real images (see
    collapsebench.features). Neither are Inception's, so the numbers are not to be compared with published ones.
    Source: Binkowski et al. (2018), Demystifying MMD GANs.
    """

    least = 5

    def compare(self, key: Key, real: Float[Array, "n d"], drawn: Float[Array, "n d"]) -> Estimate:
        """Unbiased squared discrepancy of real rows [n, d] and draws [n, d], cubic kernel, with its standard error."""
        return polynomial_mmd_squared(real, drawn)
