"""Captioned: word frequencies and a normal image for every word, which are trained on each other's output."""

from __future__ import annotations

import jax
import jax.numpy as jnp

from collapsebench.maths.distributions.captioned import CaptionedMixture
from collapsebench.maths.numerics import divide, safe_log
from collapsebench.parts.data import Batch, Kind
from collapsebench.parts.model import Model
from collapsebench.parts.part import Setting
from collapsebench.specs.errors import RequestError
from collapsebench.specs.pytree import Key, spec, static
from collapsebench.specs.registry import MODELS


@MODELS.register("captioned")
@spec
class Captioned(Model):
    """A text model, the frequencies of `captions` words, and an image model, a round normal for each, by maximum likelihood.

    They evolve together: captions are drawn from the one, images for them from the other. frozen: the words stay uniform,
    and only images are learnt. A word without images keeps its normal: the one that the fit starts from, so use
    warm_start. Law with frozen captions: `theory.captioned_variance_law`.
    Source: Gao and Li (2025), arXiv:2503.08117.
    """

    captions: int = static(5)
    dim: int = static(2)
    frozen: bool = static(False)

    kind = Kind.CAPTIONED

    @property
    def words(self) -> tuple[int, ...]:  # type: ignore[override]
        return (self.captions,)

    def check(self, experiment: Setting) -> None:
        """Raise RequestError for captions of other words than the target's."""
        if experiment.target.words != self.words:
            raise RequestError(
                f"model.captions = {self.captions}: the target's captions have words = {experiment.target.words}"
            )

    def init(self, key: Key) -> CaptionedMixture:
        return CaptionedMixture.spherical(jnp.zeros((self.captions, self.dim)), 1.0)

    def fit(self, key: Key, params: CaptionedMixture, data: Batch) -> CaptionedMixture:
        x, word = data.x["x"], data.x["caption"][:, 0]
        belongs = jnp.where(word[None] == jnp.arange(self.captions)[:, None], data.w[None], 0.0)
        total = belongs.sum(axis=1)
        mean = divide(belongs @ x, total[:, None])
        squares = ((x - mean[word]) ** 2).sum(axis=1)
        spread = divide((belongs * squares[None]).sum(axis=1), total * self.dim)
        seen = total > 0
        unit = jnp.eye(self.dim, dtype=x.dtype)[None]
        weights = safe_log(divide(total, total.sum()))
        learnt = CaptionedMixture(
            params.log_weights if self.frozen else jnp.where(total.sum() > 0, weights, params.log_weights),
            jnp.where(seen[:, None], mean, params.mean),
            jnp.where(seen, 0.5 * safe_log(spread), params.log_scale),
            jnp.where(seen[:, None, None], unit, params.factor),
        )
        return jax.tree.map(lambda leaf: leaf.astype(x.dtype), learnt)
