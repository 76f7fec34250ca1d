"""Figures of Suresh et al. (2025)."""

from __future__ import annotations

import numpy as np

from collapsebench import theory
from collapsebench.analysis.intervals import mean_interval
from collapsebench.literature.measured import Results, share_line
from collapsebench.literature.papers.suresh.read import (
    alive,
    alive_law,
    bernoulli_p,
    distinct,
    distinct_law,
    mixture_wide,
)
from collapsebench.literature.papers.suresh.settings import (
    BERNOULLI,
    DISTINCT,
    GAUSSIAN,
    MIXTURE,
    POISSON,
    SINGLE,
    STEPS,
    THRESHOLD,
    ZIPF,
)
from collapsebench.show.figures import Figure, Kind, Panel, Series
from collapsebench.specs.errors import counted

WILSON = "bands: 95% intervals (Wilson) over trajectories"


def _share(label: str, hits: np.ndarray, group: str = "") -> Series:
    """The share of trajectories over the number of fits, with its 95% interval."""
    return share_line(label, np.arange(1, hits.shape[1] + 1), hits, group)


def draw_survival(results: Results) -> Figure:
    """Figure of the survival of a symbol, and of a rate, over the fits."""
    panels = []
    for title, curves in (("Bernoulli: p > 0", BERNOULLI), ("Poisson: rate > 0", POISSON)):
        series = [_share(curve.title, alive(results, name)) for name, curve in curves.items()]
        fits = series[0].x
        for name, curve in curves.items():
            series.append(Series("", fits, alive_law(name, fits), kind=Kind.LAW, group=curve.title))
        if curves is BERNOULLI:
            rare = BERNOULLI["bernoulli-rare"]
            bound = theory.survival_bound(rare.n, fits, rare.start)
            series.append(Series("upper bound", fits, bound, kind=Kind.BOUND, group=rare.title))
        panels.append(Panel(title, "fits k", "share of trajectories", tuple(series), ylim=(0, 1.03)))
    note = f"{WILSON}; dashes: exact laws; dots: a bound"
    return Figure("Suresh et al. (2025): survival", tuple(panels), note)


def draw_spread(results: Results) -> Figure:
    """Figure of the tail of the standard deviation of a refitted normal, with its law and two bounds."""
    ours = _share("ours", alive(results, "gaussian"), "sd")
    fits, n = ours.x, GAUSSIAN.n
    series = (
        ours,
        Series("exact law", fits, alive_law("gaussian", fits), kind=Kind.LAW, group="sd"),
        Series("moment bound, s = .7", fits, theory.replace_sd_moment_bound(n, fits, THRESHOLD), kind=Kind.BOUND),
        Series("exp(-k / (4 n - 1)) / .1", fits, theory.replace_sd_tail_bound(n, fits, THRESHOLD), kind=Kind.BOUND),
    )
    labels = (f"Gaussian, {GAUSSIAN.title}", "fits k", "P(sd > .1)")
    panels = (Panel(*labels, series, ylim=(0, 1.03)), Panel(*labels, series, ylog=True, ylim=(1e-3, 1.5)))
    note = f"{WILSON}; dashes: exact law; dots: bounds"
    return Figure("Suresh et al. (2025): collapse of a Gaussian", panels, note)


def draw_trajectories(results: Results) -> Figure:
    """Figure of single trajectories."""
    log_variance = results["trajectories-gaussian"].log_variance.values[:25, ::5]
    share = bernoulli_p(results, "trajectories-bernoulli", SINGLE)[:25]
    fits, later = 1 + 5 * np.arange(log_variance.shape[1]), 1 + np.arange(share.shape[1])
    middle = np.exp(0.5 * theory.replace_log_variance_law(100, fits, unbiased=True))
    spread = (
        *(Series("", fits, np.exp(0.5 * row), kind=Kind.TRAJECTORY, group="runs") for row in log_variance),
        Series("exp(E log sd), exact", fits, middle, kind=Kind.LAW),
    )
    shares = (
        *(Series("", later, row, kind=Kind.TRAJECTORY, group="runs") for row in share),
        Series(f"E p = {SINGLE}, exact", later, SINGLE, kind=Kind.LAW),
    )
    panels = (
        Panel("Gaussian, n = 100, unbiased: 25 runs", "fits k", "standard deviation", spread, ylog=True),
        Panel("Bernoulli, p = .2, n = 100: 25 runs", "fits k", "p", shares, ylim=(-0.03, 1.03)),
    )
    return Figure("Suresh et al. (2025): single runs", panels, "thin lines: runs; dashes: exact laws", columns=2)


def draw_distinct(results: Results) -> Figure:
    """Figure of the number of symbols left of a heavy-tailed distribution."""
    labels = {name: f"p_i ~ 1 / (i + {shift:g})^{exponent:g}" for name, (exponent, shift) in ZIPF.items()}
    shares = {name: distinct(results, name) for name in ZIPF}
    k = np.arange(shares["zipf-1"].shape[1])
    series = [Series(labels[name], k, *mean_interval(share)) for name, share in shares.items()]
    for name, published in DISTINCT.items():
        series += [
            Series("", k, distinct_law(name, k), kind=Kind.LAW, group=labels[name]),
            Series("published", list(published), list(published.values()), kind=Kind.PUBLISHED, group=labels[name]),
        ]
    axes = ("Zipf-Mandelbrot, 1000 symbols, n = 1000", "refits k", "distinct symbols, share of first sample")
    note = "bands: 95% intervals of the mean; dashes: ratio of the exact expectations; diamonds: read off the figure"
    return Figure("Suresh et al. (2025): symbols left", (Panel(*axes, tuple(series), ylim=(0, 1.03)),), note)


def draw_mixture(results: Results) -> Figure:
    """Figure of the spread that two symmetric components share, for several budgets of EM."""
    fits = np.arange(1, results["mixture"].sizes["generation"] + 1)
    series = (
        *(_share(_budget(steps), mixture_wide(results, steps)) for steps in STEPS),
        Series("one Gaussian: exact", fits, theory.replace_sd_tail_law(MIXTURE.n, fits, THRESHOLD), kind=Kind.LAW),
        Series("published (plot)", MIXTURE.k, MIXTURE.share, kind=Kind.PUBLISHED),
    )
    labels = ("N(m, s^2) or N(-m, s^2), n = 10, ML", "fits k", "P(s > .1)")
    note = f"{WILSON}. Ours start at m = s = 1, and EM at the last model. Dashes: a single Gaussian's exact law"
    return Figure("Suresh et al. (2025): symmetric mixture", (Panel(*labels, series, ylim=(0, 1.03)),), note)


def _budget(steps: int) -> str:
    return "EM to the maximum" if steps == STEPS[-1] else f"{counted(steps, 'EM step')}"
