"""Zipf-Mandelbrot target: a heavy tail of rare symbols."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np

from collapsebench.maths.distributions.categorical import Categorical
from collapsebench.parts.data import Kind
from collapsebench.parts.part import Setting
from collapsebench.parts.target import Target
from collapsebench.specs.errors import RequestError
from collapsebench.specs.pytree import spec, static
from collapsebench.specs.registry import TARGETS


@TARGETS.register("zipf")
@spec
class Zipf(Target):
    """Zipf-Mandelbrot distribution: rank i = 1 .. classes has probability in proportion to 1 / (i + shift)^exponent.

    Symbols are numbered from 0, so symbol 0 has rank 1. Source: Mandelbrot (1953).
    """

    classes: int = static(10)
    exponent: float = 1.0
    shift: float = 2.7

    kind = Kind.SYMBOL

    def check(self, experiment: Setting) -> None:
        """Raise RequestError for a shift that makes a rank zero or negative."""
        if np.any(np.asarray(self.shift) <= -1):
            raise RequestError(f"target.shift = {self.shift}: it must be above -1")

    def distribution(self) -> Categorical:
        rank = jnp.arange(1, self.classes + 1, dtype=jnp.result_type(float))
        return Categorical(jax.nn.softmax(-self.exponent * jnp.log(rank + self.shift)))
