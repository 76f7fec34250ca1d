"""Gerstgrasser et al.: Is model collapse inevitable? Breaking the curse of recursion, COLM 2024."""

from __future__ import annotations

import dataclasses

import numpy as np

from collapsebench import theory
from collapsebench.analysis.intervals import mean_interval
from collapsebench.experiment.experiment import Experiment
from collapsebench.experiment.sweep import Sweep
from collapsebench.literature.measured import Measured, Results, mean_lines, measured_mean
from collapsebench.literature.study import Claim, Scale, Source, Study
from collapsebench.models.linear_regression import LinearRegression
from collapsebench.regimes.accumulate import Accumulate
from collapsebench.regimes.replace import Replace
from collapsebench.show.figures import Figure, Kind, Panel, Series
from collapsebench.specs.registry import PAPERS
from collapsebench.targets.linear import Linear

ROWS, DIM = 100, 10
PER_FIT = 0.1124
ACCUMULATE = {1: 0.1124, 5: 0.1645, 10: 0.1741, 20: 0.1793}
"""Excess risk under accumulate by the number of fits, as printed (T = 100, d = 10, s = 1)."""


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
            trajectories=scale.pick(50, 2000, 20000),
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
        Series("published", list(ACCUMULATE), list(ACCUMULATE.values()), kind=Kind.PUBLISHED, group="same"),
        Series("accumulate, new designs", fits, *mean_interval(fresh), group="new"),
        Series("", fits, law(ROWS, DIM, fits, fresh_design=True), kind=Kind.LAW, group="new"),
        Series("bound: pi^2 / 6 of the first", fits, bound, kind=Kind.BOUND, group="same"),
    )  # fmt: skip
    both = (
        *pooled[:2],
        *mean_lines("replace", fits, replace, theory.least_squares_replace_law(ROWS, DIM, fits)),
        Series("published, .1124 a fit", fits, PER_FIT * fits, kind=Kind.PUBLISHED, group="replace"),
    )
    labels = ("fits", "excess risk")
    panels = (Panel("Replace against accumulate", *labels, both), Panel("Accumulate", *labels, pooled))
    note = "T = 100 rows, d = 10, s = 1. Bands: 95% intervals of the mean; dashes: exact laws; diamonds: the paper"
    return Figure("Gerstgrasser et al. (2024): linear regression", panels, note)


def _at(results: Results, fits: int) -> Measured:
    return measured_mean(_risk(results, "accumulate")[:, fits - 1])


def _per_fit(results: Results) -> Measured:
    risk = _risk(results, "replace")
    return measured_mean(risk[:, -1] / risk.shape[1])


def _bounded(results: Results) -> Measured:
    risk, bound = _risk(results, "accumulate"), theory.least_squares_accumulate_bound(ROWS, DIM)
    last = measured_mean(risk[:, -1])
    return last.judged(last.low <= bound)


def _new_designs_do_better(results: Results) -> Measured:
    gap = _risk(results, "accumulate")[:, -1] - results["fresh-design"].excess_risk.values[:, -1]
    found = measured_mean(gap)
    return found.judged(found.low > 0)


_BASIS = "half a unit of the last digit printed; the printed number is the paper's law, not a sample"
Gerstgrasser.figures = {"regression": draw_regression}
Gerstgrasser.claims = (
    Claim(
        name="replace-per-fit",
        statement="replaced data: each fit adds .1124 to the excess risk (T = 100, d = 10, s = 1)",
        where="section on linear regression", source=Source.DERIVED, published=PER_FIT, tolerance=5e-5,
        basis=_BASIS,
        read=_per_fit,
        why="ours is the risk after the last fit, over the number of fits; the law is d / (T - d - 1) = 10 / 89",
    ),
    *(
        Claim(
            name=f"accumulate-at-{fits}",
            statement=f"all data kept: the excess risk is {risk} after {fits} fit{'s' * (fits > 1)}",
            where="section on linear regression", source=Source.DERIVED, published=risk, tolerance=5e-5,
            basis=_BASIS,
            read=lambda results, fits=fits: _at(results, fits), why="the law is 10 / 89 times the sum of 1 / i^2",
        )
        for fits, risk in ACCUMULATE.items()
    ),
    Claim(
        name="accumulate-bounded", statement="all data kept: the excess risk stays below a bound, however many fits",
        where="section on linear regression", source=Source.TEXT,
        basis="ours: the risk after the last fit; its interval must reach below the paper's bound, pi^2 / 6 of the first",
        read=_bounded,
    ),
    Claim(
        name="same-design", statement="those numbers are for one design that is labelled again; new designs give less",
        where="section on linear regression", source=Source.DERIVED,
        basis="ours: what the same design costs more after the last fit, whose interval must exclude 0; exact: .1793 - .1743",
        read=_new_designs_do_better,
    ),
)  # fmt: skip
