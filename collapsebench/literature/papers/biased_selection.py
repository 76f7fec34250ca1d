"""Biased selection in self-consuming loops, arXiv 2606.13732: traces of a normal with and without selection."""

from __future__ import annotations

import dataclasses

import numpy as np

from collapsebench import theory
from collapsebench.curators.judge import Judge
from collapsebench.experiment.experiment import Experiment
from collapsebench.literature.measured import (
    Measured,
    Results,
    below,
    completed_fits,
    mean_lines,
    measured_mean,
    measured_ratio,
)
from collapsebench.literature.study import Claim, Scale, Source, Study
from collapsebench.models.gaussian import Gaussian
from collapsebench.regimes.accumulate import Accumulate
from collapsebench.regimes.replace import Replace
from collapsebench.show.figures import Figure, Panel
from collapsebench.specs.registry import PAPERS
from collapsebench.targets.normal import Normal

DIM, ROWS, SPREAD, LAST = 10, 500, 10.0, 100
"""Dimensions, rows and variance of each column, by the traces that are printed: 99.5 at first; fits of the last one."""
RHO, KEEP, EARLY = 0.6, 0.2, 8
"""Ours: what the judge's score correlates by with the first column, the share that it keeps, and the fits of its law."""


@PAPERS.register("biased_selection")
class BiasedSelection(Study):
    """A ten-dimensional normal refitted to its own draws or to all so far, and one column of it under a judge."""

    title = "Biased selection in self-consuming loops"
    citation = "arXiv 2606.13732 (2026)"

    def experiments(self, scale: Scale) -> dict[str, Experiment]:
        """Replace and accumulate without selection; replace with a judge, in one column."""
        runs = scale.pick(10, 1000, 4000)
        loop = Experiment(
            name="biased-replace", target=Normal(DIM), model=Gaussian(DIM), regime=Replace(), metrics=("variance",), n=ROWS,
            handover="summary", holdout=1, generations=scale.pick(12, LAST + 1, LAST + 1), trajectories=runs,
        )  # fmt: skip
        judged = dataclasses.replace(
            loop, name="biased-replace-select", target=Normal(), model=Gaussian(), handover="samples", n=5 * ROWS,
            curator=Judge(RHO, KEEP), generations=scale.pick(12, 41, LAST + 1), trajectories=scale.pick(10, 200, 400),
        )  # fmt: skip
        return {
            "replace": loop,
            "accumulate": dataclasses.replace(loop, name="biased-accumulate", regime=Accumulate()),
            "replace-select": judged,
        }


def _trace(results: Results, label: str, generation: int) -> np.ndarray | None:
    """[trajectory] trace of the covariance in the paper's unit; None beyond the last generation."""
    values = results[label]["variance"].values.astype(float)
    return SPREAD * values[:, generation] if generation < values.shape[1] else None


def draw_traces(results: Results) -> Figure:
    """Figure of the traces over the fits, with and without selection."""
    plain, judged = [], []
    for label, law in (("replace", theory.replace_variance_law), ("accumulate", theory.accumulate_variance_law)):
        k = completed_fits(results[label])
        plain += mean_lines(label, k, SPREAD * results[label]["variance"].values, SPREAD * law(ROWS, k, trace=DIM))
    own = results["replace-select"]
    k = completed_fits(own)
    judged += mean_lines("replace", k, own["variance"].values, theory.judge_variance_law(KEEP, RHO, k - 1))
    panels = (
        Panel("Without selection, ten columns", "fits", "trace", tuple(plain)),
        Panel(f"A judge keeps {KEEP:.0%}, one column", "fits", "variance", tuple(judged), ylog=True),
    )
    note = "bands: 95% intervals over trajectories; dashes: exact laws, on the right of infinitely many rows"
    return Figure("Biased selection (2026)", panels, note, columns=2)


BiasedSelection.figures = {"traces": draw_traces}


# Claims


def _trace_at(results: Results, label: str, generation: int) -> Measured | None:
    trace = _trace(results, label, generation)
    return None if trace is None else measured_mean(trace)


def _judged(results: Results) -> Measured | None:
    """Variance after EARLY rounds of selection, over that of the first model."""
    values = results["replace-select"]["variance"].values.astype(float)
    return measured_ratio(values[:, EARLY], values[:, 0]).against(float(theory.judge_variance_law(KEEP, RHO, EARLY)))


def _selection_is_worse(results: Results) -> Measured | None:
    """Variance with selection after 40 rounds; it holds below a tenth of what replace alone leaves."""
    values = results["replace-select"]["variance"].values.astype(float)
    if values.shape[1] < 41:
        return None
    found = measured_mean(values[:, 40])
    return found.judged(below(found, 0.1 * float(theory.replace_variance_law(ROWS, 41))))


_CHOSEN = (
    "maximum likelihood, independent columns of variance 10; "
    "the paper's selection is not known to us (so its traces with selection are not compared): ours is a judge"
)
BiasedSelection.claims = (
    *(
        Claim(
            name=f"{label}-at-{generation}", statement=f"the trace is {printed} after generation {generation} ({label})",
            where="released code's output", source=Source.CODE, published=printed, published_runs=1, chosen=_CHOSEN,
            basis="the error of one run, by the scatter of ours: how many runs the number is of is not known",
            blunt="one run of ten columns scatters by more than 10%" if label == "replace" and generation >= 50 else "",
            read=lambda results, label=label, generation=generation: _trace_at(results, label, generation),
        )
        for label, generation, printed in (
            ("replace", 0, 99.5), ("replace", 10, 99.7), ("replace", 50, 90.6), ("replace", 100, 75.8),
            ("accumulate", 100, 100.4),
        )
    ),
    Claim(
        name="judge", statement=f"a judge of correlation {RHO:g} that keeps {KEEP:.0%} leaves .7187 of the variance",
        where="our setting", source=Source.DERIVED, law="judge_variance_law", chosen=_CHOSEN,
        basis=f"exact for many rows: the variance after {EARLY} rounds over the first", read=_judged, tolerance=0.0015,
    ),
    Claim(
        name="selection-collapses", statement="selection takes variance that replace alone keeps",
        where="released code's output",
        source=Source.CODE, chosen=_CHOSEN,
        basis="ours: variance after 40 rounds, whose interval must lie below a tenth of what no selection leaves",
        read=_selection_is_worse,
    ),
)  # fmt: skip
