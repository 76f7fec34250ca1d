"""Zhu et al. (2025), ToEdit: a share of the labels is edited in every round, and the test error is to stay bounded."""

from __future__ import annotations

import numpy as np

from collapsebench import theory
from collapsebench.experiment.experiment import Experiment
from collapsebench.experiment.sweep import Sweep
from collapsebench.literature.measured import Measured, Results, below, mean_lines, measured_mean
from collapsebench.literature.study import Claim, Reason, Scale, Source, Study
from collapsebench.models.linear_regression import LinearRegression
from collapsebench.regimes.replace import Replace
from collapsebench.regimes.turnover import Turnover
from collapsebench.show.figures import Figure, Kind, Panel, Series
from collapsebench.specs.registry import PAPERS
from collapsebench.targets.linear import Linear

ROWS, DIM, ROUNDS, SHARE = 100, 10, 30, 0.27
"""The share of tokens that the paper's threshold of .99 edits; sizes are ours."""
REGIMES = {
    "replace": Replace(),
    "a constant share": Turnover(share=SHARE),
    "a share that halves": Turnover(share=SHARE, decay=0.5),
}


@PAPERS.register("zhu")
class Zhu(Study):
    """Editing a share of the labels in every round (ToEdit): the error is bounded where the share shrinks, and not else."""

    title = "How to synthesize text data without model collapse?"
    citation = "Zhu et al., ICML 2025, arXiv 2412.14689"

    def experiments(self, scale: Scale) -> dict[str, Experiment | Sweep]:
        """Least squares on one design whose labels are all, or in part, replaced by the last model's."""
        loop = Experiment(
            name="zhu", target=Linear(dim=DIM), model=LinearRegression(dim=DIM), metrics=("excess_risk",), n=ROWS,
            generations=ROUNDS, holdout=1, trajectories=scale.pick(50, 4000, 20000), handover="samples",
        )  # fmt: skip
        return {"editing": Sweep(loop, {"regime": tuple(REGIMES.values())})}


def _risk(results: Results, name: str) -> np.ndarray:
    """[trajectory, round] excess risk."""
    own = results["editing"].excess_risk.transpose("regime", "trajectory", "generation").values
    return np.asarray(own[list(REGIMES).index(name)], float)


def bound() -> float:
    """The paper's bound, 2 s^2 d / (T - d - 1)."""
    return 2 * float(theory.least_squares_replace_law(ROWS, DIM, 1))


def draw(results: Results) -> Figure:
    """Figure of the excess risk by round beside the bound."""
    lines = list[Series]()
    for name in REGIMES:
        risk = _risk(results, name)
        lines += mean_lines(name, np.arange(1, risk.shape[1] + 1), risk)
    rounds = np.arange(1, ROUNDS + 1)
    lines.append(Series("bound for all rounds", rounds, np.full(ROUNDS, bound()), kind=Kind.BOUND))
    panel = Panel(
        f"T = {ROWS}, d = {DIM}: {SHARE:.0%} of the labels edited", "fits", "excess risk", tuple(lines), ylim=(0, 1)
    )
    return Figure(
        "Zhu et al. (2025): editing in place of generating", (panel,), "mean over trajectories and its 95% interval"
    )


def _bounded(name: str) -> object:
    def read(results: Results) -> Measured:
        last = measured_mean(_risk(results, name)[:, -1])
        return last.judged(below(last, bound()))

    return read


Zhu.figures = {"editing": draw}
Zhu.claims = (
    Claim(
        name="constant-share",
        statement="editing a share of the labels in every round: the test error stays below 2 s^2 d/(T-d-1)",
        where="theorem 2", source=Source.SECOND, read=_bounded("a constant share"),
        chosen=f"T = {ROWS}, d = {DIM}, s = 1, {ROUNDS} fits, a random {SHARE:.0%} of the labels in every round",
        basis="excess risk of the last fit, its 95% interval below the bound",
        reasons=(Reason(
            "with a share a that stays, each round adds about (a + a (1 - a)) s^2 d/(T-d-1), new noise on the edited rows and "
            "the residual that they lose, so the error grows without bound; the theorem needs edits that shrink from round to "
            "round, below", 3 * bound(), 12 * bound(), disputed=True,
        ),),
    ),
    Claim(
        name="shrinking-share", statement="a share that shrinks from round to round: the test error stays below 2 s^2 d/(T-d-1)",
        where="theorem 2", source=Source.SECOND, read=_bounded("a share that halves"),
        chosen=f"T = {ROWS}, d = {DIM}, s = 1, {ROUNDS} fits, {SHARE:.0%} at first, half as many in each round",
        basis="excess risk of the last fit, its 95% interval below the bound",
    ),
)  # fmt: skip
