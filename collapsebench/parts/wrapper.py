"""Base of models made of another model: what they take over from it."""

from __future__ import annotations

from typing import Self

from jaxtyping import PyTree

from collapsebench.parts.distribution import Distribution
from collapsebench.parts.model import Model
from collapsebench.parts.target import Target
from collapsebench.specs.pytree import Key
from collapsebench.specs.registry import MODELS


class Wrapper(Model):
    """Base class of models made of another one, `model`: a spec, or a registered name. A derived class gives `fit`.

    Kind, sizes and distribution are the other model's, as its parameters are.
    """

    model: object

    @property
    def inner(self) -> Model:
        """The model that this one is made of."""
        return MODELS.build(self.model)

    @property
    def kind(self) -> str:  # type: ignore[override]
        return self.inner.kind

    @property
    def dim(self) -> int | None:  # type: ignore[override]
        return self.inner.dim

    @property
    def classes(self) -> int | None:  # type: ignore[override]
        return self.inner.classes

    @property
    def has_density(self) -> bool:  # type: ignore[override]
        return self.inner.has_density

    def suited(self, target: Target) -> Self:
        inner = self.inner
        return self if (other := inner.suited(target)) == inner else self.replace(model=other)

    def holds(self, family: Distribution) -> bool:
        return self.inner.holds(family)

    def init(self, key: Key) -> PyTree:
        return self.inner.init(key)

    def distribution(self, params: PyTree) -> Distribution:
        return self.inner.distribution(params)

    def generator(self, params: PyTree) -> Distribution:
        return self.inner.generator(params)
