"""Base of models of labelled rows: normal inputs, in a fixed design or drawn anew in every generation."""

from __future__ import annotations

from typing import ClassVar

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PyTree

from collapsebench.maths import samplers
from collapsebench.maths.cholesky import UNROLLED
from collapsebench.parts.data import Data, Handover, Kind
from collapsebench.parts.distribution import Distribution
from collapsebench.parts.model import Dials, Model
from collapsebench.parts.part import Setting
from collapsebench.specs.errors import RequestError
from collapsebench.specs.names import spec_name
from collapsebench.specs.pytree import Key, Number

Rows = dict[str, Array]
"""Labelled rows: {"x": [n, d], "y": [n]}."""


def feature_scales(dim: int, decay: Number) -> Float[Array, " dim"]:
    """Standard deviations [dim] of the inputs, whose variances are i^-decay for i = 1..dim; decay 0 is N(0, I)."""
    return jnp.arange(1, dim + 1, dtype=jnp.result_type(float)) ** (-0.5 * decay)


def draw_inputs(key: Key, scales: Float[Array, " d"], n: int, prompts: Rows | None) -> Float[Array, "n d"]:
    """n new inputs [n, d] from N(0, diag(scales^2)), or the first n inputs of `prompts`."""
    if prompts is not None:
        return prompts["x"][:n]
    return (scales[:, None] * samplers.normal(key, (scales.shape[0], n), scales.dtype)).T


def scores(columns: Float[Array, "d n"], coef: Float[Array, " d"]) -> Float[Array, " n"]:
    """Products x w [n] of rows with coefficients; rows lie along the last axis, and few columns are added up one by one."""
    if len(coef) > UNROLLED:
        return jnp.matmul(coef, columns, precision="highest")
    return sum((coef[j] * columns[j] for j in range(1, len(coef))), coef[0] * columns[0])


class LabelledModel(Model):
    """Base class of models of labels given inputs, on one fixed design or, if `fresh`, on new inputs every time.

    features: only so many leading inputs are used (None: all); the labels may depend on the others too.
    """

    kind = Kind.LABELLED
    extrapolates = True
    dials: ClassVar[Dials] = {"expressivity": ("features", (1, 2, None))}
    dim: int
    features: int | None
    decay: float
    fresh: bool

    @property
    def prompted(self) -> bool:  # type: ignore[override]
        return not self.fresh

    def sample(self, key: Key, params: PyTree, n: int, prompts: Rows | None = None) -> Rows:
        """n labelled rows, on the inputs of `prompts` if given."""
        return self.generator(params).sample(key, n, prompts)

    def sample_from(self, key: Key, params: PyTree, n: int, prompts: PyTree) -> Rows:
        return self.sample(key, params, n, prompts.x if self.prompted else None)

    def summarise(self, key: Key, params: PyTree, n: Number, prompts: PyTree) -> Data:
        return self.summary.draw(key, self.generator(params), n, prompts if self.prompted else None)

    def expect(self, params: PyTree, n: Number, prompts: PyTree) -> Data:
        return (
            self.summary.expect(self.generator(params), n, prompts) if self.prompted else super().expect(params, n, ())
        )

    def holds(self, family: Distribution) -> bool:
        """Whether the model uses all inputs."""
        return self.features in (None, self.dim)

    def check(self, experiment: Setting) -> None:
        """Raise RequestError if inputs differ from the target's, or if a fixed design would have to change its size."""
        if experiment.handover.infinite:
            jax.eval_shape(lambda: experiment.target.expect(1.0, self.summary))  # raises, where there is no such sample
        known = experiment.target.family().summary == self.summary
        if experiment.handover is Handover.SUMMARY and self.prompted and not known:
            raise self.refuse(
                f"handover = summary: its inputs are the target's, and target {spec_name(experiment.target)} has no "
                "sampling law of their moments; use samples, or fresh=True"
            )
        if self.features is not None and not 1 <= self.features <= self.dim:
            raise RequestError(
                f"model.features = {self.features}: it must lie between 1 and dim = {self.dim}, or be None"
            )
        theirs = experiment.target.decay
        if theirs is not None and self.decay != theirs:
            raise RequestError(
                f"model.decay = {self.decay}: the target's inputs have decay = {theirs}; make them equal"
            )
        if not self.fresh:
            _check_same_size(experiment)


def _check_same_size(experiment: Setting) -> None:
    n, regime = experiment.n, experiment.regime
    n_real = n if experiment.n_real is None else experiment.n_real
    if n_real != n:
        raise RequestError(
            f"n_real = {n_real}: the same inputs are labelled again, so it is n = {n}; or model.fresh = True"
        )
    if regime.models > 1:
        raise RequestError(
            f"regime.models = {regime.models}: one model labels one design; use 1, or model.fresh = True"
        )
    drawn = {float(regime.synthetic_size(n, t)) for t in (1, experiment.generations)}
    constant = experiment.handover.rows or drawn == {float(n)}
    if regime.capacity(n, experiment.generations) != n or not constant:
        raise RequestError(
            f"regime = {type(regime).__name__}: the same n = {n} inputs are labelled every time; use model.fresh = True"
        )
