"""Khelifa et al.: drift of diffusion models that are retrained on their own draws, 2026."""

from __future__ import annotations

import dataclasses
import itertools

import numpy as np

from collapsebench import theory
from collapsebench.experiment.experiment import Experiment
from collapsebench.experiment.sweep import Sweep
from collapsebench.learning.training import Training
from collapsebench.literature.measured import (
    Measured,
    Results,
    above,
    completed_fits,
    mean_curve,
    mean_lines,
    measured_mean,
    together,
)
from collapsebench.literature.study import Claim, Reason, Scale, Source, Study
from collapsebench.metrics.mean_error import MeanError
from collapsebench.metrics.variance import Variance
from collapsebench.models.diffusion import Diffusion
from collapsebench.models.kernel_density import KernelDensity
from collapsebench.regimes.mix import Mix
from collapsebench.show.figures import Figure, Panel, Series
from collapsebench.specs.registry import PAPERS
from collapsebench.targets.gaussian_mixture import GaussianMixture

DIM, SMOOTHING, SD, GENERATIONS = 10, 0.6, 0.6, 20
PLACES = ((0.0, 0.0), (4.0, 4.0), (4.0, -4.0), (-4.0, 4.0), (-4.0, -4.0))
MEANS = tuple(place + (0.0,) * (DIM - 2) for place in PLACES)
SECOND_MOMENT = DIM * SD**2 + sum(x * x for place in PLACES for x in place) / len(PLACES)
"""E |x|^2 of the real mixture: 3.6 inside the components and 25.6 between them."""

SHARES = (0.1, 0.5, 0.9)
"""Fresh shares; the law's relative drifts of E |x|^2 after 20 generations are 1.083, .247 and .137."""
ON_THE_WAY = (1, 10)
"""Fits on the way at which the drift is compared with its law."""
DRAWS = 1024
"""Draws of a diffusion model that its second moment is taken from: one standard error is 1.5% of it, per trajectory."""


@PAPERS.register("khelifa")
class Khelifa(Study):
    """Loop that smooths by h and mixes in a share a of fresh real rows: its exact law, and a diffusion model beside it.

    A kernel density of bandwidth h is that smoothing, to the letter. What is known of the paper is its setting; the
    network, its steps and the 2000 rows a generation are our choice.
    """

    title = "Drift of diffusion models in recursive training"
    citation = "Khelifa et al. (2026), arXiv 2602.16601"
    when_named = True

    def experiments(self, scale: Scale) -> dict[str, Experiment | Sweep]:
        """Sweeps over the share of real rows, of the exact smoothing loop and of the diffusion model."""
        smooth = Experiment(
            name="khelifa-smoothing", regime=Mix(), model=KernelDensity(dim=DIM, bandwidth=SMOOTHING),
            target=GaussianMixture(components=len(MEANS), dim=DIM, means=MEANS, sd=SD), n=scale.pick(200, 2000, 10_000),
            metrics=("variance", "mean_error"), generations=GENERATIONS, holdout=256,
            trajectories=scale.pick(10, 100, 200),
        )  # fmt: skip
        training = Training(steps=scale.pick(20, 500, 5000), batch=128, rate=2e-3, schedule="cosine")
        network = dataclasses.replace(
            smooth, name="khelifa-diffusion", model=Diffusion(dim=DIM, hidden=(64, 64), training=training),
            metrics=(Variance(rows=DRAWS), MeanError(rows=DRAWS), "sliced_w2"), trajectories=scale.pick(2, 3, 20),
            generations=scale.pick(2, GENERATIONS, GENERATIONS),
        )  # fmt: skip
        shares = {"regime.real_fraction": SHARES}
        return {"smoothing": Sweep(smooth, shares), "diffusion": Sweep(network, shares)}


def drift(results: Results, loop: str, share: float) -> np.ndarray:
    """Relative drift of E |x|^2, [trajectory, generation]; the real mean is 0."""
    at = results[loop].sel({"regime.real_fraction": share})
    return (at["variance"].values + at.mean_error.values) / SECOND_MOMENT - 1


def _law(share: float, fits: np.ndarray, first: float = DIM * SMOOTHING**2 / SECOND_MOMENT) -> np.ndarray:
    """Drift by the law, where the first fit's is `first`."""
    h = np.sqrt(abs(first) * SECOND_MOMENT / DIM)
    return np.sign(first) * theory.diffusion_drift_law(fits, share, h, dim=DIM, second_moment=SECOND_MOMENT)


def draw_drift(results: Results) -> Figure:
    """Figure of the drift of the second moment by generation, of the exact loop and of the diffusion model."""
    panels = []
    for loop, title in (("smoothing", "Exact smoothing by h = .6"), ("diffusion", "Diffusion model")):
        series, k = list[Series](), completed_fits(results[loop])
        for share in SHARES:
            values, name = 100 * drift(results, loop, share), f"a = {share:g}"
            first = {} if loop == "smoothing" else {"first": float(values[:, 0].mean() / 100)}
            series += mean_lines(name, k, values, 100 * _law(share, k, **first))
        panels.append(Panel(title, "fits", "drift of E |x|^2, %", tuple(series)))
    distance, at = list[Series](), results["diffusion"].sliced_w2
    for share in SHARES:
        values = at.sel({"regime.real_fraction": share}).values
        distance += mean_lines(f"a = {share:g}", completed_fits(at), values)
    panels.append(Panel("Diffusion model", "fits", "sliced W2 to real rows", tuple(distance), ylim=(0, None)))
    note = (
        "five components in ten dimensions, share a of fresh rows. Bands: 95% intervals of the mean; dashes: the exact law, "
        "for the diffusion model with the (here negative) smoothing of its first fit"
    )
    return Figure("Khelifa et al. (2026): drift of diffusion models", tuple(panels), note)


def _at_20(results: Results, share: float) -> Measured:
    return measured_mean(drift(results, "smoothing", share)[:, GENERATIONS - 1]).against(
        _law(share, np.array(GENERATIONS))
    )


def _follows_the_law(results: Results) -> Measured:
    """Drift at the first and tenth fit of every share, beside its law."""
    points = [(share, k) for share in SHARES for k in ON_THE_WAY]
    values = [drift(results, "smoothing", share)[:, k - 1] for share, k in points]
    return mean_curve(values, [_law(share, np.array(k)) for share, k in points])


def _diffusion_order(results: Results) -> Measured | None:
    """Distance to real rows at the least fresh share less that at the largest; it holds where the order is strict."""
    ends = [results["diffusion"].sliced_w2.sel({"regime.real_fraction": share}).values[:, -1] for share in SHARES]
    if results["diffusion"].sizes["generation"] < GENERATIONS:
        return None
    gaps = [measured_mean(less - more) for less, more in itertools.pairwise(ends)]
    return measured_mean(ends[0] - ends[-1]).judged(together(*(above(gap, 0) for gap in gaps)))


def _diffusion_drift(results: Results) -> Measured | None:
    """The diffusion model's own drift at a = .1; it holds where that is upward, as smoothing would have it."""
    values = drift(results, "diffusion", 0.1)
    if values.shape[1] < GENERATIONS:
        return None
    found = measured_mean(values[:, -1])
    return found.judged(above(found, 0))


def _diffusion_law(results: Results) -> Measured | None:
    """Drift of the diffusion model at a = .1, beside what the law makes of its first fit's."""
    values = drift(results, "diffusion", 0.1)
    if values.shape[1] < GENERATIONS:
        return None
    return measured_mean(values[:, -1]).against(_law(0.1, np.array(GENERATIONS), float(values[:, 0].mean())))


_CHOSEN = "2000 rows a generation, and the network with its steps, are ours; no number of the paper's is known to us"
_WHERE = "derived: `theory.diffusion_drift_law`; ten dimensions, five components, h = .6"
Khelifa.figures = {"drift": draw_drift}
Khelifa.claims = (
    *(
        Claim(
            name=f"drift-{share:g}",
            statement=f"fresh share {share:g}: E |x|^2 drifts by {_law(share, np.array(GENERATIONS)):+.1%} in 20 generations",
            where=_WHERE, source=Source.DERIVED, law="diffusion_drift_law", basis="an exact law", chosen=_CHOSEN,
            read=lambda results, share=share: _at_20(results, share),
        )
        for share in SHARES
    ),
    Claim(
        name="drift-law", statement="the drift follows the law on the way",
        where=_WHERE, source=Source.DERIVED, law="diffusion_drift_law", chosen=_CHOSEN,
        basis="ours: the first and the tenth fit of every share, of which the point that decides",
        read=_follows_the_law,
    ),
    Claim(
        name="diffusion-order", statement="the less fresh data, the farther a real diffusion model ends from the truth",
        where="our network beside the law", source=Source.DERIVED, chosen=_CHOSEN,
        basis="ours: sliced W2 at a = .1 less that at .9 after 20 fits; the interval of every step must lie above 0",
        read=_diffusion_order,
    ),
    Claim(
        name="diffusion-drifts",
        statement="with little fresh data a real diffusion model drifts outwards, as smoothing does",
        where="our network beside the law", source=Source.DERIVED, chosen=_CHOSEN,
        basis="ours: drift of E |x|^2 after 20 fits at a = .1; its interval must lie above 0",
        read=_diffusion_drift,
    ),
    Claim(
        name="diffusion-law", statement="a real diffusion model drifts as if every fit blurred like its first one",
        where="our network beside the law", source=Source.DERIVED, law="diffusion_drift_law", chosen=_CHOSEN,
        basis="ours: drift at a = .1 after 20 fits; the reference is the law's with the smoothing of our own first fit",
        read=_diffusion_law, blunt="ours has the other sign than the law: it differs at any factor",
        reasons=(Reason(
            "a network's error is no fixed blur: the first fit draws E |x|^2 a few percent inwards, and fits to its draws "
            "push outwards, most where the training set has moved from the truth", 0.0, 1.1,
        ),),
    ),
)  # fmt: skip
