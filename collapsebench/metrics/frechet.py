"""Frechet distance between the Gaussian fits of real rows and of the model's draws."""

from __future__ import annotations

from collapsebench.maths.estimators.moments import sample_moments
from collapsebench.maths.estimators.transport import frechet
from collapsebench.parts.metric import Estimate, RowMetric, View
from collapsebench.specs.pytree import Key, spec
from collapsebench.specs.registry import METRICS


@METRICS.register("frechet")
@spec
class Frechet(RowMetric):
    """Squared Frechet distance between the normals with the moments of the whole holdout and of `rows` draws.

    Of the rows as they are or, with features = "classifier", in the features of a network that was trained on the real
    images (see collapsebench.learning.features; not Inception's, so it is no FID). Too large by about the trace of the
    covariance over `rows`; the standard error is that of the draws, by a jackknife over groups of them.
    Source: Dowson and Landau (1982); Heusel et al. (2017) on network features.
    """

    log = True

    def __call__(self, key: Key, view: View) -> Estimate:
        mean, covariance = sample_moments(self.seen(view.held_out()), view.holdout.w)
        return frechet(self.seen(view.drawn(key, self.rows)), mean, covariance)
