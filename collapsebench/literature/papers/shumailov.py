"""Shumailov et al.: AI models collapse when trained on recursively generated data, Nature 631:755 (2024)."""

from __future__ import annotations

import dataclasses

import numpy as np

from collapsebench import theory
from collapsebench.analysis.intervals import mean_interval, prediction_interval, sd_interval
from collapsebench.experiment.experiment import Experiment
from collapsebench.experiment.sweep import Sweep
from collapsebench.literature.measured import Measured, Results, measured_mean
from collapsebench.literature.study import Claim, Scale, Source, Study
from collapsebench.models.gaussian import Gaussian
from collapsebench.models.gaussian_mixture import GaussianMixture
from collapsebench.regimes.accumulate import Accumulate
from collapsebench.regimes.accumulate_subsample import AccumulateSubsample
from collapsebench.regimes.replace import Replace
from collapsebench.show.figures import Figure, Kind, Panel, Series, resolution_floor
from collapsebench.specs.registry import PAPERS
from collapsebench.targets.normal import Normal

SIZES = (10, 30, 100, 500, 10**3, 10**4, 10**5, 10**6, 10**7)
RECURSION = (100, 500, 1000, 10000)
MIXTURE = (500, 1000, 10000, 50000, 200000)


@PAPERS.register("shumailov")
class Shumailov(Study):
    """Gaussians and mixtures refitted to their own draws: mean drift and loss of variance, by sample size."""

    title = "AI models collapse when trained on recursively generated data"
    citation = "Shumailov et al., Nature 631:755 (2024), arXiv 2305.17493"

    def experiments(self, scale: Scale) -> dict[str, Experiment | Sweep]:
        """One fit by sample size, Gaussian loops under three regimes, and two-component mixtures, by name."""
        first = Experiment(
            name="shumailov-sample-size", target=Normal(), model=Gaussian(), regime=Replace(), handover="summary",
            metrics=("mean_error", "variance"), generations=1, trajectories=scale.pick(50, 1000, 1000), holdout=1,
        )  # fmt: skip
        loop = dataclasses.replace(
            first, name="shumailov-recursion", metrics=("mean_error", "variance", "log_variance", "w2_squared"),
            generations=scale.pick(20, 1000, 1000), trajectories=scale.pick(20, 500, 1000),
        )  # fmt: skip
        pooled = dataclasses.replace(loop, name="shumailov-pool", regime=Accumulate())
        subsampled = dataclasses.replace(
            loop, name="shumailov-subsample", regime=AccumulateSubsample(), handover="samples", n=100,
            metrics=("mean_error", "log_variance"), generations=scale.pick(10, 100, 1000),
            trajectories=scale.pick(4, 20, 200),
        )  # fmt: skip
        mixture = Experiment(
            name="shumailov-mixture", target=Normal(dim=2), regime=Replace(), metrics=("l2_squared", "variance"),
            model=GaussianMixture(components=2, dim=2, tolerance=1e-5, steps=scale.pick(50, 300, 2000), ridge=1e-6),
            generations=scale.pick(5, 2001, 2051), trajectories=scale.pick(2, 16, 32), holdout=1, n=MIXTURE[0],
        )  # fmt: skip
        sizes = RECURSION[: scale.pick(2, 4, 4)]
        return {
            "sample-size": Sweep(first, {"n": SIZES}),
            "recursion": Sweep(loop, {"n": sizes}),
            "recursion-pool": Sweep(pooled, {"n": sizes}),
            "recursion-subsample": Sweep(subsampled, {"n": (100,)}),
            "mixture": Sweep(mixture, {"n": MIXTURE[: scale.pick(1, 1, 5)]}),
        }


def draw_sample_size(results: Results) -> Figure:
    """Figure of the error of one fit against the sample size."""
    result = results["sample-size"].isel(generation=0)
    n = result["n"].values
    error = np.sqrt(result.mean_error.values)
    mean, sd = error.mean(axis=1), error.std(axis=1, ddof=1)
    law = np.sqrt(2 / (np.pi * n))
    series = (
        Series("|mean error|, ours", n, mean, np.maximum(mean - sd, 1e-9), mean + sd, group="a"),
        Series("sqrt(2 / (pi n))", n, law, kind=Kind.LAW, group="a"),
        Series("published at 1e7", [1e7], [2.49e-4], kind=Kind.PUBLISHED),
    )
    panel = Panel("One fit to n real draws", "samples n", "|mean error|", series, xlog=True, ylog=True)
    return Figure("Shumailov et al. (2024): sample size", (panel,), "band: one standard deviation over trajectories")


def draw_recursion(results: Results) -> Figure:
    """Figure of the recursion: replaced, pooled, and trained on a constant part of the pool."""
    laws = {
        "recursion": (theory.replace_mean_error_law, theory.replace_median_variance_law),
        "recursion-pool": (theory.accumulate_mean_error_law, theory.accumulate_variance_law),
        "recursion-subsample": (),
    }
    titles = ("replace", "pool everything", "pool, train on n of it")
    panels = []
    for (label, known), title in zip(laws.items(), titles, strict=True):
        last = results[label].sizes["generation"]
        fits = np.unique(np.geomspace(1, last, 150).astype(int))
        result = results[label].sel(generation=fits - 1)
        drift, spread = [], []
        for n in result["n"].values:
            at, name = result.sel(n=n), f"n = {n:g}"
            variance = np.exp(at.log_variance)
            drift.append(Series(name, fits, *mean_interval(at.mean_error.values)))
            spread.append(Series(name, fits, *(variance.quantile(q, "trajectory").values for q in (0.5, 0.25, 0.75))))
            for series, law in zip((drift, spread), known, strict=False):
                series.append(Series("", fits, law(n, fits), kind=Kind.LAW, group=name))
        if label == "recursion":
            spread.append(Series("float32 samples end", fits[:1], resolution_floor(), kind=Kind.FLOOR))
        panels.append(Panel(f"{title}: mean", "fits", "squared mean error", tuple(drift), xlog=True, ylog=True))
        panels.append(Panel(f"{title}: spread", "fits", "variance", tuple(spread), xlog=True, ylog=True))
    note = "bands: mean and 95% interval (left), median and quartiles (right); dashes: exact laws (median: asymptotic)"
    return Figure("Shumailov et al. (2024): recursion", tuple(panels), note, columns=2)


def draw_mixture(results: Results) -> Figure:
    """Figure of two-component mixtures refitted to their own draws."""
    result = results["mixture"]
    series = []
    for n in result["n"].values:
        low, mid, high = (result.l2_squared.sel(n=n).quantile(q, "trajectory").values for q in (0.1, 0.5, 0.9))
        series.append(Series(f"n = {n:g}", result.generation.values, mid, low, high))
    at = result.generation.values[-1]
    for n, value in ((500, 837.0), (1000, 200.0), (10000, 0.42), (50000, 0.03), (200000, 1e-3)):
        if n in result["n"].values and at >= 2000:
            series.append(Series(f"published, n = {n:g}", [2000], [value], kind=Kind.PUBLISHED, group=f"n = {n:g}"))
    panel = Panel("", "generation", "squared L2 distance of densities", tuple(series), ylog=True)
    return Figure(
        "Shumailov et al. (2024): Gaussian mixture", (panel,), "median, 10% and 90% quantiles over trajectories"
    )


def _error_at_1e7(results: Results) -> Measured:
    return measured_mean(np.sqrt(results["sample-size"].mean_error.sel(n=10**7).values[:, 0]))


def _spread_at_1e7(results: Results) -> Measured:
    return Measured(*sd_interval(np.sqrt(results["sample-size"].mean_error.sel(n=10**7).values[:, 0])))


def _smaller_samples_collapse_faster(results: Results) -> Measured | None:
    result = results["recursion"]
    if result.sizes["generation"] < 1000:
        return None
    log_variance = result.log_variance.isel(generation=-1).mean("trajectory").values
    return Measured(float(log_variance[0]), holds=bool((np.diff(log_variance) > 0).all()))


def _pooling_bounds_the_error(results: Results) -> Measured:
    result = results["recursion-pool"].sel(n=100)
    limit = 1 - theory.accumulate_variance_limit_law(100)
    found = measured_mean(result.mean_error.isel(generation=-1).values)
    return found.judged(found.low <= 1.2 * limit)


def _mixture_at_2000(results: Results) -> Measured | None:
    result = results["mixture"]
    if result.sizes["generation"] <= 2000:
        return None
    distance = np.log(result.l2_squared.sel(n=500, generation=2000).values)
    return Measured(*(float(np.exp(end)) for end in prediction_interval(distance)))  # the paper's is one run more


Shumailov.figures = {"sample-size": draw_sample_size, "recursion": draw_recursion, "mixture": draw_mixture}
Shumailov.claims = (
    Claim(
        name="error-at-1e7", statement="one fit to 10^7 draws of N(0, 1) misses the mean by .000249 on average",
        where="sample-size figure", source=Source.TEXT, published=2.49e-4, tolerance=1.2e-5,
        basis="1.96 standard errors of the published mean of 1000 repeats (sd 1.9e-4)", read=_error_at_1e7,
    ),
    Claim(
        name="spread-at-1e7", statement="the standard deviation of that error is 1.9e-4",
        where="sample-size figure", source=Source.TEXT, published=1.9e-4, tolerance=1.3e-5,
        basis="half a unit of the last digit printed, and 1.96 standard errors of an sd over 1000 repeats",
        read=_spread_at_1e7,
    ),
    Claim(
        name="smaller-samples-collapse-faster",
        statement="the fewer samples per generation, the faster the variance is lost",
        where="recursion figure", source=Source.CODE,
        basis="an order", read=_smaller_samples_collapse_faster,
    ),
    Claim(
        name="pooling-bounds-the-error", statement="with all data pooled the error stays near that of the first fits",
        where="recursion figure, pooled variant", source=Source.CODE,
        basis="our mean error stays within 1.2 times the exact limit 1 - sin(a) / a, a = pi / sqrt(n)",
        read=_pooling_bounds_the_error,
    ),
    Claim(
        name="mixture-at-2000",
        statement="two components refitted to 500 draws: the squared L2 distance is 7e2 to 1e3 at generation 2000",
        where="Gaussian-mixture figure", source=Source.PLOT, published=837.0, tolerance=165.0,
        basis="the range read off the plot; one published run against the 95% prediction interval of one of ours",
        read=_mixture_at_2000,
    ),
)  # fmt: skip
