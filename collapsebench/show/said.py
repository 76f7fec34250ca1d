"""Sentences on a run: what each metric did from the first generation to the last, and what its exact law says."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from collapsebench.analysis.expected import expected
from collapsebench.parts.metric import Metric
from collapsebench.runs.results import experiment_of
from collapsebench.show.results import measured_lines
from collapsebench.specs.errors import counted

if TYPE_CHECKING:
    import xarray as xr

LONGEST = 10_000
"""Generations of the longest run whose laws are computed for a sentence."""
MOST = 12
"""Sentences of a summary; a sweep of more points has a table and a figure."""


def sentences(result: xr.Dataset) -> list[str]:
    """A sentence for each metric and point that has an exact law or a scale with a zero; none where there are too many."""
    experiment, said = experiment_of(result), []
    if result.sizes["generation"] < 2 or experiment.generations > LONGEST:
        return []
    for name, metric in zip(experiment.metric_names, experiment.metrics, strict=True):
        for line in measured_lines(result):
            laws = {} if line.experiment is None else expected(line.experiment)
            law = float(laws[name][int(line.x[-1])]) if name in laws else None
            if name in line.values and (law is not None or type(metric).log):
                where = f"{name}, {line.label}" if line.label else name
                said.append(f"{where}: {_change(metric, line.values[name], int(line.x[-1]) + 1, law)}")
    return said if len(said) <= MOST else []


def _change(metric: Metric, values: np.ndarray, fits: int, law: float | None) -> str:
    """From the mean over trajectories [trajectory, generation] at the first generation to that at the last.

    A trajectory that was ended, whose numbers are NaN from then on, counts in neither the mean nor its error.
    """
    begun, ended = (values[~np.isnan(values[:, g]), g] for g in (0, -1))
    if not begun.size or not ended.size:
        return "no trajectory has a number"
    first, last = float(begun.mean()), float(ended.mean())
    text = f"{first:.4g} after the first fit and {last:.4g} after {counted(fits, 'fit')}"
    if type(metric).log and first > 0 and np.isfinite(last):
        ratio = last / first
        change = (
            f"{abs(1 - ratio):.0%} {'less' if ratio < 1 else 'more'}" if ratio < 3 else f"{ratio:.3g} times as much"
        )
        text += f", {change if abs(1 - ratio) >= 0.005 else 'about the same'}"
    if law is None:
        return text
    error = float(ended.std(ddof=1)) / np.sqrt(len(ended)) if len(ended) > 1 and np.isfinite(last) else 0.0
    away = f", {abs(last - law) / error:.1f} standard errors from it" if error > 0 else ""
    return f"{text}; its exact law is {law:.4g}{away}"
