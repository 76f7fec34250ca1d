"""The contract of a curator: what enters the next training set."""

from __future__ import annotations

from jaxtyping import Array, Float, PyTree

from collapsebench.parts.metric import View
from collapsebench.parts.part import Part
from collapsebench.specs.pytree import Key


class Curator(Part):
    """What weighs the synthetic rows before they enter the pool. A derived class gives `weights`.

    It may remember: `init` makes its state, and every call hands the next one on. It needs single rows, so
    handover = samples.
    """

    noun = "curator"

    def init(self, key: Key) -> PyTree:
        """The state before generation 0; by default there is none."""
        return ()

    def weights(self, key: Key, view: View, state: PyTree) -> tuple[Float[Array, " capacity"], PyTree]:
        """Weights >= 0 of the rows of `view.synthetic` [capacity], by which theirs are multiplied, and the next state.

        The view has the generation, the target, the model that made the rows and its parameters, the last one's
        (`previous`), what it was trained on, the first real rows and the holdout.
        """
        raise self.refuse("it needs a method weights(key, view, state)")
