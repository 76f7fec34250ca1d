"""The three errors, each with the other two switched off."""

from __future__ import annotations

from typing import Any

import numpy as np

from collapsebench import theory
from collapsebench.analysis.intervals import mean_interval, variance_interval
from collapsebench.experiment.experiment import Experiment
from collapsebench.experiment.sweep import Sweep
from collapsebench.literature.measured import Measured, Results, estimated, exact, measured_variance
from collapsebench.literature.study import Claim, Request, Scale, Source, Study
from collapsebench.models.early_stopped import EarlyStopped
from collapsebench.models.gaussian import Gaussian
from collapsebench.models.gaussian_mixture import GaussianMixture
from collapsebench.show.figures import Figure, Kind, Panel, Series
from collapsebench.specs.registry import STUDIES
from collapsebench.targets.gaussian_mixture import GaussianMixture as MixtureTarget
from collapsebench.targets.normal import Normal

STEPS, RATE = 1.0, 0.2
"""Gradient steps of the learner that stops early, and their size: (1 - RATE)^STEPS of its start is left in each fit."""


@STUDIES.register("three_errors")
class ThreeErrors(Study):
    """Each of three errors alone: expressivity enters once, statistics walk at random, the learner compounds."""

    title = "The three errors, each alone"
    citation = "The project's own; errors as named by Shumailov et al. (2024), Nature 631"

    def experiments(self, scale: Scale) -> dict[str, Request]:
        """One loop for each error alone, two for the learner: early-stopped EM and gradient steps."""
        alone = {"regime": "replace", "x64": True, "holdout": 256, "generations": scale.pick(4, 20, 100)}
        exact = {**alone, "handover": "population", "trajectories": scale.pick(2, 4, 16)}
        walk = Experiment(
            name="errors-statistical", target=Normal(), model=Gaussian(), metrics=("log_variance", "mean_error"),
            handover="summary", regime="replace", x64=True, holdout=1, n=100, generations=scale.pick(4, 30, 200),
            trajectories=scale.pick(50, 10_000, 100_000),
        )  # fmt: skip
        return {
            "expressivity": Experiment(
                name="errors-expressivity", target=MixtureTarget(components=2, radius=2.0), model=Gaussian(),
                metrics=("kl",), **exact,
            ),
            "statistical": Sweep(walk, {"n": (20, 100, 500)}),
            "approximation": Experiment(
                name="errors-em", target=MixtureTarget(components=2, radius=1.5), metrics=("l2_squared",),
                model=GaussianMixture(components=2, steps=3, tolerance=0.0), **exact,
            ),
            "early-stopped": Experiment(
                name="errors-gradient", target=Normal(mean=1.0), metrics=("mean_error",),
                model=EarlyStopped(steps=STEPS, rate=RATE), **exact,
            ),
        }  # fmt: skip


def lost_law(fits: Any) -> Any:
    """Share of the real mean that is lost after a number of fits of the early-stopped learner, from a start of 0."""
    return 1 - (1 - (1 - RATE) ** STEPS) ** fits


def draw(results: Results) -> Figure:
    """Figure of the divergence by generation of each error alone, and the spread of the random walk."""
    bias, em, early = (results[name] for name in ("expressivity", "approximation", "early-stopped"))
    walks, g = results["statistical"], results["statistical"].generation.values
    spread = []
    for n in walks.n.values:
        spread.append(Series(f"n = {n:g}", g + 1, *variance_interval(walks.log_variance.sel(n=n).values)))
        spread.append(Series(f"n = {n:g}", g + 1, theory.replace_log_variance_spread_law(n, g + 1), kind=Kind.LAW))
    e = early.generation.values
    forgotten = lost_law(e + 1) ** 2
    panels = (
        Panel("expressivity alone: two modes, one Gaussian", "generation", "KL(real || model) (nats)",
              (Series("kl", bias.generation.values, *mean_interval(bias.kl.values)),), ylim=(0, None)),
        Panel("statistics alone: spread of log variance", "fits", "Var(log v)", tuple(spread), xlog=True, ylog=True),
        Panel("learning alone: 3 EM steps", "generation", "squared L2 distance",
              (Series("l2_squared", em.generation.values, *mean_interval(em.l2_squared.values)),), ylog=True),
        Panel("learning alone: one gradient step", "generation", "(mean - real mean)^2",
              (Series("early stopped", e, *mean_interval(early.mean_error.values)),
               Series("early stopped", e, forgotten, kind=Kind.LAW)), ylim=(0, None)),
    )  # fmt: skip
    note = "each panel switches the other two errors off; bands are 95% intervals over trajectories, dashes exact laws"
    return Figure("Each of the three errors alone", panels, note, columns=2)


def _enters_once(results: Results) -> Measured:
    kl = results["expressivity"].kl.values
    later = float(np.abs(kl - kl[:, :1]).max())
    return Measured(later, holds=bool(later < 1e-10 and kl[:, 0].min() > 0.01))


def _compounds(results: Results) -> Measured:
    rises = np.diff(results["approximation"].l2_squared.values, axis=1)
    return Measured(float(rises.min()), holds=bool(rises.min() > 0))


def _forgets(results: Results) -> Measured:
    shares = np.sqrt(results["early-stopped"].mean_error.values)
    worst = shares[np.abs(shares[:, -1] - lost_law(shares.shape[1])).argmax(), -1]
    return exact(float(worst)).against(lost_law(shares.shape[1]))


def _walk(n: int):  # type: ignore[no-untyped-def]
    def read(results: Results) -> Measured | None:
        values = results["statistical"].log_variance.sel(n=n).values
        if len(values) < 1000:
            return None
        return measured_variance(values[:, -1]).against(theory.replace_log_variance_spread_law(n, values.shape[1]))

    return read


def _independent(results: Results) -> Measured | None:
    """Correlation of successive steps, beside 0; the effect is a correlation of 1."""
    steps = np.diff(results["statistical"].log_variance.sel(n=20).values, axis=1, prepend=0.0)
    if len(steps) < 1000:
        return None
    a, b = (part - part.mean() for part in (steps[:, :-1].ravel(), steps[:, 1:].ravel()))
    correlation = float((a * b).mean() / np.sqrt((a * a).mean() * (b * b).mean()))
    return estimated(correlation, 1 / np.sqrt(a.size), a.size - 2).against(0.0, effect=1.0)


ThreeErrors.figures = {"three-errors": draw}
ThreeErrors.claims = (
    Claim(
        name="expressivity-enters-once",
        statement="without the other two errors, expressivity error enters at generation 0 only",
        where="the project's own question", source=Source.DERIVED,
        basis="largest later change of KL, which must stay below 1e-10 (float64)", read=_enters_once,
    ),
    *(
        Claim(
            name=f"statistics-walk-{n}",
            statement=f"statistical error walks at random: Var(log v) grows by trigamma((n-1)/2), n = {n}",
            where="the project's own question", source=Source.DERIVED, law="replace_log_variance_spread_law",
            basis="an exact law; ours: the variance over trajectories at the last generation", read=_walk(n),
        )
        for n in (20, 100, 500)
    ),
    Claim(
        name="statistics-steps-are-independent", statement="the steps of that walk are independent of one another",
        where="the project's own question", source=Source.DERIVED, law="0",
        basis="ours: correlation of successive steps, n = 20; the effect is a correlation of 1", read=_independent,
        blunt="the law is 0, of which every factor is 0: an offset of .03 would be told",
    ),
    Claim(
        name="learning-compounds",
        statement="approximation error compounds even with infinite data and a rich class (3 EM steps)",
        where="the project's own question", source=Source.DERIVED,
        basis="smallest rise of the squared L2 distance in any generation and trajectory, which must be above 0",
        read=_compounds,
    ),
    Claim(
        name="learning-forgets",
        statement="a learner that stops early forgets the truth geometrically, with infinite data",
        where="the project's own question", source=Source.DERIVED, law="1 - (1 - (1 - rate)^steps)^fits", tolerance=1e-9,
        basis="ours: the share of the mean that is lost at the last generation, of all trajectories the one farthest from it; "
            "1e-9 for float64",
        read=_forgets,
    ),
)  # fmt: skip
