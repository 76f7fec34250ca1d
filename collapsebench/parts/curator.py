"""Contract of a curator: weights of synthetic rows in the next training set."""

from __future__ import annotations

from jaxtyping import Array, Float, PyTree

from collapsebench.parts.metric import View
from collapsebench.parts.part import Part
from collapsebench.specs.pytree import Key


class Curator(Part):
    """Base class of curators, which weigh synthetic rows before they enter the pool. A derived class gives `weights`.

    It may keep a state: `init` makes the first, every call returns the next. It needs single rows, so
    handover = samples.
    """

    noun = "curator"

    def init(self, key: Key) -> PyTree:
        """Curator state before generation 0; () by default."""
        return ()

    def weights(self, key: Key, view: View, state: PyTree) -> tuple[Float[Array, " capacity"], PyTree]:
        """Weights >= 0 [capacity] by which those of `view.synthetic` are multiplied, and the next state.

        The view has the generation, the target, the model that drew the rows and its parameters, the last generation's
        parameters (`previous`), its training data, the first real rows and the holdout.
        """
        raise self.refuse("it needs a method weights(key, view, state)")
