"""Plots of results for a notebook or a script: `cb.plot` and `result.collapsebench.plot()`."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from collapsebench.show.attribution import ablation_figure
from collapsebench.show.diagrams import diagram_figure
from collapsebench.show.figures import Figure
from collapsebench.show.ledger import ledger_figure
from collapsebench.show.plans import observed_figure, plan_figure
from collapsebench.show.profiles import profile_figures
from collapsebench.show.recovery import recovery_figure
from collapsebench.show.results import result_figure
from collapsebench.specs import files
from collapsebench.specs.errors import RequestError, counted, shown

SUFFIXES = (".png", ".svg", ".pdf")
_ALONE: dict[str, Callable[[xr.Dataset], Figure]] = {
    "ablation": ablation_figure, "ledger": ledger_figure, "plan": plan_figure, "diagram": diagram_figure,
    "recovery": recovery_figure, "observed plan": observed_figure,
    "profile": lambda result: list(profile_figures(result).values())[-1],
}  # fmt: skip


def plot(*results: xr.Dataset, ax: object = None, path: str | os.PathLike[str] | None = None) -> Any:
    """Draw results: metrics by generation with bands and exact laws, an ablation, a ledger, a profile, a plan or a diagram.

    results: one result of any kind, or several runs and sweeps in one figure. ax: matplotlib axes, or as many as there are
    panels, to draw on. path: a .png, .svg or .pdf to write. Returns matplotlib's Figure, or `ax`.
    Raises RequestError for what is no result, and for axes that are too few.
    """
    figure = figure_of(*results)
    from collapsebench.show import drawing  # matplotlib, only when something is drawn

    if path is not None:
        path = Path(path).expanduser()
        if path.suffix.lower() not in SUFFIXES:
            raise RequestError(f"path = {path}: it must end in {', '.join(SUFFIXES)}")
        with files.whole(path) as unfinished:
            drawing.save(figure, unfinished, path.suffix.lower()[1:])
    if ax is None:
        return drawing.canvas(figure)
    axes = np.ravel(np.asarray(ax, object))
    if len(axes) < len(figure.panels):
        raise RequestError(f"ax: {counted(len(axes), 'axis')} for {counted(len(figure.panels), 'panel')}; give as many")
    drawing.draw_on(figure, axes)
    return ax


def figure_of(*results: xr.Dataset) -> Figure:
    """The figure of results, as data. Raises RequestError for what is no result, or several that are not of runs."""
    if not results:
        raise RequestError("plot: it takes one or several results")
    for result in results:
        if not isinstance(result, xr.Dataset) or not {"experiment", "kind"} & set(result.attrs):
            raise RequestError(f"plot: it takes results of collapsebench, not {shown(result)}")
    kinds = [str(result.attrs.get("kind", "run")) for result in results]
    if len(results) > 1 and set(kinds) != {"run"}:
        raise RequestError(f"plot: several results in one figure must be of runs or sweeps, not {', '.join(kinds)}")
    return _ALONE[kinds[0]](results[0]) if kinds[0] in _ALONE else result_figure(*results)
