"""Any closed-form family, learned by gradient steps that stop early."""

from __future__ import annotations

import dataclasses
from typing import Any, ClassVar

import jax.numpy as jnp

from collapsebench.maths.distributions.roles import DistributionModel
from collapsebench.parts.data import POPULATION, Data
from collapsebench.specs.errors import RequestError
from collapsebench.specs.pytree import Key, spec, within
from collapsebench.specs.registry import MODELS


@MODELS.register("early_stopped")
@spec
class EarlyStopped(DistributionModel):
    """`model` learned by `steps` natural-gradient steps of size `rate` on its likelihood, with weight decay.

    A step moves the mean parameters mu (expected sufficient statistics) by rate (mu_data - mu - decay (mu - mu_init)),
    so s = (1 - rate (1 + decay))^steps of the start is left, and the rest is (mu_data + decay mu_init) / (1 + decay).
    The start is `init`, or with `warm_start` the last model; steps = inf without decay is maximum likelihood.
    model: a spec, or a registered name, of a family with sufficient statistics.
    Source: Amari (1998), Natural gradient works efficiently in learning, for the exponential family.
    """

    model: Any = "gaussian"
    steps: float = within(5.0, low=0)
    rate: float = within(0.5, low=0, high=1)
    decay: float = within(0.0, low=0)

    dials: ClassVar[Any] = {"approximation": ("steps", (1.0, 2.0, 5.0, 10.0, 20.0, float("inf")))}

    @property
    def inner(self) -> Any:
        """The model that is learned."""
        return MODELS.build(self.model)

    def __getattr__(self, name: str) -> Any:
        """Dimension, number of classes, kind of data and sufficient statistics are the model's."""
        if name in ("dim", "classes", "kind", "summary"):
            return getattr(self.inner, name)
        raise AttributeError(name)

    def check(self, experiment: Any) -> None:
        """Raise RequestError for a model that has no sufficient statistics, or steps that do not settle."""
        inner = self.inner
        if getattr(inner, "summary", None) is None or getattr(inner, "prompted", False):
            name = getattr(type(inner), "registry_name", type(inner).__name__)
            raise RequestError(f"model.model = {name}: gradient steps need a density with sufficient statistics")
        if isinstance(self.rate, int | float) and self.rate * (1 + self.decay) > 1:
            raise RequestError(f"model.rate = {self.rate}: rate (1 + decay) must be at most 1, or the steps overshoot")
        if hasattr(inner, "check"):
            inner.check(dataclasses.replace(experiment, model=inner))

    def exact(self) -> EarlyStopped:
        """The same with a learner that finishes: maximum likelihood."""
        return dataclasses.replace(self, steps=float("inf"), rate=1.0, decay=0.0)

    def init(self, key: Key) -> Any:
        return self.inner.init(key)

    def fit(self, key: Key, params: Any, data: Data) -> Any:
        inner = self.inner
        found = inner.summary.of(data)

        def expected(params: Any) -> Any:
            return inner.summary.expect(inner.distribution(params), 1.0).scale(found.weight / POPULATION)

        # jnp.power(0, inf) is 0 and (0, 0) is 1: no step leaves the start, endless ones nothing of it.
        left = jnp.power(jnp.maximum(1 - self.rate * (1 + self.decay), 0), self.steps)
        pull = (1 - left) / (1 + self.decay)
        learned = found.scale(pull).concat(expected(params).scale(left))
        learned = learned.concat(expected(inner.init(key)).scale(pull * self.decay))
        return inner.fit(key, params, learned)

    def distribution(self, params: Any) -> Any:
        return self.inner.distribution(params)

    def generator(self, params: Any) -> Any:
        return self.inner.generator(params)
