"""Feng et al.: Beyond model collapse: scaling up with synthesized data requires verification, ICLR 2025, 2406.07515."""

from __future__ import annotations

import numpy as np
from jaxtyping import Array, Float, PyTree

from collapsebench import theory
from collapsebench.experiment.experiment import Experiment
from collapsebench.experiment.sweep import Sweep
from collapsebench.literature.measured import (
    Measured,
    Results,
    above,
    below,
    mean_curve,
    measured_share,
    share_line,
    together,
)
from collapsebench.literature.study import Claim, Scale, Source, Study
from collapsebench.maths.samplers import bernoulli
from collapsebench.models.bernoulli import Bernoulli
from collapsebench.parts.curator import Curator
from collapsebench.parts.metric import Metric, View
from collapsebench.regimes.replace import Replace
from collapsebench.show.figures import Figure, Kind, Panel, Series
from collapsebench.specs.pytree import Key, spec, within
from collapsebench.specs.registry import PAPERS
from collapsebench.targets.bernoulli import Bernoulli as BernoulliTarget

ROWS = 2000
VERIFIERS = ((0.8, 0.4), (0.9, 0.1))
"""Probabilities to keep a right and a wrong label."""
FACTORS = (0.8, 0.93, 1.0, 1.07, 1.2)
"""Shares of wrong labels over the threshold."""


@spec
class LabelVerifier(Curator):
    """Keep right labels (0) and wrong ones (1), each with a probability of its own."""

    keep_right: float = within(0.8, low=0, high=1)
    keep_wrong: float = within(0.4, low=0, high=1)

    def weights(self, key: Key, view: View, state: PyTree) -> tuple[Float[Array, " capacity"], PyTree]:
        """Weights [capacity]: 1 for what is kept, else 0; the state as given."""
        wrong, w = view.synthetic.x, view.synthetic.w
        chance = wrong * self.keep_wrong + (1 - wrong) * self.keep_right
        return bernoulli(key, chance, w.shape).astype(w.dtype), state


@spec
class WrongShare(Metric):
    """Share of wrong labels that the model has learnt; a classifier says the label of the majority."""

    def __call__(self, key: Key, view: View) -> Float[Array, ""]:
        return view.fitted.moments()[0].sum()


@PAPERS.register("feng")
class Feng(Study):
    """Labels of which some are wrong, pruned by an imperfect verifier, and learnt by majority."""

    title = "Beyond model collapse: scaling up with synthesized data requires verification"
    citation = "Feng et al., ICLR 2025, arXiv 2406.07515"

    def experiments(self, scale: Scale) -> dict[str, Sweep]:
        """For each verifier a sweep over the share of wrong labels about its threshold; generation 1 is after pruning."""
        plan = {}
        for right, wrong in VERIFIERS:
            loop = Experiment(
                name=f"feng-{wrong / right:g}", target=BernoulliTarget(), model=Bernoulli(), n=ROWS, regime=Replace(),
                curator=LabelVerifier(right, wrong), metrics=(WrongShare(),), holdout=1, generations=2,
                trajectories=scale.pick(20, 1000, 4000),
            )  # fmt: skip
            plan[f"{wrong / right:g}"] = Sweep(loop, {"target.p": _shares(right, wrong)})
        return plan


def _shares(right: float, wrong: float) -> tuple[float, ...]:
    threshold = float(theory.verification_threshold_law(right, wrong))
    return tuple(round(min(threshold * f, 0.99), 6) for f in FACTORS)


def _learnt(results: Results, right: float, wrong: float) -> np.ndarray:
    """[share, trajectory] wrong labels after pruning."""
    found = next(iter(results[f"{wrong / right:g}"].data_vars.values()))
    return found.isel(generation=1).transpose("target.p", "trajectory").values.astype(float)


def draw_threshold(results: Results) -> Figure:
    """Figure of the runs that learn the right label, by the share of wrong ones."""
    series: list[Series] = []
    for right, wrong in VERIFIERS:
        label, shares = f"keeps {right:g} right, {wrong:g} wrong", _shares(right, wrong)
        series.append(share_line(label, shares, (_learnt(results, right, wrong) < 0.5).T))
        x = np.linspace(0.4, 1, 301)
        series.append(
            Series("", x, theory.verification_accuracy_limit_law(x, right, wrong), kind=Kind.LAW, group=label)
        )
    note = f"{ROWS} labels; bands: 95% intervals over trajectories; dashes: the limit of many labels"
    panel = Panel("Majority after pruning", "share of wrong labels before", "right", tuple(series))
    return Figure("Feng et al. (2025): verification", (panel,), note, columns=1)


Feng.figures = {"threshold": draw_threshold}


# Claims


def _turns(results: Results, right: float, wrong: float) -> Measured | None:
    """Share of runs that are right .07 above the threshold; it holds where that is under 1%, and below it over 99%."""
    values = _learnt(results, right, wrong)
    if values.shape[1] < 500:
        return None
    low, high = measured_share(values[1] < 0.5, 2), measured_share(values[3] < 0.5, 2)
    return high.judged(together(above(low, 0.99), below(high, 0.01)))


def _pruned(results: Results, right: float, wrong: float) -> Measured:
    """Wrong labels after pruning at every share, beside q = p wrong / (p wrong + (1 - p) right)."""
    p = np.array(_shares(right, wrong))
    return mean_curve(list(_learnt(results, right, wrong)), list(p * wrong / (p * wrong + (1 - p) * right)))


_CHOSEN = f"{ROWS} labels of one point and both verifiers are ours: the theorem is for many"
Feng.claims = tuple(
    claim
    for right, wrong in VERIFIERS
    for claim in (
        Claim(
            name=f"threshold-{wrong / right:.2g}", statement="accuracy goes to 100% below p* = 1 / (1 + psi / phi) wrong labels, "
            f"and to 0% above (phi = {right:g}, psi = {wrong:g}: p* = {theory.verification_threshold_law(right, wrong):.3g})",
            where="theorem", source=Source.SECOND, chosen=_CHOSEN,
            basis="ours: runs with the right majority 7% below and above p*, whose intervals must lie above 99% and below 1%",
            read=lambda results, right=right, wrong=wrong: _turns(results, right, wrong),
        ),
        Claim(
            name=f"pruned-{wrong / right:.2g}", statement="half of the labels that are left are wrong exactly at p*",
            where="theorem", source=Source.DERIVED, law="verification_threshold_law", chosen=_CHOSEN,
            basis="exact: the share of wrong labels after pruning, at five shares about p*; the point that decides",
            read=lambda results, right=right, wrong=wrong: _pruned(results, right, wrong),
        ),
    )
)  # fmt: skip
