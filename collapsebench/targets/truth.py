"""A target made of a model: what is real is what the model can say."""

from __future__ import annotations

from typing import Any

import jax
from jaxtyping import Array, Float

from collapsebench.specs.pytree import Key, Params, spec
from collapsebench.specs.registry import MODELS, TARGETS


@TARGETS.register("truth")
@spec
class Truth:
    """The distribution that `model` has at `params` (None: its `init`), so that the model class holds the truth.

    model: a spec, or a registered name.
    """

    model: Any = "gaussian"
    params: Any = None

    def _resolved(self) -> tuple[Any, Params]:
        model = MODELS.build(self.model)
        return model, model.init(jax.random.key(0)) if self.params is None else self.params

    def __getattr__(self, name: str) -> Any:
        """Dimension, number of classes and kind of data are the model's."""
        if name in ("dim", "classes", "kind", "words"):
            return getattr(MODELS.build(self.model), name)
        raise AttributeError(name)

    @property
    def held_by(self) -> Any:
        """The model, whose class holds this truth."""
        return self._resolved()[0]

    def distribution(self) -> Any:
        """The model's distribution; None where it has none in closed form."""
        model, params = self._resolved()
        return model.distribution(params) if hasattr(model, "distribution") else None

    def sample(self, key: Key, n: int) -> Any:
        distribution = self.distribution()
        if distribution is not None:  # without the model's sampling bias
            return distribution.sample(key, n)
        model, params = self._resolved()
        return model.sample(key, params, n)

    def log_prob(self, x: Any) -> Float[Array, " n"]:
        model, params = self._resolved()
        return model.log_prob(params, x)
