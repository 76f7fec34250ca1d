"""Gaussian-mixture model, fitted by expectation-maximisation."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import ClassVar

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import PyTree

from collapsebench.maths.distributions.mixture import NODES, Mixture
from collapsebench.maths.em import Rules, fit_mixture
from collapsebench.parts.data import Batch
from collapsebench.parts.distribution import Distribution
from collapsebench.parts.model import Dials, Model
from collapsebench.parts.part import Setting
from collapsebench.parts.target import Target
from collapsebench.specs.errors import RequestError, nearest
from collapsebench.specs.pytree import Key, Unnamed, spec, static, within
from collapsebench.specs.registry import MODELS

COVARIANCES = ("full", "diagonal", "spherical")


@MODELS.register("gaussian_mixture")
@spec
class GaussianMixture(Model):
    """Mixture of `components` normals in `dim` dimensions by EM, from a k-means++ start or from the last model.

    covariance: "full", "diagonal" or "spherical". steps, lloyd: the most EM and Lloyd steps. tolerance: EM ends when
    the mean log-likelihood gains less in a step. ridge: added to every variance.
    start: a `Mixture` of as many components that EM starts from; None: k-means++ on the data.
    `init` gives equal components, which are no start, so the fit starts from its data; with `warm_start` the loop
    hands over the last model and EM goes on from there. Empty and singular components: see `em.fit_mixture`.
    Source: Dempster, Laird and Rubin (1977); stop and ridge as in scikit-learn's GaussianMixture.
    """

    components: int = static(2)
    dim: int = static(Unnamed(1))
    covariance: str = static("full")
    steps: int = within(100, low=0)
    lloyd: int = within(100, low=0)
    tolerance: float = within(1e-3, low=0)
    ridge: float = within(1e-6, low=0)
    start: PyTree = None

    iterative = True
    learner = ("steps", "lloyd", "tolerance", "ridge")
    dials: ClassVar[Dials] = {
        "expressivity": ("components", (1, 2, 4, 8)),
        "approximation": ("steps", (0, 1, 2, 5, 10, 100)),
    }

    def check(self, experiment: Setting) -> None:
        """Raise RequestError for an unknown covariance, an unfit start, or a population in too many dimensions."""
        if self.covariance not in COVARIANCES:
            known = ", ".join(COVARIANCES)
            raise RequestError(
                f"model.covariance = {self.covariance}: not one of {known}{nearest(self.covariance, COVARIANCES)}"
            )
        if self.components < 1:
            raise RequestError(f"model.components = {self.components}: it must be at least 1")
        if self.start is not None and not self._fits(self.start):
            raise RequestError(f"model.start: it must be a Mixture with means of shape {(self.components, self.dim)}")
        if experiment.handover.infinite and self.dim not in NODES:
            raise RequestError(f"model.dim = {self.dim}: handover = population needs at most {max(NODES)} dimensions")

    def _fits(self, start: PyTree) -> bool:
        return isinstance(start, Mixture) and np.shape(start.mean) == (self.components, self.dim)

    def holds(self, family: Distribution) -> bool:
        """Whether it has at least as many components as the family, each with a full covariance of its own."""
        return self.components >= family.components and self.covariance == "full"

    def opened(self) -> Iterator[GaussianMixture]:
        """No larger classes: the target tells how many components are needed."""
        yield from ()

    def from_truth(self, target: Target) -> GaussianMixture:
        """Copy that starts EM at the target, from where it reaches no other optimum."""
        truth = target.distribution()
        if self.start is not None or not isinstance(truth, Mixture) or truth.components != self.components:
            return self
        return self.replace(start=jax.tree.map(np.asarray, truth))

    def exact(self) -> GaussianMixture:
        """Same model with EM, and Lloyd's steps before it, until convergence, and a negligible ridge.

        Not 0: without a ridge the likelihood of a finite sample has no maximum.
        """
        return dataclasses.replace(self, steps=1000, lloyd=1000, tolerance=1e-10, ridge=1e-6)

    def init(self, key: Key) -> Mixture:
        if self.start is not None:
            return jax.tree.map(lambda a: jnp.asarray(a, jnp.result_type(float)), self.start)
        return Mixture.spherical(jnp.zeros((self.components, self.dim)), 1.0)

    def fit(self, key: Key, params: Mixture, data: Batch) -> Mixture:
        rules = Rules(self.covariance, self.steps, self.lloyd, self.tolerance, self.ridge)
        return fit_mixture(key, params, data, rules)
