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
from collapsebench.literature.verdict import (
    Judged,
    Kind,
    Verdict,
    judge_law,
    judge_number,
    judge_statement,
    published_margin,
)
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
    """Source of a claim: the paper's words, code or plot, another's account of it, or what we derive from a law."""

    TEXT = "text"
    CODE = "code"
    PLOT = "plot"
    SECOND = "second"
    DERIVED = "derived"


@dataclasses.dataclass(frozen=True)
class Reason:
    """Explanation of a difference, for values of ours from `low` to `high` and no others; disputed: of a claim in doubt."""

    text: str
    low: float
    high: float
    disputed: bool = False

    def __post_init__(self) -> None:
        if not self.text or not self.low <= self.high:
            raise ValueError(f"reason = {self.text!r}, {self.low} to {self.high}: it needs a text and a range")


@dataclasses.dataclass(frozen=True, kw_only=True)
class Claim:
    """A number that a paper states, a number that a law gives us, or a statement; and how to measure and judge it.

    published: the number that the paper, its code or its plot states. tolerance: how far off the published number, or the
    law, may be by rounding, reading or order, in its own unit. published_error: the published number's standard error, by
    its own runs; where the paper has none, published_runs is how many runs it is the mean of, and ours tell how much runs
    differ. law: the name of the law whose number is the reference; `read` gives it as `Measured.law`. Neither
    published nor law: a statement. basis: where tolerance and error come from, or how it is judged. chosen: settings that
    the paper does not state, and our choice. read: our number off the results; None where the scale is too small to tell.
    reasons: what explains a difference, each with the values that it explains. blunt: why a factor of 1.1 or .9 on our
    number cannot be told.
    """

    name: str
    statement: str
    where: str
    source: Source
    published: float | None = None
    published_error: float = 0.0
    published_runs: int = 0
    tolerance: float = 0.0
    law: str = ""
    basis: str
    chosen: str = ""
    read: Callable[[Results], Measured | None]
    reasons: tuple[Reason, ...] = ()
    blunt: str = ""

    def __post_init__(self) -> None:
        if self.published is not None and (self.law or self.source is Source.DERIVED):
            raise ValueError(
                f"published = {self.published} ({self.name}): a law's number is a reference, not published"
            )
        if self.law and self.source is not Source.DERIVED:
            raise ValueError(f"source = {self.source} ({self.name}): a law's number is {Source.DERIVED}")

    @property
    def kind(self) -> Kind:
        """Whether it is a paper's number, a law's, or a statement."""
        return Kind.NUMBER if self.published is not None else Kind.LAW if self.law else Kind.STATEMENT

    def verdict(self, paper: str, results: Results) -> dict[str, Any]:
        """Verdict record of the claim on the results, as README describes it; the rule is in `literature.verdict`."""
        ours, why = None, "this scale is too small to tell"
        try:
            ours = self.read(results)
        except KeyError as missing:
            why = f"{missing.args[0]} is not part of this scale"
        empty = dict.fromkeys(("reference", "ours", "half_width", "margin", "holds", "explains", "at_1.1", "at_0.9"))
        record: dict[str, Any] = {
            "paper": paper, "claim": self.name, "kind": str(self.kind), "statement": self.statement, "where": self.where,
            "source": str(self.source), "published": self.published, "law": self.law, **empty, "interval": [None, None],
            "tolerance": self.tolerance, "published_error": None, "points": None, "basis": self.basis,
            "chosen": self.chosen, "verdict": str(Verdict.NOT_RUN), "why": why, "blunt": self.blunt,
        }  # fmt: skip
        return record if ours is None else record | self._judge(ours)

    def _judge(self, ours: Measured) -> dict[str, Any]:
        """Fields of the record that depend on what was measured."""
        found = self.judge(ours)
        word, why, reason = found.word, "", None
        if word in (Verdict.DIFFERS, Verdict.UNDECIDED):
            reason = next((r for r in self.reasons if r.low <= found.ours <= r.high), None)
        if reason is not None:
            why = reason.text
            word = Verdict.DISPUTED if reason.disputed and word is Verdict.DIFFERS else word
        elif word is Verdict.TOO_FEW:
            why = f"the half-width, {found.half:.2g}, is too wide for the margin, {found.margin:.2g}"
        elif word is Verdict.UNDECIDED:
            why = _OPEN[self.kind]
        fields = {
            "reference": _number(found.target) if self.law else None, "ours": _number(found.ours),
            "interval": [_number(found.low), _number(found.high)], "half_width": _number(found.half),
            "margin": _number(found.margin),
            "published_error": None if self.published is None else _number(self._error(ours)),
            "points": int(np.size(ours.value)), "holds": ours.holds,
            "verdict": str(word), "why": why, "explains": reason and [_number(reason.low), _number(reason.high)],
        }  # fmt: skip
        if self.kind is not Kind.STATEMENT:
            fields |= {f"at_{factor}": str(self.judge(ours.times(factor)).word) for factor in (1.1, 0.9)}
        return fields

    def _error(self, ours: Measured) -> float:
        """Standard error of the published number."""
        return ours.scatter / float(np.sqrt(self.published_runs)) if self.published_runs else self.published_error

    def judge(self, ours: Measured) -> Judged:
        """Verdict on what was measured, whatever may explain it, and the numbers that decide it."""
        if self.published is not None:
            margin = published_margin(self.published, self.tolerance, self._error(ours), ours.log10)
            return judge_number(ours, self.published, margin)
        if self.law:
            return judge_law(ours, self.tolerance)
        ends = (float(ours.value), float(ours.low), float(ours.high), float(ours.half))
        return Judged(judge_statement(ours), *ends, np.nan, np.nan)


_OPEN = {
    Kind.NUMBER: "the interval reaches over the end of the margin",
    Kind.LAW: "the law lies outside the interval, by no more than the margin and than chance can explain",
    Kind.STATEMENT: "the interval allows both",
}


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
