"""The distance between Gaussian fits of what the model makes and what is real."""

from __future__ import annotations

from typing import Any

from collapsebench.learning.features import prepare
from collapsebench.maths.estimators import reading
from collapsebench.maths.estimators.transport import frechet
from collapsebench.parts.metric import Estimate, Metric, View
from collapsebench.specs.pytree import Key, spec, static
from collapsebench.specs.registry import METRICS


@METRICS.register("frechet")
@spec
class Frechet(Metric):
    """Squared Frechet distance between the normals with the moments of the whole holdout and of `rows` draws.

    Of the rows as they are or, with features = "classifier", in the features of a network that was trained on the real
    images (see collapsebench.learning.features; not Inception's, so it is no FID). Too large by about the trace of the
    covariance over `rows`; the standard error is that of the draws, by a jackknife over groups of them.
    Source: Dowson and Landau (1982); Heusel et al. (2017) on network features.
    """

    rows: int = static(256)
    features: Any = "rows"

    estimates = True
    log = True
    check = reading.needs_rows
    prepare = prepare

    def __call__(self, key: Key, view: View) -> Estimate:
        mean, covariance = reading.sample_moments(reading.real_rows(view, features=self.features), view.holdout.w)
        return frechet(reading.model_rows(key, view, self.rows, self.features), mean, covariance)
