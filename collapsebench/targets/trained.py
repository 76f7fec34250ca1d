"""Trained network as a target, so that the model's class contains the truth."""

from __future__ import annotations

from functools import partial
from typing import Any

import jax
from jaxtyping import Array, Float, PyTree

from collapsebench.maths.numerics import as_leaves
from collapsebench.maths.sources import Fountain
from collapsebench.maths.streams import Stream, key_for, root_key
from collapsebench.parts.checks import check_dims
from collapsebench.parts.data import Batch, Sources
from collapsebench.parts.model import Model
from collapsebench.parts.part import Setting
from collapsebench.parts.target import OfModel, Target
from collapsebench.specs.errors import RequestError
from collapsebench.specs.pytree import Key, spec, static
from collapsebench.specs.registry import MODELS, TARGETS


@TARGETS.register("trained")
@spec
class Trained(OfModel):
    """Distribution that `model` has after learning `target` from `n` rows of it (0: from unlimited fresh draws).

    The record is the recipe, not its many numbers: the same seed on the same kind of machine gives the same truth.
    model, target: specs, or registered names. A network's `start` may be a Trained too: it starts from the truth.
    """

    model: Any = "flow"
    target: Any = "moons"
    n: int = static(0)
    seed: int = static(0)

    prepares = True

    def held_by(self) -> Model:
        return MODELS.build(self.model)

    def check(self, experiment: Setting) -> None:
        """Raise RequestError for a model that does not learn by gradient steps."""
        if not self.held_by().streams:
            raise RequestError(f"target.model = {self.model}: it is no network; Truth(model, params) takes any model")
        check_dims(TARGETS.build(self.target), self.held_by())

    def parameters(self) -> PyTree:
        """Parameters of the network, trained on first use."""
        return _train(repr(self), self)

    def prepare(self) -> Any:
        """Target with its network trained: a `Truth`."""
        return TARGETS.get("truth")(self.held_by(), self.parameters())

    def sample(self, key: Key, n: int) -> PyTree:
        return self.prepare().sample(key, n)

    def log_prob(self, x: PyTree) -> Float[Array, " n"]:
        return self.prepare().log_prob(x)


_KEPT: dict[str, Any] = {}


def _train(recipe: str, trained: Trained) -> Any:
    """Parameters of a recipe, cached while the process lives."""
    if recipe not in _KEPT:
        with jax.ensure_compile_time_eval():  # a metric or a model may ask while a program is traced
            prepared = as_leaves(TARGETS.build(trained.target).prepare())
            _KEPT[recipe] = _learn(as_leaves(trained.held_by()), prepared, root_key(trained.seed, "trained"), trained.n)
    return _KEPT[recipe]


@partial(jax.jit, static_argnames="n")
def _learn(model: Model, target: Target, key: Key, n: int) -> Any:
    if n:
        x = target.sample(key_for(key, Stream.REAL), n)
        rows = jax.tree.leaves(x)[0]
        data: Any = Batch(x, jax.numpy.ones(n, rows.dtype))
    else:
        data = Fountain(Sources.of_reality(jax.eval_shape(model.init, key), 1.0), target, model)
    return model.fit(key_for(key, Stream.FIT), model.init(key_for(key, Stream.INIT)), data)
