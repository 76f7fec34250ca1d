"""Handwritten digits in eight principal components, under replace and accumulate."""

from __future__ import annotations

import numpy as np

from collapsebench.analysis.intervals import mean_interval
from collapsebench.experiment.experiment import Experiment
from collapsebench.experiment.sweep import Sweep
from collapsebench.literature.measured import Measured, Results, above, measured_mean
from collapsebench.literature.study import Claim, Scale, Source, Study
from collapsebench.models.gaussian_mixture import GaussianMixture
from collapsebench.models.kernel_density import KernelDensity
from collapsebench.regimes.accumulate import Accumulate
from collapsebench.regimes.augment import Augment
from collapsebench.regimes.replace import Replace
from collapsebench.show.figures import Figure, Panel, Series
from collapsebench.specs.registry import STUDIES
from collapsebench.targets.dataset import Dataset

DIM = 8
REGIMES = (Replace(), Accumulate(), Augment())


@STUDIES.register("digits")
class Digits(Study):
    """Collapse of a Gaussian mixture and a kernel density estimate on handwritten digits (8 principal components)."""

    title = "Collapse on real data: handwritten digits, 8 principal components"
    citation = "The project's own; 1797 digits 8x8 of the UCI repository (CC BY 4.0)"

    def experiments(self, scale: Scale) -> dict[str, Experiment | Sweep]:
        """Sweeps over the regime, of the mixture and of the kernel density."""
        metrics = ("nll", "log_variance", "frechet", "recall")
        common = {
            "target": Dataset("digits", dim=DIM), "metrics": metrics, "n": scale.pick(100, 500, 1000),
            "generations": scale.pick(3, 15, 50), "trajectories": scale.pick(2, 8, 100), "holdout": 256,
        }  # fmt: skip
        mixture = Experiment(name="digits-mixture", model=GaussianMixture(components=10, dim=DIM, ridge=1e-3), **common)
        kernel = Experiment(name="digits-kernel", model=KernelDensity(dim=DIM, bandwidth=0.3), **common)
        regimes = scale.pick(REGIMES[:2], REGIMES[:2], REGIMES)
        return {"mixture": Sweep(mixture, {"regime": regimes}), "kernel": Sweep(kernel, {"regime": regimes})}


def draw(results: Results) -> Figure:
    """Figure of held-out loss, spread, distance and recall by generation, for both models and each regime."""
    panels = []
    for label in ("mixture", "kernel"):
        result = results[label]
        for metric, ylabel in (("nll", "held-out loss (nats)"), ("log_variance", "log trace of covariance"),
                               ("recall", "recall of held-out digits")):  # fmt: skip
            lines = tuple(
                Series(str(regime), result.generation.values, *mean_interval(result[metric].sel(regime=regime).values))
                for regime in result.regime.values
            )
            panels.append(Panel(f"{label}: {metric}", "generation", ylabel, lines))
    note = "mean over trajectories and its 95% interval; every regime sees the same real rows, the held-out digits none"
    return Figure("Digits: what survives", tuple(panels), note, columns=3)


def _rise(results: Results, label: str, regime: str) -> np.ndarray:
    loss = results[label].nll.sel(regime=regime)
    return (loss.isel(generation=-1) - loss.isel(generation=0)).values


def _replace_is_worse(label: str):  # type: ignore[no-untyped-def]
    def read(results: Results) -> Measured | None:
        if results[label].sizes["generation"] < 10:
            return None
        found = measured_mean(_rise(results, label, "replace") - _rise(results, label, "accumulate"))
        return found.judged(above(found, 0))

    return read


Digits.figures = {"digits": draw}
Digits.claims = tuple(
    Claim(
        name=f"{label}-replace-is-worse",
        statement=f"on real digits a {name} loses more held-out likelihood when data are replaced",
        where="the project's own question", source=Source.DERIVED,
        basis="rise of the held-out loss, replace minus accumulate, paired by trajectory: its 95% interval is above 0",
        read=_replace_is_worse(label),
    )
    for label, name in (("mixture", "Gaussian mixture"), ("kernel", "kernel density estimate"))
)  # fmt: skip
