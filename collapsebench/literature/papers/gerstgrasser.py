"""Gerstgrasser et al.: Is model collapse inevitable? Breaking the curse of recursion, COLM 2024."""

from __future__ import annotations

import dataclasses

import numpy as np

from collapsebench import theory
from collapsebench.analysis.intervals import mean_interval
from collapsebench.experiment.experiment import Experiment
from collapsebench.experiment.sweep import Sweep
from collapsebench.literature.measured import Measured, Results, above, below, mean_lines, measured_mean
from collapsebench.literature.study import Claim, Scale, Source, Study
from collapsebench.models.linear_regression import LinearRegression
from collapsebench.regimes.accumulate import Accumulate
from collapsebench.regimes.replace import Replace
from collapsebench.show.figures import Figure, Kind, Panel, Series
from collapsebench.specs.errors import counted
from collapsebench.specs.registry import PAPERS
from collapsebench.targets.linear import Linear

ROWS, DIM = 100, 10
FITS = (1, 5, 10, 20)
"""Fits at which the excess risk under accumulate is compared with its law (T = 100, d = 10, s = 1)."""


@PAPERS.register("gerstgrasser")
class Gerstgrasser(Study):
    """Linear regression on its own labels: the risk grows without bound under replace, not under accumulate."""

    title = "Is model collapse inevitable? Breaking the curse of recursion by accumulating real and synthetic data"
    citation = "Gerstgrasser et al., COLM 2024, arXiv 2404.01413"

    def experiments(self, scale: Scale) -> dict[str, Experiment | Sweep]:
        """Regressions under replace and accumulate on one design, and accumulate with fresh designs."""
        loop = Experiment(
            name="gerstgrasser-regression", target=Linear(dim=DIM), model=LinearRegression(dim=DIM), regime=Replace(),
            metrics=("excess_risk",), n=ROWS, generations=20, holdout=1,
            trajectories=scale.pick(50, 5000, 20000),
        )  # fmt: skip
        # Under the same name every trajectory starts from the same real rows, so the two designs compare in pairs.
        fresh = dataclasses.replace(loop, model=LinearRegression(dim=DIM, fresh=True), regime=Accumulate())
        return {"regression": Sweep(loop, {"regime": (Replace(), Accumulate())}), "fresh-design": fresh}


def _risk(results: Results, regime: str) -> np.ndarray:
    """[trajectory, generation] excess risk, one design labelled again in every generation."""
    return results["regression"].excess_risk.sel(regime=regime).values


def draw_regression(results: Results) -> Figure:
    """Figure of the excess risk over generations, replace against accumulate."""
    replace, accumulate = _risk(results, "replace"), _risk(results, "accumulate")
    fresh = results["fresh-design"].excess_risk.values
    fits = np.arange(1, replace.shape[1] + 1)
    law, bound = theory.least_squares_accumulate_law, theory.least_squares_accumulate_bound(ROWS, DIM)
    pooled = (
        Series("accumulate, same design", fits, *mean_interval(accumulate), group="same"),
        Series("", fits, law(ROWS, DIM, fits), kind=Kind.LAW, group="same"),
        Series("accumulate, new designs", fits, *mean_interval(fresh), group="new"),
        Series("", fits, law(ROWS, DIM, fits, fresh_design=True), kind=Kind.LAW, group="new"),
        Series("bound: pi^2 / 6 of the first", fits, bound, kind=Kind.BOUND, group="same"),
    )  # fmt: skip
    both = (
        *pooled[:2],
        *mean_lines("replace", fits, replace, theory.least_squares_replace_law(ROWS, DIM, fits)),
    )
    labels = ("fits", "excess risk")
    panels = (Panel("Replace against accumulate", *labels, both), Panel("Accumulate", *labels, pooled))
    note = "T = 100 rows, d = 10, s = 1. Bands: 95% intervals of the mean; dashes: exact laws; dots: the paper's bound"
    return Figure("Gerstgrasser et al. (2024): linear regression", panels, note)


def _accumulate_at(results: Results, fits: int) -> Measured:
    law = theory.least_squares_accumulate_law(ROWS, DIM, fits)
    return measured_mean(_risk(results, "accumulate")[:, fits - 1]).against(law)


def _per_fit(results: Results) -> Measured:
    risk = _risk(results, "replace")
    return measured_mean(risk[:, -1] / risk.shape[1]).against(theory.least_squares_replace_law(ROWS, DIM, 1))


def _bounded(results: Results) -> Measured:
    last = measured_mean(_risk(results, "accumulate")[:, -1])
    return last.judged(below(last, theory.least_squares_accumulate_bound(ROWS, DIM)))


def _new_designs_do_better(results: Results) -> Measured:
    found = measured_mean(_risk(results, "accumulate")[:, -1] - results["fresh-design"].excess_risk.values[:, -1])
    return found.judged(above(found, 0))


_WHERE = "section on linear regression"
_CHOSEN = "20 fits are ours; no number of the paper's is known to us"
Gerstgrasser.figures = {"regression": draw_regression}
Gerstgrasser.claims = (
    Claim(
        name="replace-per-fit", statement="replaced data: each fit adds d / (T - d - 1) = .1124 to the excess risk",
        where=_WHERE, source=Source.DERIVED, law="least_squares_replace_law", chosen=_CHOSEN,
        basis="ours: the risk after the last fit, over the number of fits", read=_per_fit,
    ),
    *(
        Claim(
            name=f"accumulate-at-{fits}",
            statement=f"all data kept: the excess risk after {counted(fits, 'fit')}, 10 / 89 times the sum of 1 / i^2",
            where=_WHERE, source=Source.DERIVED, law="least_squares_accumulate_law", chosen=_CHOSEN,
            basis="an exact law of one design that is labelled again",
            read=lambda results, fits=fits: _accumulate_at(results, fits),
        )
        for fits in FITS
    ),
    Claim(
        name="accumulate-bounded", statement="all data kept: the excess risk stays below a bound, however many fits",
        where=_WHERE, source=Source.TEXT, chosen=_CHOSEN,
        basis="ours: the risk after the last fit, whose interval must lie below the paper's bound, pi^2 / 6 of the first",
        read=_bounded,
    ),
    Claim(
        name="same-design", statement="those numbers are for one design that is labelled again; new designs give less",
        where=_WHERE, source=Source.DERIVED, chosen=_CHOSEN,
        basis="ours: what the same design costs more after the last fit, whose interval must exclude 0; exact: .1793 - .1743",
        read=_new_designs_do_better,
    ),
)  # fmt: skip
