"""Study: experiments, claims about them, and figures, as data. A paper is a study with a citation."""

from __future__ import annotations

import dataclasses
import enum
from collections.abc import Callable, Mapping
from typing import Any, ClassVar

import numpy as np

from collapsebench.analysis.ablation import Ablation
from collapsebench.experiment.experiment import Experiment
from collapsebench.experiment.sweep import Sweep
from collapsebench.literature.measured import Measured, Results
from collapsebench.show.figures import Animation, Figure
from collapsebench.specs.registry import PAPERS, STUDIES

Request = Experiment | Sweep | Ablation


class Scale(enum.StrEnum):
    """Scale of a study: a check that it runs; figures in minutes on two cores; the published sizes."""

    SMOKE = "smoke"
    QUICK = "quick"
    PAPER = "paper"

    def pick(self, smoke: Any, quick: Any, paper: Any) -> Any:
        """The value for this scale."""
        return {Scale.SMOKE: smoke, Scale.QUICK: quick, Scale.PAPER: paper}[self]


class Source(enum.StrEnum):
    """Source of a published number."""

    TEXT = "text"
    CODE = "code"
    PLOT = "plot"
    SECOND = "second"
    DERIVED = "derived"


@dataclasses.dataclass(frozen=True, kw_only=True)
class Claim:
    """A published statement, and how to measure and judge it.

    published: the number, or None for a qualitative statement. tolerance: how far off the published number itself may
    be, in its own unit. basis: why so far (digits printed, plot reading, its own sampling error), or how it is judged.
    read: our number off the results; it returns None where the scale is too small to tell.
    disputed: why the statement, or the way it was measured, is in doubt, if it is. why: what explains a difference.
    """

    name: str
    statement: str
    where: str
    source: Source
    published: float | None = None
    tolerance: float | None = None
    basis: str
    read: Callable[[Results], Measured | None]
    disputed: str = ""
    why: str = ""

    def verdict(self, paper: str, results: Results) -> dict[str, Any]:
        """Verdict record of the claim on the results, as in the result schema.

        A number is reproduced when it lies within our 95% interval widened by its tolerance; a statement when it holds.
        """
        try:
            ours = self.read(results)
        except KeyError as missing:
            ours, why = None, f"experiment {missing} was not run"
        else:
            why = "this scale is too small to tell" if ours is None else self.why
        if ours is None:
            word = "not run"
        elif self.published is None:
            word = "qualitative" if ours.holds else "differs"
        else:
            slack = self.tolerance or 0.0
            low, high = np.nanmin([ours.low, ours.value]), np.nanmax([ours.high, ours.value])
            word = "reproduced" if low - slack <= self.published <= high + slack else "differs"
        if self.disputed and word == "differs":
            word, why = "disputed", self.disputed
        return {
            "paper": paper, "claim": self.name, "statement": self.statement, "where": self.where,
            "source": str(self.source), "published": self.published, "ours": _number(ours and ours.value),
            "interval": [_number(ours and ours.low), _number(ours and ours.high)], "tolerance": self.tolerance,
            "basis": self.basis, "holds": None if ours is None else ours.holds, "verdict": word, "why": why,
        }  # fmt: skip


def _number(value: Any) -> float | None:
    return None if value is None or not np.isfinite(value) else float(value)


class Study:
    """Base class of studies and papers, one per file: experiments by scale, claims, and figures made from results."""

    registry_name: ClassVar[str] = ""
    title: ClassVar[str] = ""
    citation: ClassVar[str] = ""
    claims: ClassVar[tuple[Claim, ...]] = ()
    figures: ClassVar[Mapping[str, Callable[[Results], Figure | Animation]]] = {}
    when_named: ClassVar[bool] = False
    """whether the study, one of many minutes, runs only when a request names it"""

    def experiments(self, scale: Scale) -> Mapping[str, Request]:
        """Experiments, sweeps and ablations to run, by name."""
        raise NotImplementedError


def studies() -> dict[str, type[Study]]:
    """All registered papers and studies, by name."""
    return {**dict(PAPERS.items()), **dict(STUDIES.items())}
