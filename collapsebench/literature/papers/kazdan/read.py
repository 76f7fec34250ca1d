"""Measurements shared by figures and claims of Kazdan et al. (2025)."""

from __future__ import annotations

import numpy as np
import xarray as xr

from collapsebench import theory
from collapsebench.literature.measured import Results

GAUSSIAN_LAW = {"replace": theory.replace_mean_error_law, "accumulate": theory.accumulate_mean_error_law}
REGRESSION_LAW = {"replace": theory.least_squares_replace_law, "accumulate": theory.least_squares_accumulate_law}
KDE_LAW = {"replace": theory.kde_variance_law, "accumulate": theory.kde_accumulate_variance_law}


def dims(results: Results, model: str) -> list[int]:
    """Dimensions that were run, from the names `model-dim`."""
    ends = (name.removeprefix(f"{model}-") for name in results if name.startswith(f"{model}-"))
    return sorted(int(end) for end in ends if end.isdigit())


def at_size(result: xr.Dataset, n: int) -> xr.Dataset:
    """The point of a sweep with n rows per generation. Raises KeyError where it was not run."""
    if n not in result["n"].values:
        raise KeyError(f"n = {n}")
    return result.sel(n=n)


def risk(results: Results, regime: str, n: int, dim: int = 10) -> np.ndarray:
    """Excess risk of least squares, [trajectory, generation]. Raises KeyError where it was not run."""
    if regime == "accumulate_subsample":
        return at_size(results["regression-subsample"], n).excess_risk.values
    return at_size(results[f"regression-{dim}"], n).excess_risk.sel(regime=regime).values


def kde_variance(target: object, n: int, bandwidth: float, regime: str, k: np.ndarray) -> np.ndarray:
    """Expected trace of a kernel density's covariance. The law is linear, so it holds for the mean over dimensions."""
    spread = np.asarray(target.distribution().moments()[1])  # type: ignore[attr-defined]
    each = np.trace(spread) / len(spread)
    return len(spread) * each * KDE_LAW[regime](n, k, bandwidth / np.sqrt(each))


def collapse_times(results: Results, n: int) -> np.ndarray:
    """Number of fits until one symbol is left, [trajectory]; where never observed, one more than were made."""
    return (at_size(results[times_of(n)], n).support.values > 1).sum(axis=1) + 1


def times_of(n: int) -> str:
    """Name of the experiment whose runs of n draws a generation are long enough to collapse."""
    return "times" if n <= 100 else "times-1000" if n <= 1000 else "discrete-large"
