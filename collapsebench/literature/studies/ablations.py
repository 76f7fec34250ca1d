"""Ablation of every family: the three errors, on synthetic truths and on real data."""

from __future__ import annotations

from typing import Any

import numpy as np
import xarray as xr

from collapsebench import models, targets
from collapsebench.analysis.ablation import Ablation
from collapsebench.experiment.experiment import Experiment
from collapsebench.literature.measured import Measured, Results, exact
from collapsebench.literature.study import Claim, Request, Scale, Source, Study
from collapsebench.show.attribution import error_panel
from collapsebench.show.figures import Figure, Heat, Panel, with_bounds
from collapsebench.show.tables import with_interval
from collapsebench.specs.registry import STUDIES

EARLY = {"steps": 3.0, "rate": 0.5}
"""A learner that stops early: an eighth of its start is left in every fit."""


def _cases() -> dict[str, tuple[dict[str, Any], dict[str, Any]]]:
    """By name: fields of the experiment, and of the ablation. Every case has all errors that its family can have."""
    mixture = models.GaussianMixture(components=4, dim=2, steps=3, ridge=1e-4)
    rows = {"handover": "samples"}
    return {
        "gaussian-on-normal": ({"target": targets.Normal(mean=1.0, sd=2.0), "model": models.EarlyStopped(**EARLY)}, {}),
        "gaussian-on-mixture": (
            {"target": targets.GaussianMixture(components=2, radius=2.0), "model": models.EarlyStopped(**EARLY)}, {}
        ),
        "bernoulli": (
            {"target": targets.Bernoulli(p=0.2), "model": models.EarlyStopped(model="bernoulli", **EARLY)}, {}
        ),
        "poisson": ({"target": targets.Poisson(rate=3.0), "model": models.EarlyStopped(model="poisson", **EARLY)}, {}),
        "exponential": (
            {"target": targets.Exponential(scale=3.0), "model": models.EarlyStopped(model="exponential", **EARLY)}, {}
        ),
        "categorical-on-zipf": (
            {"target": targets.Zipf(classes=100), "model": models.Categorical(classes=100, tied=10, temperature=0.9)}, {}
        ),
        "ridge-on-linear": (
            {"target": targets.Linear(dim=5), "model": models.RidgeRegression(dim=5, features=4, fresh=True)}, {}
        ),
        "least-squares-on-linear": (
            {"target": targets.Linear(dim=5), "model": models.LinearRegression(dim=5, features=4, fresh=True)}, {}
        ),
        "logistic": (
            {"target": targets.Logistic(dim=2), **rows,
             "model": models.LogisticRegression(dim=2, features=1, steps=2, fresh=True)}, {}
        ),
        "kernel-on-normal": ({"target": targets.Normal(), "model": models.KernelDensity(), **rows}, {}),
        "kernel-on-moons": (
            {"target": targets.Moons(noise=0.2), "model": models.KernelDensity(dim=2, bandwidth=0.3), **rows},
            {"rich": models.GaussianMixture(components=8, dim=2)},
        ),
        "mixture-on-grid": ({"target": targets.Grid(sd=0.3), "model": mixture, **rows}, {}),
        "mixture-on-moons": (
            {"target": targets.Moons(noise=0.2), "model": mixture, **rows},
            {"rich": models.GaussianMixture(components=8, dim=2)},
        ),
        "mixture-on-digits": (
            {"target": targets.Dataset("digits", dim=2), "model": mixture, **rows},
            {"rich": models.GaussianMixture(components=8, dim=2), "divergence": "nll"},
        ),
        "mixture-on-breast-cancer": (
            {"target": targets.Dataset("breast_cancer", dim=2), "model": mixture, **rows},
            {"rich": models.GaussianMixture(components=6, dim=2), "divergence": "nll"},
        ),
    }  # fmt: skip


@STUDIES.register("ablations")
class Ablations(Study):
    """Share of each of the three errors: 2^3 factorials of every closed-form and EM family, synthetic and real data."""

    title = "The three errors of every family"
    citation = "The project's own; real data: UCI digits and breast cancer (CC BY 4.0)"
    when_named = True

    def experiments(self, scale: Scale) -> dict[str, Request]:
        """An ablation of each case; the first two only at smoke scale."""
        made: dict[str, Request] = {}
        for name, (fields, request) in _cases().items():
            slow = name.startswith(("mixture", "kernel"))
            trajectories = scale.pick(2, 20, 200) if slow else scale.pick(8, 500, 5000)
            common = {
                "n": 100, "holdout": 64, "generations": scale.pick(2, 20, 50), "trajectories": trajectories,
                "handover": "summary", "metrics": ("nll",),
            }  # fmt: skip
            made[name] = Ablation(Experiment(name=f"ablation-{name}", **(common | fields)), **request)
        return dict(list(made.items())[:2]) if scale is Scale.SMOKE else made


def _by_case(result: xr.Dataset, generation: int) -> list[tuple[float, float, float]]:
    at = result.isel(generation=generation)
    return [tuple(map(float, with_bounds(at, "shapley", error=error))) for error in result.error.values]


def draw_table(results: Results) -> Figure:
    """Figure of each error's contribution at the first and at the last generation, for every case."""
    errors = [str(error) for error in next(iter(results.values())).error.values]
    panels = []
    for title, generation in (("generation 0", 0), ("last generation", -1)):
        found = [_by_case(result, generation) for result in results.values()]
        parts = np.array([[max(value, 0.0) for value, _, _ in row] for row in found])
        shares = parts / np.maximum(parts.sum(axis=1, keepdims=True), 1e-300)
        cells = [[with_interval(*bounds, digits=2) for bounds in row] for row in found]
        panels.append(Panel(title, "", "", heat=Heat("share", errors, list(results), 2 * shares, cells=cells)))
    note = (
        "Shapley value of each error (median over trajectories) in the unit of the divergence, and its 95% interval; "
        "colour: its share of what raises the divergence. A negative value: that error undoes the others'."
    )
    return Figure("What each error contributes", tuple(panels), note, columns=2)


def draw_lines(results: Results) -> Figure:
    """Figure of each error's contribution by generation, for every case."""
    panels = [error_panel(result, name) for name, result in results.items()]
    note = "Shapley values of the median over trajectories; bands are 95% bootstrap intervals"
    return Figure("The three errors by generation", tuple(panels), note, columns=3)


def _fixed_point(name: str):  # type: ignore[no-untyped-def]
    def read(results: Results) -> Measured | None:
        floor = results[name].floor.values
        drift = float(np.abs(floor - floor[0]).max())
        return exact(drift).judged(drift < 1e-3)

    return read


Ablations.figures = {"errors": draw_table, "errors-by-generation": draw_lines}
Ablations.claims = tuple(
    Claim(
        name=f"{name}-is-a-fixed-point", statement=f"{name}: without the three errors nothing drifts",
        where="the project's own question", source=Source.DERIVED,
        basis="largest change of the divergence of the arm with no error after generation 0, which must stay below 0.001",
        read=_fixed_point(name),
    )
    for name in _cases()
)  # fmt: skip
