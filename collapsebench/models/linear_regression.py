"""Linear regression by ordinary least squares."""

from __future__ import annotations

import jax.numpy as jnp

from collapsebench.maths.distributions.labelled import LabelledModel, feature_scales
from collapsebench.maths.distributions.linear import LinearGaussian, RegressionMoments, least_squares
from collapsebench.maths.triangles import independent
from collapsebench.parts.data import Batch, Data
from collapsebench.specs.pytree import Key, Number, Unnamed, spec, static, within
from collapsebench.specs.registry import MODELS


@MODELS.register("linear_regression")
@spec
class LinearRegression(LabelledModel):
    """Ordinary least squares, y = x w + N(0, noise^2); minimum-norm solution where rows are fewer than `dim`.

    fresh: inputs are drawn anew in every generation, with variance i^-decay; else the same ones are labelled again.
    features: only so many leading inputs are used (None: all).
    Law: under replace the excess risk is noise^2 dim / (n - dim - 1) per fit. Source: Gerstgrasser et al. (2024).
    """

    dim: int = static(Unnamed(3))
    noise: float = within(1.0, low=0)
    decay: float = 0.0
    fresh: bool = static(False)
    features: int | None = static(None)

    summary = RegressionMoments

    def work(self, n: float) -> tuple[float, float]:
        """A normal for each label and each new input; n (dim + 1 columns) rows' second moments and predictions."""
        return n * self.dim * self.fresh + n, 2 * n * self.dim + n * self.dim * (self.dim + 1)

    def init(self, key: Key) -> LinearGaussian:
        scales = feature_scales(self.dim, self.decay)
        return LinearGaussian(jnp.zeros_like(scales), jnp.asarray(self.noise, scales.dtype), scales)

    def reduce_drawn(self, key: Key, params: LinearGaussian, drawn: Batch, n: Number | None = None) -> Data:
        """Statistics of the standard normals behind the rows, where these are many and all new."""
        own = all(
            getattr(type(self), name) is getattr(LabelledModel, name) for name in ("sample", "sample_from", "generator")
        )
        if own and self.fresh and n is not None and independent(n, drawn.capacity, self.dim):
            return params.reduce_drawn(key, drawn.capacity)
        return self.summary.of(drawn)

    def fit(self, key: Key, params: LinearGaussian, data: Data) -> LinearGaussian:
        return LinearGaussian(
            least_squares(RegressionMoments.of(data), None, self.features), params.noise, params.scales
        )
