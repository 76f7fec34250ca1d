"""Early-stopped model: a closed-form family learned by gradient steps that stop early."""

from __future__ import annotations

import dataclasses
from typing import Any, ClassVar

import jax.numpy as jnp
from jaxtyping import PyTree

from collapsebench.parts.data import POPULATION, Data
from collapsebench.parts.model import Dials
from collapsebench.parts.part import Setting
from collapsebench.parts.wrapper import Wrapper
from collapsebench.specs.errors import RequestError
from collapsebench.specs.names import spec_name
from collapsebench.specs.pytree import Key, spec, within
from collapsebench.specs.registry import MODELS


@MODELS.register("early_stopped")
@spec
class EarlyStopped(Wrapper):
    """Early-stopped fit of `model`: `steps` natural-gradient steps of size `rate`, with weight decay.

    A step moves the mean parameters mu (expected sufficient statistics) by rate (mu_data - mu - decay (mu - mu_init)),
    so s = (1 - rate (1 + decay))^steps of the start is left, and the rest is (mu_data + decay mu_init) / (1 + decay).
    The steps are on the likelihood. The start is `init`, or with `warm_start` the last model; steps = inf without decay
    is maximum likelihood.
    model: a spec, or a registered name, of a family with sufficient statistics.
    Source: Amari (1998), Natural gradient works efficiently in learning, for the exponential family.
    """

    model: Any = "gaussian"
    steps: float = within(5.0, low=0)
    rate: float = within(0.5, low=0, high=1)
    decay: float = within(0.0, low=0)

    learner = ("steps",)
    dials: ClassVar[Dials] = {"approximation": ("steps", (1.0, 2.0, 5.0, 10.0, 20.0, float("inf")))}

    @property
    def summary(self) -> Any:
        return self.inner.summary

    def check(self, experiment: Setting) -> None:
        """Raise RequestError for a model without sufficient statistics, or steps that do not converge."""
        inner = self.inner
        if inner.summary is None or inner.prompted:
            name = spec_name(inner)
            raise RequestError(f"model.model = {name}: gradient steps need a density with sufficient statistics")
        if isinstance(self.rate, int | float) and self.rate * (1 + self.decay) > 1:
            raise RequestError(f"model.rate = {self.rate}: rate (1 + decay) must be at most 1, or the steps overshoot")
        given: Any = experiment
        inner.check(dataclasses.replace(given, model=inner))

    def exact(self) -> EarlyStopped:
        """Same model with a learner that converges: maximum likelihood."""
        return dataclasses.replace(self, steps=float("inf"), rate=1.0, decay=0.0)

    def fit(self, key: Key, params: PyTree, data: Data) -> PyTree:
        inner = self.inner
        found = inner.summary.of(data)

        def expected(params: PyTree) -> Any:
            return inner.summary.expect(inner.distribution(params), 1.0).scale(found.weight / POPULATION)

        # jnp.power(0, inf) is 0 and (0, 0) is 1: no step leaves the start, endless ones nothing of it.
        left = jnp.power(jnp.maximum(1 - self.rate * (1 + self.decay), 0), self.steps)
        pull = (1 - left) / (1 + self.decay)
        learned = found.scale(pull).concat(expected(params).scale(left))
        learned = learned.concat(expected(inner.init(key)).scale(pull * self.decay))
        return inner.fit(key, params, learned)
