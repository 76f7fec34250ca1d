"""Categorical target with given probabilities."""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp
import numpy as np

from collapsebench.maths.distributions.categorical import Categorical as CategoricalDistribution
from collapsebench.parts.data import Kind
from collapsebench.parts.part import Setting
from collapsebench.parts.target import Target
from collapsebench.specs.errors import RequestError, counted, shown
from collapsebench.specs.fields import as_number
from collapsebench.specs.pytree import spec, static
from collapsebench.specs.registry import TARGETS


@TARGETS.register("categorical")
@spec
class Categorical(Target):
    """Categorical distribution of `classes` symbols, probabilities in proportion to `probs` (None: uniform).

    labels: what the symbols are called, such as the words of a user's column (None: by number).
    """

    classes: int = static(10)
    probs: Any = None
    labels: tuple[str, ...] | None = static(None)

    kind = Kind.SYMBOL

    def check(self, experiment: Setting) -> None:
        """Raise RequestError unless probs are `classes` non-negative numbers, not all 0, and labels as many words."""
        words = self.labels if isinstance(self.labels, list | tuple) else None
        if self.labels is not None and (words is None or not all(isinstance(word, str) for word in words)):
            raise RequestError(f"target.labels = {shown(self.labels)}: it must be {self.classes} words, or None")
        if words is not None and len(words) != self.classes:
            raise RequestError(f"target.labels: {counted(len(words), 'word')} for target.classes = {self.classes}")
        if self.probs is None:
            return
        probs = as_number(self.probs if not isinstance(self.probs, list | tuple) else np.asarray(self.probs))
        if probs is None or probs.shape != (self.classes,) or not np.all(probs >= 0) or not 0 < probs.sum() < np.inf:
            raise RequestError(
                f"target.probs = {shown(self.probs)}: give target.classes = {self.classes} non-negative numbers, not all 0"
            )

    def distribution(self) -> CategoricalDistribution:
        if self.probs is None:
            return CategoricalDistribution.uniform(self.classes)
        probs = jnp.asarray(self.probs, jnp.result_type(float))
        return CategoricalDistribution(probs / probs.sum())
