"""What every part of an experiment may say, and what it may know of the experiment that it stands in."""

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
    """An experiment as its parts see it when they check whether they can serve it; fields as in `Experiment`."""

    @property
    def target(self) -> Target: ...
    @property
    def model(self) -> Model: ...
    @property
    def regime(self) -> Regime: ...
    @property
    def curator(self) -> Curator | None: ...
    @property
    def metrics(self) -> tuple[Metric, ...]: ...
    @property
    def n(self) -> int: ...
    @property
    def n_real(self) -> int | None: ...
    @property
    def holdout(self) -> int: ...
    @property
    def generations(self) -> int: ...
    @property
    def handover(self) -> Handover: ...


class Part:
    """A target, model, regime, curator or metric: a class decorated with `spec` that derives from one of these five."""

    noun: ClassVar[str] = "part"
    """what it is called in an error: the experiment's field"""
    prepares: ClassVar[bool] = False
    """whether `prepare` makes another part of it, so that its fields cannot be lanes of one compiled sweep"""

    def check(self, experiment: Setting) -> None:
        """Raise RequestError, one line, for an experiment that this part cannot serve. By default it serves every one."""

    def refuse(self, why: str) -> RequestError:
        """The error to raise in `check` for a reason that is not one field's: `noun = name: why`."""
        return RequestError(f"{self.noun} = {spec_name(self)}: {why}")
