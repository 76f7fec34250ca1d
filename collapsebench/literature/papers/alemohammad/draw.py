"""Figures of Alemohammad et al. (2024)."""

from __future__ import annotations

import numpy as np

from collapsebench import theory
from collapsebench.analysis.intervals import mean_interval
from collapsebench.literature.measured import Results, clouds, completed_fits, mean_lines
from collapsebench.literature.papers.alemohammad import laws
from collapsebench.literature.papers.alemohammad.settings import (
    ADMISSIBLE_BIASES,
    ADMISSIBLE_REAL,
    BIASES,
    DIM,
    FLOW_BIASES,
    FRESH,
    LIMIT,
    MEMORY_REAL,
    MEMORY_SYNTHETIC,
    MODELS,
    REAL_SIZES,
    SHARE_SIZES,
    SHARES,
    SIZE_BIASES,
    START,
    SYNTHETIC,
)
from collapsebench.show.figures import Figure, Heat, Kind, Panel, Series

LOOPS = {"modes-replace": "fully synthetic", "modes-augment": "real data kept", "modes-fresh": "fresh real data"}


def draw_gaussian(results: Results) -> Figure:
    """Figure of distance, mean and spread of the fresh-data loop in 100 dimensions."""
    result = results["gaussian"]
    k = completed_fits(result)
    distance, drift, spread = list[Series](), list[Series](), list[Series]()
    for b in BIASES:
        for first in START:
            at, name = result.sel({"n_real": first, "model.bias": b}), f"b = {b:g}, n_ini = {first}"
            v, s = theory.fresh_law(FRESH, SYNTHETIC, k, bias=b, n_first=first)
            distance += mean_lines(name, k, at.w2_squared.values)
            for panel, values, law in ((drift, at.mean_error, v), (spread, at["variance"], s)):
                panel += mean_lines(name, k, values.values / DIM, law)
        level = Series("", k[-20:], LIMIT[b][0], kind=Kind.LAW, group=f"b = {b:g}, n_ini = 100")
        distance.append(level)
    panels = (
        Panel("Squared Wasserstein distance", "fits", "to N(0, I), d = 100", tuple(distance), ylim=(0, None)),
        Panel("Mean", "fits", "squared mean error per dimension", tuple(drift), ylog=True),
        Panel("Spread", "fits", "variance per dimension", tuple(spread)),
    )
    note = "100 fresh real and 900 synthetic rows a fit. Bands: 95% intervals of the mean; dashes: exact laws, and the limit"
    return Figure("Alemohammad et al. (2024): the fresh-data loop", panels, note)


def draw_sizes(results: Results) -> Figure:
    """Figure of effective size, admissible synthetic rows, memory, and the real share."""
    real, synthetic = np.geomspace(100, 1000, 21), np.geomspace(100, 10_000, 31)
    heats = []
    for b in SIZE_BIASES:
        table = [[laws.effective_share(laws.limit_distance(r, s, b), r) for s in synthetic] for r in real]
        heat = Heat("n_e / n_r", synthetic, real, table)
        heats.append(Panel(f"Effective size, b = {b:g} (law)", "synthetic n_s", "fresh real n_r", heat=heat,
                           xlog=True, ylog=True))  # fmt: skip
    admissible = [
        Series(f"n_r = {r}", ADMISSIBLE_BIASES, [laws.admissible(r, b) for b in ADMISSIBLE_BIASES], kind=Kind.LAW)
        for r in ADMISSIBLE_REAL
    ]
    memory = results["memory"].isel(generation=-1)
    law = [laws.memory_mean_error(MEMORY_REAL, MEMORY_SYNTHETIC, k) for k in MODELS]
    remembered = (
        *mean_lines("mean", MODELS, memory.mean_error.values, law, axis=1),
        *mean_lines("squared W2", MODELS, memory.w2_squared.values, axis=1),
    )
    share, shares = results["share"].isel(generation=-1), []
    for part in SHARES:
        values = share.w2_squared.sel({"regime.real_fraction": part}).values
        last = int(share.generation) + 1
        expected = [laws.loop_distance(round(part * n), n - round(part * n), last, n_first=n)[-1] for n in SHARE_SIZES]
        shares += mean_lines(f"{part:.1%} real", SHARE_SIZES, values, expected, axis=1)
    checks = []
    for rows in REAL_SIZES:
        result = results[f"sizes-{rows}"].isel(generation=-1)
        n = result["n"].values
        for b in SIZE_BIASES:
            values, law = result.w2_squared.sel({"model.bias": b}).values, [laws.limit_distance(rows, m, b) for m in n]
            checks += mean_lines(f"n_r = {rows}, b = {b:g}", n, values, law, axis=1)
    panels = (
        *heats,
        Panel("Admissible synthetic rows", "sampling bias b", "largest n_s with n_e >= n_r", tuple(admissible), ylog=True),
        Panel("Simulation against the law", "synthetic n_s", "squared W2", tuple(checks), xlog=True, ylog=True),
        Panel("Drawn from the last K models", "K", "squared error", remembered, ylim=(0, None)),
        Panel("Real share", "rows n", "squared W2", tuple(shares), xlog=True, ylog=True),
    )  # fmt: skip
    note = (
        "d = 1 is our choice. Bands: 95% intervals of the mean over trajectories; dashes: laws to first order in 1 / n"
    )
    return Figure("Alemohammad et al. (2024): how much synthetic data", panels, note)


def draw_modes(results: Results) -> Figure:
    """Figure of a mixture of 25 modes in three loops."""
    labels = {"variance": "variance", "within_log_variance": "log modal variance", "recall": "recall"}
    panels = []
    for metric, label in labels.items():
        series = [
            Series(title, results[name].generation.values, *mean_interval(results[name][metric].values))
            for name, title in LOOPS.items()
        ]
        panels.append(Panel(label, "generation", label, tuple(series)))
    for name, title in LOOPS.items():
        panels.append(clouds(title, results[name]))
    note = "bands: 95% intervals of the mean; clouds: draws of one trajectory's models"
    return Figure("Alemohammad et al. (2024): 25 modes", tuple(panels), note)


def draw_flow(results: Results) -> Figure:
    """Figure of a flow on the Rosenbrock density, refitted to its own draws."""
    runs = {f"b = {b:g}": results[f"flow-{b:g}"] for b in FLOW_BIASES}
    panels = []
    for metric, label in (("nll", "NLL of real rows, nats"), ("log_variance", "log trace of the covariance")):
        series = [Series(name, run.generation.values, *mean_interval(run[metric].values)) for name, run in runs.items()]
        panels.append(Panel(label, "generation", label, tuple(series), ylog=metric == "nll"))
    panels += [clouds(name, run) for name, run in runs.items()]
    note = "the density's constants are our choice. Bands: 95% intervals of the mean; clouds: draws of one trajectory"
    return Figure("Alemohammad et al. (2024): flow on the Rosenbrock density", tuple(panels), note, columns=2)


def draw_images(results: Results) -> Figure:
    """Figure of class-conditional diffusion on images, by guidance."""
    result = results["images"]
    labels = {"precision": "precision", "recall": "recall", "frechet": "squared Frechet distance"}
    panels = []
    for metric, label in labels.items():
        series = [
            Series(f"b = {1 / (1 + w):.2g}", result.generation.values,
                   *mean_interval(result[metric].sel({"model.guidance": w}).values))
            for w in result["model.guidance"].values
        ]  # fmt: skip
        panels.append(Panel(label, "generation", label, tuple(series), ylog=metric == "frechet"))
    note = (
        "of features of a small classifier, images shrunk as the paper's docstring says. "
        "Bands: 95% intervals of the mean over few trajectories"
    )
    return Figure("Alemohammad et al. (2024): guided diffusion on images", tuple(panels), note)
