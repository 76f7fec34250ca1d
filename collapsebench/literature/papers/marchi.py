"""Marchi et al.: heat death of generative models in closed-loop learning, CDC 2024, arXiv 2404.02325."""

from __future__ import annotations

import numpy as np

from collapsebench import theory
from collapsebench.experiment.experiment import Experiment
from collapsebench.experiment.sweep import Sweep
from collapsebench.literature.measured import (
    Measured,
    Results,
    above,
    below,
    exact,
    mean_curve,
    mean_lines,
    measured_mean,
    together,
)
from collapsebench.literature.study import Claim, Scale, Source, Study
from collapsebench.models.categorical import Categorical
from collapsebench.regimes.mix import Mix
from collapsebench.show.figures import Figure, Kind, Panel, Series
from collapsebench.specs.registry import PAPERS
from collapsebench.targets.categorical import Categorical as CategoricalTarget

K, ROWS, EARLY = 5, 1_000_000, 10
TEMPERATURES = (0.7, 0.8, 0.9)
"""Each with its border 1 - T."""
DISTANCES = (-0.1, -0.05, 0.05, 0.1)
"""Shares of external data about the border."""


@PAPERS.register("marchi")
class Marchi(Study):
    """Symbols redrawn at a temperature, with a share of uniform external data: a border between peak and uniform."""

    title = "Heat death of generative models in closed-loop learning"
    citation = "Marchi, Soatto, Chaudhari and Tabuada, CDC 2024, arXiv 2404.02325"

    def experiments(self, scale: Scale) -> dict[str, Sweep]:
        """A sweep over the share of external data for each temperature, so many rows that only chance starts a departure."""
        plan = {}
        for temperature in TEMPERATURES:
            loop = Experiment(
                name=f"marchi-{temperature:g}", target=CategoricalTarget(K), model=Categorical(K, temperature), n=ROWS,
                regime=Mix(0.1), metrics=("mean_error", "entropy"), handover="summary", holdout=1,
                generations=scale.pick(12, 400, 400), trajectories=scale.pick(8, 20_000, 40_000),
            )  # fmt: skip
            plan[f"{temperature:g}"] = Sweep(loop, {"regime.real_fraction": _shares(temperature)})
        return plan


def _shares(temperature: float) -> tuple[float, ...]:
    return tuple(round(1 - temperature + d, 6) for d in DISTANCES)


def _values(results: Results, temperature: float, share: float, metric: str) -> np.ndarray:
    result = results[f"{temperature:g}"][metric]
    return result.sel({"regime.real_fraction": share}, method="nearest").values.astype(float)


def departure_law(temperature: float, share: float, fits: np.ndarray) -> np.ndarray:
    """E |p_k - u|^2 to first order in 1 / n: a departure is multiplied by (1 - c) / T, and every fit adds its own."""
    factor = float(theory.temperature_stability_law(temperature, share)) ** 2
    return (1 - 1 / K) / ROWS * (factor**fits - 1) / (factor - 1)


def draw_border(results: Results) -> Figure:
    """Figure of the departure from uniform at one temperature, and of the entropy in the end by distance from the border."""
    k = results["0.8"].generation.values + 1
    early = slice(0, 3 * EARLY)
    lines = [
        line
        for share in _shares(0.8)
        for line in mean_lines(f"external {share:g}", k[early], _values(results, 0.8, share, "mean_error")[:, early],
                               departure_law(0.8, share, k[early]))
    ]  # fmt: skip
    ends = []
    for temperature in TEMPERATURES:
        last = np.stack([_values(results, temperature, s, "entropy")[:, -1] for s in _shares(temperature)], axis=1)
        ends += mean_lines(f"T = {temperature:g}", DISTANCES, last)
    folds = np.linspace(0.5, 0.99, 50)
    panels = (
        Panel("Departure from uniform, T = .8", "fits", "E |p - uniform|^2", tuple(lines), ylog=True),
        Panel("In the end", "share of external data less 1 - T", "entropy, nats", tuple(ends)),
        Panel("Borders", "temperature", "share of external data", (
            Series("uniform is stable above", folds, 1 - folds, kind=Kind.LAW),
            Series("a peak is gone above", folds, theory.temperature_fold_law(K, folds), kind=Kind.LAW))),
    )  # fmt: skip
    note = "bands: 95% intervals over trajectories; dashes: exact laws, on the left to first order. Five symbols"
    return Figure("Marchi et al. (2024): temperature and external data", panels, note)


Marchi.figures = {"border": draw_border}


# Claims


def _grows(results: Results, temperature: float) -> Measured:
    values = [_values(results, temperature, share, "mean_error")[:, EARLY - 1] for share in _shares(temperature)]
    return mean_curve(values, [float(departure_law(temperature, s, np.array(EARLY))) for s in _shares(temperature)])


def _degenerate(results: Results, temperature: float) -> Measured | None:
    """Entropy in the end .1 above the border; it holds where that is within .01 of log K, and .1 below it a nat lower."""
    if results[f"{temperature:g}"].sizes["generation"] < 400:
        return None
    low, *_, high = (measured_mean(_values(results, temperature, s, "entropy")[:, -1]) for s in _shares(temperature))
    return high.judged(together(above(high, np.log(K) - 0.01), below(low, np.log(K) - 0.2)))


def _both_stay(results: Results) -> Measured:
    """Largest mass of a symbol after 10,000 rounds from a peak, at a share of .21, where uniform stays too."""
    peak, flat = np.array([0.96, *(0.01,) * 4]), np.array([0.2004, *(0.1999,) * 4])
    ends = [theory.temperature_law(p, 10_000, temperature=0.8, external=0.21) for p in (peak, flat)]
    top = [float(np.max(end)) for end in ends]
    return exact(top[0]).judged(top[0] > 0.5 and abs(top[1] - 1 / K) < 1e-6)


_CHOSEN = (
    f"{K} symbols, {ROWS:,} rows a generation and all temperatures are ours: the paper's numbers are not known to us"
)
Marchi.claims = (
    *(
        Claim(
            name=f"border-{temperature:g}", statement=f"the border of stability is a share of 1 - T = {1 - temperature:.1g} "
            f"(T = {temperature:g}): departures shrink above it and grow below", where="stability of uniform",
            source=Source.DERIVED, law="temperature_stability_law", chosen=_CHOSEN,
            basis=f"exact to first order: E |p - u|^2 after {EARLY} fits at four shares about the border; the point that decides",
            read=lambda results, temperature=temperature: _grows(results, temperature),
        )
        for temperature in TEMPERATURES
    ),
    *(
        Claim(
            name=f"degenerates-{temperature:g}", statement="without enough external data the loop degenerates, with enough it "
            f"does not (T = {temperature:g})", where="theorems", source=Source.SECOND, chosen=_CHOSEN,
            basis="ours: entropy after 400 fits, .1 above the border within .01 of log 5, .1 below it lower by more than .2",
            read=lambda results, temperature=temperature: _degenerate(results, temperature),
        )
        for temperature in TEMPERATURES
    ),
    Claim(
        name="hysteresis", statement="at T = .8 a peak survives a share of .21, at which uniform is stable too",
        where="our reading of the map", source=Source.DERIVED, chosen=_CHOSEN,
        basis="exact: the map's limits from a peak and from near uniform", read=_both_stay,
    ),
)  # fmt: skip
