"""The contract of a curator: weights for the synthetic rows of the next training set."""

from __future__ import annotations

from jaxtyping import Array, Float, PyTree

from collapsebench.parts.metric import View
from collapsebench.parts.part import Part, Setting
from collapsebench.specs.pytree import Key
from collapsebench.specs.registry import CURATORS


class Curator(Part):
    """Base class of curators: it weights synthetic rows before they enter the pool. A derived class defines `weights`.

    It may keep a state: `init` makes the first, every call returns the next. It needs single rows, so
    handover = samples. `first | second` is both, one after the other.
    """

    noun = "curator"

    def init(self, key: Key) -> PyTree:
        """State before generation 0; by default the empty tuple."""
        return ()

    def weights(self, key: Key, view: View, state: PyTree) -> tuple[Float[Array, " capacity"], PyTree]:
        """Factors >= 0 on the weights of the rows `view.synthetic` [capacity], and the next state.

        The view has the generation, the target, the model that drew the rows and its parameters, the last generation's
        parameters (`previous`), its training data, the first real rows and the holdout.
        """
        raise self.refuse("it needs a method weights(key, view, state)")

    def needs_model_density(self, experiment: Setting) -> None:
        """Raise RequestError unless the model has a density, for a derived `check`."""
        if not experiment.model.has_density:
            raise self.refuse("the model has no log_prob, by which it tells draws apart")

    def steps(self) -> tuple[Curator, ...]:
        """The curators that this one is made of, in order."""
        return (self,)

    def __or__(self, other: object) -> Curator:
        """This curator, and then the other on the rows with the weights that this one has given."""
        if not isinstance(other, Curator):
            return NotImplemented
        chain: Curator = CURATORS.get("chain")((*self.steps(), *other.steps()))
        return chain
