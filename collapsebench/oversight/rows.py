"""Experiment of somebody's own rows: the nearest family, or the bootstrap of the rows where none is near."""

from __future__ import annotations

import os
from typing import Any

import jax.numpy as jnp
import numpy as np
from scipy import stats

from collapsebench.datasets.own import keep, own
from collapsebench.experiment.experiment import Experiment
from collapsebench.maths.distributions.kernel import KernelMixture
from collapsebench.oversight.limits import AllKept, Limit, TailKept
from collapsebench.specs.errors import RequestError, counted
from collapsebench.specs.registry import MODELS, TARGETS

VALUES = 100
"""A column of at most so many different whole numbers, each ten times on average, is one of categories."""
NORMAL, EXPONENTIAL = 1.031, 1.25
"""Kolmogorov-Smirnov distances times sqrt(rows) that 1% of samples exceed when the parameters are fitted (Lilliefors)."""
BINS = 20
"""Symbols of a bootstrap of rows: equal shares by distance from the centre, the outermost of them the 5% tail."""
BANDWIDTH = 0.01
"""Of the kernel estimate that stands for the rows themselves, in standard deviations."""
LEAST, MOST = 20, 2000
"""Rows at least; rows of a bootstrap at most, drawn evenly from all."""


def read(data: object) -> np.ndarray:
    """Rows of an array, a table or a file: numbers [n, d], or the categories [n] of a single column of words.

    Raises RequestError, one line, for anything else.
    """
    name = data if isinstance(data, str | os.PathLike) else "rows"
    try:
        found = own(data if name is data else keep(data))
    except ValueError as error:
        raise RequestError(error) from None
    columns = tuple(found.columns)
    try:
        rows = found.columns[columns[0]] if len(columns) == 1 and found.words else found.numbers(columns, "rows")
    except ValueError as error:
        raise RequestError(f"{name}: {error}") from None
    if len(rows) < LEAST:
        raise RequestError(f"{name}: row {len(rows)} is its last; a plan needs at least {LEAST} rows")
    return rows


def experiment_of(rows: np.ndarray, limit: Limit, dial: str, n: int | None) -> tuple[Experiment, str]:
    """An experiment on the family nearest to rows, and what was fitted, in words.

    Tried in turn: categories (words, or few whole numbers), the normal and the exponential (Lilliefors's test at 1%); else
    the rows themselves are resampled, for the tail as equal shares by distance from the centre. Columns of numbers are
    standardised, so that a variance is that of uncorrelated columns of variance 1.
    """
    size = len(rows) if n is None else n
    handover = "samples" if dial == "judge" or dial.startswith("curator.") else "summary"
    base: dict[str, Any] = {
        "name": "plan",
        "n": size,
        "handover": handover,
        "generations": 21,
        "trajectories": 2000 if handover == "summary" else 400,
    }
    if (found := _categories(rows)) is not None:
        return _symbols(
            found, base
        ), f"categories: {len(found)} with the frequencies of the {counted(len(rows), 'row')}"
    if isinstance(limit, AllKept):
        raise RequestError("limit = categories: the rows are numbers, not categories; use tail, variance or risk")
    centred = _whitened(rows)
    dim = centred.shape[1]
    near = max(stats.kstest(column, "norm").statistic for column in centred.T) * np.sqrt(len(rows))
    if near <= NORMAL * (1 if dim == 1 else stats.norm.isf(0.005 / dim) / stats.norm.isf(0.005)):
        parts = {"target": TARGETS.get("normal")(dim=dim), "model": MODELS.get("gaussian")(dim=dim)}
        return Experiment(**base, **parts), f"normal in {counted(dim, 'dimension')}"
    if rows.shape[1] == 1 and rows.min() >= 0 and _exponential(rows[:, 0]):
        return Experiment(**base, target="exponential", model="exponential"), "exponential"
    if isinstance(limit, TailKept):
        bins = _symbols(np.full(BINS, 1 / BINS), base)
        return bins, f"no family: the rows are resampled, in {BINS} equal shares by distance from the centre"
    return _resampled(centred, base), "no family: the rows are resampled"


def _exponential(column: np.ndarray) -> bool:
    distance = stats.kstest(column / column.mean(), "expon").statistic * np.sqrt(len(column))
    return bool(distance <= EXPONENTIAL)


def _categories(rows: np.ndarray) -> np.ndarray | None:
    """Frequencies of a column of words or of few whole numbers; None for other rows."""
    if rows.dtype != object and (rows.shape[1] != 1 or (rows != np.round(rows)).any()):
        return None
    counts = np.unique(rows, return_counts=True)[1]
    if len(counts) < 2:
        raise RequestError("rows: all are the same; there is nothing that could be lost")
    few = len(counts) <= VALUES and len(rows) >= 10 * len(counts)
    return counts / len(rows) if few or rows.dtype == object else None


def _symbols(probabilities: np.ndarray, base: dict[str, Any]) -> Experiment:
    size = len(probabilities)
    target = TARGETS.get("categorical")(size, tuple(map(float, probabilities)))
    return Experiment(**base, target=target, model=MODELS.get("categorical")(size))


def _whitened(rows: np.ndarray) -> np.ndarray:
    """Principal components of variance 1, of those directions that vary. Raises RequestError where none does."""
    centred = rows - rows.mean(axis=0)
    scale = np.where((deviation := centred.std(axis=0)) > 1e-9 * np.abs(rows).max(axis=0), deviation, np.inf)
    left, singular, _ = np.linalg.svd(centred / scale, full_matrices=False)
    varies = singular > 1e-6 * max(singular.max(), 1e-300)
    if not np.isfinite(scale).any() or not varies.any():
        raise RequestError("rows: no column varies; there is nothing that could be lost")
    return np.asarray(left[:, varies] * np.sqrt(len(rows)))


def _resampled(centred: np.ndarray, base: dict[str, Any]) -> Experiment:
    """A kernel estimate so narrow that it resamples the rows, on the rows."""
    own = centred[np.linspace(0, len(centred) - 1, min(len(centred), MOST)).astype(int)]
    dim, size = own.shape[1], base["n"]
    kernel = KernelMixture(
        jnp.asarray(own, jnp.float32), jnp.ones(len(own)), jnp.log(jnp.float32(BANDWIDTH)), jnp.eye(dim)
    )
    model = MODELS.get("kde")(dim, BANDWIDTH)
    trajectories = int(np.clip(1e5 / size, 100, 400))
    target = TARGETS.get("truth")(model, kernel)
    return Experiment(**{**base, "handover": "samples", "trajectories": trajectories}, target=target, model=model)
