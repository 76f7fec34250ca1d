"""Figures of Kazdan et al. (2025)."""

from __future__ import annotations

import numpy as np

from collapsebench import theory
from collapsebench.analysis.intervals import mean_interval
from collapsebench.literature.measured import Results, completed_fits, mean_lines, rows
from collapsebench.literature.papers.kazdan.read import (
    GAUSSIAN_LAW,
    KDE_LAW,
    REGRESSION_LAW,
    collapse_times,
    dims,
    kde_variance,
    risk,
    times_of,
)
from collapsebench.literature.papers.kazdan.settings import COLLAPSE, DATA, DIM, RISK
from collapsebench.show.figures import Figure, Kind, Panel, Series

TITLES = {"replace": "replace", "accumulate": "accumulate", "accumulate_subsample": "accumulate, subsample n"}


def draw_gaussian(results: Results) -> Figure:
    """Figure of the mean's squared error and the remaining spread of the Gaussian loops."""
    panels = []
    for dim in dims(results, "gaussian"):
        result = results[f"gaussian-{dim}"]
        k, drift, spread = completed_fits(result), {"replace": [], "accumulate": []}, []  # type: ignore[var-annotated]
        for n in result["n"].values:
            at = result.sel(n=n)
            for regime, series in drift.items():
                law = GAUSSIAN_LAW[regime](n, k)
                series += mean_lines(f"n = {n:g}", k, at.mean_error.sel(regime=regime).values / dim, law)
            middle, low, high = mean_interval(at.log_variance.sel(regime="replace").values)
            spread.append(Series(f"n = {n:g}", k, *(np.exp(a) / dim for a in (middle, low, high))))
            if dim == 1:
                law = np.exp(theory.replace_log_variance_law(n, k))
                spread.append(Series("", k, law, kind=Kind.LAW, group=f"n = {n:g}"))
        for regime, series in drift.items():
            label = "squared mean error / d"
            panels.append(Panel(f"d = {dim}: {regime}", "fits", label, tuple(series), xlog=True, ylog=True))
        label = "geometric mean of the variance / d"
        panels.append(Panel(f"d = {dim}: replace", "fits", label, tuple(spread), ylog=True))
    if "gaussian-subsample" in results:
        panels.append(_gaussian_workflows(results))
    note = (
        "bands: 95% intervals of the mean over trajectories; dashes: exact laws (of log variance for d = 1 alone; of "
        "subsamples to first order in 1 / n)"
    )
    return Figure("Kazdan et al. (2025): Gaussian", tuple(panels), note)


def _gaussian_workflows(results: Results) -> Panel:
    result = results["gaussian-subsample"]
    n, k = int(result["n"].values[0]), completed_fits(result)
    both = results["gaussian-1"].sel(n=n)
    series = []
    for regime, exact in GAUSSIAN_LAW.items():
        series += mean_lines(regime, k, both.mean_error.sel(regime=regime).values, exact(n, k))
    law = theory.pathway_subsample_law(k) / n
    series += mean_lines(TITLES["accumulate_subsample"], k, result.mean_error.sel(n=n).values, law)
    title = f"d = 1, n = {n}: three workflows"
    return Panel(title, "fits", "squared mean error", tuple(series), xlog=True, ylog=True)


def draw_regression(results: Results) -> Figure:
    """Figure of the excess risk of least squares."""
    panels = []
    for dim in dims(results, "regression"):
        for regime in TITLES:
            if dim != DIM and regime not in REGRESSION_LAW:
                continue
            panels.append(_regression(results, regime, dim))
    note = (
        "bands: 95% intervals of the mean over trajectories; dashes: exact laws (of subsamples: to first order in 1 / n); "
        "diamonds: read off the paper's plot"
    )
    return Figure("Kazdan et al. (2025): linear regression, s = 1", tuple(panels), note)


def _regression(results: Results, regime: str, dim: int) -> Panel:
    result = results[f"regression-{dim}" if regime in REGRESSION_LAW else "regression-subsample"]
    k, series = completed_fits(result), []
    for n in result["n"].values:
        if regime in REGRESSION_LAW:
            law = REGRESSION_LAW[regime](n, dim, k)
        else:
            law = theory.least_squares_risk_law(n, dim) * theory.pathway_subsample_law(k)
        series += mean_lines(f"n = {n:g}", k, risk(results, regime, n, dim), law)
        if dim == DIM and n in RISK[regime]:
            label = "published" if n == result["n"].values[-1] else ""
            series.append(Series(label, [100], [RISK[regime][n]], kind=Kind.PUBLISHED, group=f"n = {n:g}"))
    return Panel(f"d = {dim}: {TITLES[regime]}", "fits", "excess risk", tuple(series), xlog=True, ylog=True)


def draw_kde(results: Results) -> Figure:
    """Figure of kernel densities: negative log-likelihood of real points, and the spread, by bandwidth."""
    panels, columns = [], 2
    for name in (name for name in DATA if f"kde-{name}" in results):
        result = results[f"kde-{name}"]
        k, n, regimes = completed_fits(result), rows(result), [str(r) for r in result.regime.values]
        columns = 2 * len(regimes)
        for metric, label in (("nll", "NLL of real points, nats"), ("variance", "trace of the covariance")):
            for regime in regimes:
                series = []
                for h in result["model.bandwidth"].values:
                    values = result[metric].sel({"regime": regime, "model.bandwidth": h}).values
                    known = metric == "variance" and regime in KDE_LAW
                    law = kde_variance(DATA[name], n, h, regime, k) if known else None
                    series += mean_lines(f"h = {h:g}", k, values, law)
                title, ylog = f"{name}: {TITLES[regime]}", bool((result[metric].sel(regime=regime) > 0).all())
                panels.append(Panel(title, "fits", label, tuple(series), ylog=ylog))
    note = "bands: 95% intervals of the mean over trajectories; dashes: exact laws"
    return Figure("Kazdan et al. (2025): kernel density estimates", tuple(panels), note, columns=columns)


def draw_discrete(results: Results) -> Figure:
    """Figure of ten symbols: generations until one is left, and the diversity until then."""
    sizes = [n for n in COLLAPSE if times_of(n) in results and n in results[times_of(n)]["n"].values]
    found = np.array([mean_interval(collapse_times(results, n)) for n in sizes]).T
    law = [theory.fixation_time_law(n, np.full(10, 0.1)) for n in sizes]
    times = (
        Series("ours", sizes, *found),
        Series("exact", sizes, law, kind=Kind.LAW, group="ours"),
        Series("published", list(COLLAPSE), list(COLLAPSE.values()), kind=Kind.PUBLISHED),
    )
    diversity = []
    for n in sizes:
        result = results["discrete" if n <= 1000 else "discrete-large"].sel(n=n)
        k = np.unique(np.geomspace(1, result.sizes["generation"], 150).astype(int))
        k = k[k <= 8 * n]
        law = 1 - theory.replace_squared_norm_law(n, k, np.full(10, 0.1))
        diversity += mean_lines(f"n = {n:g}", k, result.variance.values[:, k - 1], law)
    panels = (
        Panel("Total collapse", "draws per generation n", "fits until one symbol is left", times, xlog=True, ylog=True),
        Panel("Diversity", "fits", "1 - sum p_i^2", tuple(diversity), xlog=True),
    )
    note = "bands: 95% intervals of the mean over trajectories; dashes: exact laws"
    return Figure("Kazdan et al. (2025): discrete, K = 10", panels, note)
