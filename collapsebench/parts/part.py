"""The base class of targets, models, regimes, curators and metrics, and the view of an experiment that they check."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Protocol

from collapsebench.parts.data import Handover
from collapsebench.specs.errors import RequestError
from collapsebench.specs.names import spec_name

if TYPE_CHECKING:
    from collapsebench.parts.curator import Curator
    from collapsebench.parts.metric import Metric
    from collapsebench.parts.model import Model
    from collapsebench.parts.regime import Regime
    from collapsebench.parts.target import Target


class Setting(Protocol):
    """Protocol of an experiment for `check`; fields as in `Experiment`."""

    @property
    def target(self) -> Target:
        """The target."""

    @property
    def model(self) -> Model:
        """The model."""

    @property
    def regime(self) -> Regime:
        """The regime."""

    @property
    def curator(self) -> Curator | None:
        """The curator; None: synthetic rows keep their weights."""

    @property
    def metrics(self) -> tuple[Metric, ...]:
        """The metrics."""

    @property
    def n(self) -> int:
        """Synthetic rows of a generation, before the regime's `synthetic_size`."""

    @property
    def n_real(self) -> int | None:
        """Real rows of generation 0; None: as many as `n`."""

    @property
    def holdout(self) -> int:
        """Real rows that only metrics see."""

    @property
    def generations(self) -> int:
        """Number of fits, the one to real data included."""

    @property
    def warm_start(self) -> bool:
        """Whether a fit starts from the last model."""

    @property
    def handover(self) -> Handover:
        """Form in which samples reach the next generation, a value of `Handover`."""


class Part:
    """Base class of the five nouns of an experiment; a derived class is decorated with `spec`."""

    noun: ClassVar[str] = "part"
    """name in an error message: the experiment's field"""
    prepares: ClassVar[bool] = False
    """whether `prepare` returns another part, so that its fields cannot be swept within one compiled program"""

    def check(self, experiment: Setting) -> None:
        """Raise RequestError, one line, for an experiment that this part cannot serve. By default it accepts all."""

    def refuse(self, why: str) -> RequestError:
        """A RequestError `noun = name: why`, to raise in `check` for a reason that concerns no single field."""
        return RequestError(f"{self.noun} = {spec_name(self)}: {why}")
