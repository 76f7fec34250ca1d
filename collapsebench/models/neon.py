"""Neon: a model pushed away from what a fit to its own draws makes of it."""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, PyTree

from collapsebench.maths.streams import part
from collapsebench.parts.data import Batch, Data
from collapsebench.parts.part import Setting
from collapsebench.parts.wrapper import Wrapper
from collapsebench.specs.errors import RequestError
from collapsebench.specs.names import spec_name
from collapsebench.specs.pytree import Key, spec, static
from collapsebench.specs.registry import MODELS


@MODELS.register("neon")
@spec
class Neon(Wrapper):
    """`model` pushed beyond its fit, away from a refit to `rows` of its own draws: negative guidance (Neon).

    Its parameters are (1 + weight) those of the fit - weight those of the refit, which starts there. What self-training
    does is undone in advance, to first order: a sampling bias and the expected loss of spread, not what chance does, which
    it adds to. A fit costs a second one and `rows` draws. What the parameters are the model says (`Model.extrapolate`): a
    network's weights, a regression's coefficients, the mean and the log-Cholesky root of a normal.
    Laws of a normal: `theory.neon_log_variance_law`, `theory.neon_variance_law`, `theory.neon_mean_error_law`. A regression,
    which has no bias to undo, only gains weight^2 `theory.least_squares_risk_law` of `rows` in risk at every fit.
    model: a spec, or a registered name, of a model with such parameters.
    Source: Alemohammad, Wang and Baraniuk (2025), arXiv:2510.03597.
    """

    model: Any = "gaussian"
    weight: float = 1.0
    rows: int = static(100, within=(2, 10**9))

    @property
    def summary(self) -> Any:
        return self.inner.summary

    @property
    def streams(self) -> bool:  # type: ignore[override]
        return self.inner.streams

    @property
    def iterative(self) -> bool:  # type: ignore[override]
        return self.inner.iterative

    @property
    def prepares(self) -> bool:  # type: ignore[override]
        return self.inner.prepares

    def check(self, experiment: Setting) -> None:
        """Raise RequestError for a model whose parameters do not extrapolate, and for too few draws."""
        inner, dim = self.inner, self.dim or 1
        if not inner.extrapolates or inner.prompted:
            name = spec_name(inner)
            raise RequestError(
                f"model.model = {name}: it has no parameters to extrapolate; use gaussian, a network, or a regression with "
                "fresh inputs"
            )
        if self.rows <= dim:
            raise RequestError(f"model.rows = {self.rows}: a fit to its own draws needs more than dim = {dim}")
        given: Any = experiment
        inner.check(given)

    def prepare(self) -> Neon:
        return self.replace(model=self.inner.prepare())

    def exact(self) -> Neon:
        """The same model with the exact learner, and without guidance."""
        return self.replace(model=self.inner.exact(), weight=0.0)

    def fit(self, key: Key, params: PyTree, data: Data) -> PyTree:
        inner = self.inner
        fitted = inner.fit(part(key, 0), params, data)
        if inner.summary is None:
            own: Data = Batch(inner.sample(part(key, 1), fitted, self.rows), jnp.ones(self.rows))
        else:
            own = inner.summarise(part(key, 1), fitted, self.rows, None)
        return inner.extrapolate(fitted, inner.fit(part(key, 2), fitted, own), self.weight)

    def sample(self, key: Key, params: PyTree, n: int) -> PyTree:
        return self.inner.sample(key, params, n)

    def log_prob(self, params: PyTree, x: PyTree) -> Float[Array, " n"]:
        return self.inner.log_prob(params, x)

    def ended(self, params: PyTree) -> Bool[Array, ""]:
        return self.inner.ended(params)

    def rows_per_fit(self, n: float) -> float:
        return self.inner.rows_per_fit(n) + self.inner.rows_per_fit(self.rows)
