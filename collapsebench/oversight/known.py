"""Phase diagrams that have a name: the two numbers, their ranges, the experiment between them and the limit on loss."""

from __future__ import annotations

import dataclasses

import numpy as np

from collapsebench.experiment.experiment import Experiment
from collapsebench.specs.registry import CURATORS, MODELS, REGIMES, TARGETS


@dataclasses.dataclass(frozen=True)
class Span:
    """Values of an axis: from `low` to `high`, evenly or, with `log`, in proportion; `whole`: whole numbers only."""

    path: str
    low: float
    high: float
    label: str
    log: bool = False
    whole: bool = False

    def values(self, cells: int) -> tuple[float, ...]:
        """About `cells` values, ascending."""
        made = (np.geomspace if self.log else np.linspace)(self.low, self.high, cells)
        return tuple(map(int, np.unique(np.round(made)))) if self.whole else tuple(map(float, made))


@dataclasses.dataclass(frozen=True)
class Known:
    """A diagram by name. cells: values on each side by default, fewer where every row is drawn."""

    experiment: Experiment
    x: Span
    y: Span
    limit: str
    cells: int = 40

    @property
    def labels(self) -> tuple[str, str]:
        """Labels of both axes."""
        return self.x.label, self.y.label

    def values(self, experiment: Experiment, cells: int) -> dict[str, tuple[float, ...]]:
        """Values of both axes by path; generations to the last one of the experiment."""
        y = self.y
        if y.path == "generations":
            y = dataclasses.replace(y, high=experiment.generations - 1)
        return {self.x.path: self.x.values(cells), y.path: y.values(cells)}


_GAUSSIAN = Experiment(name="diagram", n=100, generations=101, trajectories=200, handover="summary")
_ROWS = dataclasses.replace(_GAUSSIAN, n=200, generations=21, handover="samples", holdout=2000)
FRESH_ROWS = 40
"""Fresh real rows at most."""
GROWTH = 3.0
"""The largest exponent of a growing sample."""

DIAGRAMS = {
    "real_share": Known(
        dataclasses.replace(_GAUSSIAN, name="diagram-real-share", regime="mix"),
        Span("regime.real_fraction", 0, 0.1, "share of real rows"),
        Span("n", 10, 1000, "rows of a generation", log=True, whole=True), "variance=.5",
    ),
    "fresh_rows": Known(
        dataclasses.replace(_GAUSSIAN, name="diagram-fresh-rows", regime=REGIMES.get("fresh")(rows=FRESH_ROWS)),
        Span("regime.used", 0, 1, f"new real rows of a generation, over {FRESH_ROWS}"),
        Span("n", 10, 1000, "synthetic rows of a generation", log=True, whole=True), "variance=.5",
    ),
    "temperature": Known(
        Experiment(
            name="diagram-temperature", target=TARGETS.get("categorical")(5), model=MODELS.get("categorical")(5),
            regime="mix", n=1000, generations=101, trajectories=200, handover="summary",
        ),
        Span("model.temperature", 0.5, 1.1, "sampling temperature"),
        Span("regime.real_fraction", 0, 0.5, "share of external, uniform data"), "risk:l2_squared=9",
    ),
    "judge": Known(
        dataclasses.replace(_ROWS, name="diagram-judge", curator="judge"),
        Span("curator.rho", 0, 1, "correlation of the judge with quality"),
        Span("curator.keep", 0.05, 1, "share that is kept"), "variance=.5", cells=20,
    ),
    "verifier": Known(
        dataclasses.replace(_ROWS, name="diagram-verifier", curator=CURATORS.get("verifier")(rare=0.3)),
        Span("curator.keep_right", 0.05, 1, "right rows that are kept"),
        Span("curator.keep_wrong", 0, 1, "wrong rows that are kept"), "variance=.5", cells=20,
    ),
    "growth": Known(
        dataclasses.replace(_GAUSSIAN, name="diagram-growth", regime=REGIMES.get("grow")(power=GROWTH)),
        Span("regime.used", 0, 1, f"exponent of the sample's growth, over {GROWTH:g}"),
        Span("generations", 1, 100, "generation", log=True, whole=True), "risk=1",
    ),
}  # fmt: skip
"""Diagrams by name."""
