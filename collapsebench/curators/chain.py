"""Chain: several curators, one after the other."""

from __future__ import annotations

import dataclasses

import jax.numpy as jnp
from jaxtyping import Array, Float, PyTree

from collapsebench.maths.streams import part
from collapsebench.parts.curator import Curator
from collapsebench.parts.data import Batch
from collapsebench.parts.metric import View
from collapsebench.parts.part import Setting
from collapsebench.specs.errors import RequestError, shown
from collapsebench.specs.pytree import Key, spec
from collapsebench.specs.registry import CURATORS


@CURATORS.register("chain")
@spec
class Chain(Curator):
    """Curators one after the other, each on the rows with the weights of those before it: `first | second`.

    Chains of chains are one chain, so that (a | b) | c is a | (b | c).
    """

    curators: tuple[Curator, ...] = ()

    def check(self, experiment: Setting) -> None:
        """Raise RequestError where one of the curators does, or is none."""
        if not isinstance(self.curators, tuple | list):
            raise RequestError(f"curator.curators = {shown(self.curators)}: it must be several curators")
        for i, curator in enumerate(self.curators):
            if not isinstance(curator, Curator):
                raise RequestError(f"curator.curators: {i} is no curator but a {type(curator).__name__}")
            curator.check(experiment)

    def steps(self) -> tuple[Curator, ...]:
        return self.curators

    def init(self, key: Key) -> PyTree:
        return tuple(curator.init(part(key, i)) for i, curator in enumerate(self.curators))

    def weights(self, key: Key, view: View, state: PyTree) -> tuple[Float[Array, " capacity"], PyTree]:
        total = jnp.ones_like(view.synthetic.w)
        later: list[PyTree] = []
        for i, curator in enumerate(self.curators):
            own, after = curator.weights(part(key, i), view, state[i])
            view = dataclasses.replace(view, synthetic=Batch(view.synthetic.x, view.synthetic.w * own))
            total, later = total * own, [*later, after]
        return total, tuple(later)
