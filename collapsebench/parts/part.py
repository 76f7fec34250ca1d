"""Base of every part of an experiment, and the view that a part has of its experiment."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Protocol

from collapsebench.specs.errors import RequestError
from collapsebench.specs.names import spec_name

if TYPE_CHECKING:
    from collapsebench.parts.curator import Curator
    from collapsebench.parts.metric import Metric
    from collapsebench.parts.model import Model
    from collapsebench.parts.regime import Regime
    from collapsebench.parts.target import Target


class Setting(Protocol):
    """Protocol of an experiment as its parts see it in `check`; fields as in `Experiment`."""

    @property
    def target(self) -> Target:
        """Source of real data."""

    @property
    def model(self) -> Model:
        """Model fitted in every generation."""

    @property
    def regime(self) -> Regime:
        """Rule for the next training set."""

    @property
    def curator(self) -> Curator | None:
        """Weights of synthetic rows; None: all count alike."""

    @property
    def metrics(self) -> tuple[Metric, ...]:
        """Metrics computed in every generation."""

    @property
    def n(self) -> int:
        """Synthetic rows per generation."""

    @property
    def n_real(self) -> int | None:
        """Real rows of the first training set; None: n."""

    @property
    def holdout(self) -> int:
        """Real rows held out for the metrics."""

    @property
    def generations(self) -> int:
        """Number of generations."""

    @property
    def handover(self) -> str:
        """Handover of synthetic data: "samples", "summary" or "population"."""


class Part:
    """Base class of targets, models, regimes, curators and metrics; a part derives from one of these and is a spec."""

    noun: ClassVar[str] = "part"
    """name in an error message: the experiment's field"""
    prepares: ClassVar[bool] = False
    """whether `prepare` returns another part, so that its fields cannot be swept within one compiled program"""

    def check(self, experiment: Setting) -> None:
        """Raise RequestError, one line, for an experiment that this part cannot serve. The default accepts all."""

    def refuse(self, why: str) -> RequestError:
        """RequestError to raise in `check` for a reason that is not one field's: `noun = name: why`."""
        return RequestError(f"{self.noun} = {spec_name(self)}: {why}")
