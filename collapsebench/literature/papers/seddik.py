"""Seddik et al.: How bad is training on synthetic data? A statistical analysis of model collapse, COLM 2024."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import numpy as np

from collapsebench import theory
from collapsebench.experiment.experiment import Experiment
from collapsebench.experiment.sweep import Sweep
from collapsebench.literature.measured import (
    Measured,
    Results,
    above,
    below,
    completed_fits,
    mean_lines,
    measured_mean,
    measured_share,
    share_line,
)
from collapsebench.literature.study import Claim, Scale, Source, Study
from collapsebench.models.categorical import Categorical
from collapsebench.regimes.augment import Augment
from collapsebench.regimes.replace import Replace
from collapsebench.show.figures import Figure, Kind, Panel, Series
from collapsebench.specs.registry import PAPERS
from collapsebench.targets.categorical import Categorical as CategoricalTarget

PROBS = (0.4, 0.25, 0.16, 0.12, 0.07)
"""Ours, and so are all sizes below: the laws hold for any. No two are equal, so that each end can be told apart."""
SIZES = (10, 30, 100)
FEW, LATE = 3, 25
"""Rows a generation and fits where the loop's end is looked at: the fewer rows, the sooner it is there."""
REAL = 100
"""Real rows that are kept in the partially synthetic loop."""
SYNTHETIC = (10, 100, 1000)
SPREAD = 1 - sum(p * p for p in PROBS)


@PAPERS.register("seddik")
class Seddik(Study):
    """Next-token frequencies refitted to synthetic data, alone or beside a fixed set of real data."""

    title = "How bad is training on synthetic data? A statistical analysis of language model collapse"
    citation = "Seddik et al., COLM 2024, arXiv 2404.05090"

    def experiments(self, scale: Scale) -> dict[str, Experiment | Sweep]:
        """Sweeps over the sample size, of synthetic data alone and beside REAL real rows."""
        full = Experiment(
            name="seddik-full", target=CategoricalTarget(len(PROBS), PROBS), model=Categorical(len(PROBS)),
            regime=Replace(), handover="summary", metrics=("variance", "mean_error"), holdout=1, n=SIZES[0],
            trajectories=scale.pick(50, 5000, 5000), generations=scale.pick(20, 300, 1000),
        )  # fmt: skip
        partial = dataclasses.replace(
            full, name="seddik-partial", regime=Augment(), n_real=REAL, generations=scale.pick(20, 50, 50)
        )
        ends = dataclasses.replace(
            full, name="seddik-ends", n=FEW, generations=LATE, handover="samples",
            trajectories=scale.pick(50, 80_000, 200_000),
        )  # fmt: skip
        return {"full": Sweep(full, {"n": SIZES}), "partial": Sweep(partial, {"n": SYNTHETIC}), "ends": ends}


def partial_error_law(n: float, fits: np.ndarray) -> np.ndarray:
    """E |p_k - p_0|^2 with REAL real draws kept: the real draws' own error, and the distance from their frequencies.

    The two are uncorrelated, because E p_k is the real draws' frequency; and `augment_l2_law` is linear in 1 - |p|^2,
    which for the frequencies of REAL draws is (1 - 1 / REAL) times that of the truth.
    """
    return SPREAD / REAL + (1 - 1 / REAL) * theory.augment_l2_law(REAL, n, fits, PROBS)


def _norm(results: Results, n: int) -> np.ndarray:
    """[trajectory, generation] |p_k|^2."""
    return 1 - results["full"]["variance"].sel(n=n).values.astype(float)


def _end(results: Results) -> np.ndarray:
    """Per trajectory that has ended, the symbol that has all the mass.

    There |p - p_0|^2 is 1 - 2 p_0(i) + |p_0|^2, which tells the symbols apart.
    """
    last = results["ends"].isel(generation=-1)
    ended = last["variance"].values == 0
    chance = (2 - SPREAD - last["mean_error"].values[ended]) / 2
    return abs(chance[:, None] - np.array(PROBS)).argmin(axis=1)


def draw_loops(results: Results) -> Figure:
    """Figure of E |p_k|^2 alone, the distance from the truth beside real data, and where the loop ends."""
    panels = (
        Panel("Fully synthetic: mass concentrates", "fits k", "E |p_k|^2", _alone(results), ylim=(None, 1.03)),
        Panel("Real data kept: the error is bounded", "fits k", "E |p_k - p_0|^2", _beside(results), ylog=True),
        Panel("Fully synthetic: where it ends", "p_0 of the symbol", "share of runs", _ends(results)),
    )
    note = f"bands: 95% intervals over trajectories; dashes: exact laws. p_0 = {', '.join(map(str, PROBS))}"
    return Figure("Seddik et al. (2024): next-token frequencies", panels, note)


def _alone(results: Results) -> tuple[Series, ...]:
    series, k = [], completed_fits(results["full"])
    for n in results["full"]["n"].values:
        series += mean_lines(f"n = {n:g}", k, _norm(results, n), theory.replace_squared_norm_law(n, k, PROBS))
    return tuple(series)


def _beside(results: Results) -> tuple[Series, ...]:
    """The loops with real data, and for comparison the one without at n = REAL, whose law is 1 less E |p_k|^2's."""
    k = completed_fits(results["partial"])
    alone = results["full"]["mean_error"].sel(n=REAL).values[:, : len(k)]
    law = theory.replace_squared_norm_law(REAL, k, PROBS) - 1 + SPREAD
    series = mean_lines(f"no real, {REAL} synthetic", k, alone, law)
    for n in results["partial"]["n"].values:
        error = results["partial"]["mean_error"].sel(n=n).values
        series += mean_lines(f"{REAL} real, {n:g} synthetic", k, error, partial_error_law(n, k))
    return tuple(series)


def _ends(results: Results) -> tuple[Series, ...]:
    ends = _end(results)
    law = Series("exact: p_0", PROBS, PROBS, kind=Kind.LAW, group="ends")
    if not ends.size:
        return (law,)
    return share_line(f"n = {FEW}", PROBS, ends[:, None] == np.arange(len(PROBS)), "ends"), law


Seddik.figures = {"loops": draw_loops}


# Claims

FULL, PARTIAL = "fully synthetic recursion", "partially synthetic recursion"


def _norm_at(results: Results, n: int, k: int) -> Measured | None:
    norm = _norm(results, n)
    law = theory.replace_squared_norm_law(n, k, PROBS)
    return measured_mean(norm[:, k - 1]).against(law) if k <= norm.shape[1] else None


def _all_ended(results: Results) -> Measured | None:
    variance = results["full"]["variance"].sel(n=10).values
    if variance.shape[1] < 300:
        return None
    share = measured_share(variance[:, 299] == 0)
    return share.judged(above(share, 0.99))


def _ends_at(results: Results, symbol: int) -> Measured | None:
    if results["ends"].sizes["trajectory"] < 1000:
        return None
    return measured_share(_end(results) == symbol).against(PROBS[symbol])


def _error_at(results: Results, n: int, k: int) -> Measured | None:
    error = results["partial"]["mean_error"].sel(n=n).values
    law = partial_error_law(n, np.array(k))
    return measured_mean(error[:, k - 1]).against(law) if k <= error.shape[1] else None


def _no_collapse(results: Results) -> Measured | None:
    result = results["partial"]
    if result.sizes["generation"] < 50:
        return None
    share = measured_share((result["variance"].values[:, :, :50] == 0).any(axis=-1).ravel())
    return share.judged(below(share, 0.01))


_CHOSEN = "five symbols, their probabilities and all sizes are ours: the paper's numbers are not known to us"


def _law(name: str, statement: str, where: str, law: str, read: Callable[[Results], Measured | None]) -> Claim:
    return Claim(
        name=name, statement=statement, where=where, source=Source.DERIVED, law=law, basis="an exact law",
        chosen=_CHOSEN, read=read,
    )  # fmt: skip


def _norm_claim(n: int, k: int) -> Claim:
    return _law(
        f"norm-{n}-at-{k}", f"on its own {n} draws alone, E |p_k|^2 = 1 - (1 - 1/n)^k (1 - |p_0|^2) at k = {k}", FULL,
        "replace_squared_norm_law", lambda results: _norm_at(results, n, k),
    )  # fmt: skip


def _end_claim(symbol: int) -> Claim:
    return _law(
        f"ends-at-symbol-{symbol + 1}",
        f"all mass ends on a symbol with its probability p_0, {PROBS[symbol]} (n = {FEW}, after {LATE} fits)", FULL,
        "p_0", lambda results: _ends_at(results, symbol),
    )  # fmt: skip


def _error_claim(n: int) -> Claim:
    return _law(
        f"error-{n}-at-50", f"E |p_k - p_0|^2 at k = 50 where {REAL} real draws are kept beside {n} synthetic ones",
        PARTIAL, "augment_l2_law", lambda results: _error_at(results, n, 50),
    )  # fmt: skip


Seddik.claims = (
    _norm_claim(30, 10),
    _norm_claim(100, 100),
    Claim(
        name="always-ends",
        statement="on synthetic data alone total collapse is certain: one symbol is left after 300 fits (n = 10)",
        where=FULL, source=Source.DERIVED, chosen=_CHOSEN,
        basis="ours: the share of runs that have ended, whose interval must lie above .99; by the law 1 - 1e-14 have",
        read=_all_ended,
    ),
    _end_claim(0),
    _end_claim(len(PROBS) - 1),
    *(_error_claim(n) for n in SYNTHETIC),
    Claim(
        name="real-data-prevent-it",
        statement="with real data kept there is no total collapse, even at ten times as many synthetic",
        where=PARTIAL, source=Source.DERIVED, chosen=_CHOSEN,
        basis="ours: the share of runs that collapse within 50 fits, whose interval must lie below .01", read=_no_collapse,
    ),
)  # fmt: skip
