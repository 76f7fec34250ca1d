"""Measurements shared by figures and claims of Suresh et al. (2025)."""

from __future__ import annotations

from typing import Any

import numpy as np

from collapsebench import theory
from collapsebench.literature.measured import Results
from collapsebench.literature.papers.suresh.settings import BERNOULLI, CURVES, POISSON, SYMBOLS, THRESHOLD, ZIPF


def bernoulli_p(results: Results, name: str, start: float) -> np.ndarray:
    """p of a Bernoulli loop, [trajectory, generation], from p (1 - p) and (p - start)^2, whose sum is linear in p."""
    result = results[name]
    return (result["variance"].values + result["mean_error"].values - start**2) / (1 - 2 * start)


def alive(results: Results, name: str) -> np.ndarray:
    """Whether the symbol, the rate or the spread of a curve has survived, [trajectory, generation].

    A Bernoulli symbol is when p is not absorbed, or absorbed at 1.
    """
    last = CURVES[name].k[-1]
    if name in BERNOULLI:
        there = results[name]["variance"].values > 0
        return (there | (bernoulli_p(results, name, BERNOULLI[name].start) > 0.5))[:, :last]
    if name in POISSON:
        return results["poisson"].log_variance.sel({"target.rate": POISSON[name].start}).values > -np.inf
    return results["gaussian"].log_variance.values[:, :last] > 2 * np.log(THRESHOLD)


def alive_law(name: str, k: Any) -> Any:
    """Exact probability of `alive` after k fits."""
    curve = CURVES[name]
    if name in BERNOULLI:
        return theory.survival_law(curve.n, k, curve.start)
    if name in POISSON:
        return theory.branching_survival_law(curve.n, k, curve.start)
    return theory.replace_sd_tail_law(curve.n, k, THRESHOLD, unbiased=True)


def mixture_wide(results: Results, steps: int) -> np.ndarray:
    """Whether the components' common sd is above the threshold, [trajectory, generation]."""
    return results["mixture"].within_log_variance.sel({"model.steps": steps}).values > 2 * np.log(THRESHOLD)


def distinct(results: Results, name: str) -> np.ndarray:
    """Symbols left after k refits, as a share of those in the first, real sample, [trajectory, k]."""
    count = results[name]["support"].values
    return count / count[:, :1]


def distinct_law(name: str, k: Any) -> Any:
    """Ratio of the exact expectations of `distinct`: k refits are k + 1 fits, the first on real data."""
    exponent, shift = ZIPF[name]
    weight = (np.arange(1, SYMBOLS + 1) + shift) ** -exponent
    count = theory.distinct_symbols_law(SYMBOLS, np.append(1, np.asarray(k) + 1), weight / weight.sum())
    return count[1:] / count[0]
