"""Text, figure and JSON of a phase diagram: heat maps of collapse time and of loss, with the border by theory."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from collapsebench.runs.results import experiment_of
from collapsebench.show.figures import Figure, Heat, Kind, Panel, Series
from collapsebench.show.tables import table
from collapsebench.specs.errors import counted
from collapsebench.specs.names import spec_name

if TYPE_CHECKING:
    import xarray as xr

SHOWN = 5
"""Rows and columns of the printed table at most."""


def diagram_summary(diagram: xr.Dataset) -> str:
    """What was run, how much of the diagram keeps the limit, how far the border by theory agrees, and a coarse table."""
    made, about = experiment_of(diagram), diagram.attrs
    x, y = (diagram[about[axis]].values for axis in "xy")
    named = [(field, getattr(made, field)) for field in ("target", "model", "regime", "curator")]
    parts = ", ".join(f"{field} = {spec_name(part)}" for field, part in named if part is not None)
    kept = _kept(diagram)
    lines = [
        f"{made.name}: {parts}, handover = {made.handover}, limit = {about['limit']}, generations = {made.generations}, "
        f"trajectories = {made.trajectories}, seed = {made.seed}",
        "",
        f"{kept.mean():.1%} of {counted(kept.size, 'cell')} keep the limit to the last generation.",
    ]
    line = diagram.border.values
    if about["law"]:
        known = np.isfinite(line)
        lines.append(f"Border by {about['law']}: in {known.sum()} of {counted(len(line), 'row')} of the diagram.")
        if known.any():
            lines.append(f"Simulated border minus theory's: {_offset(diagram)}.")
    rows = []
    for i in _some(len(y)):
        cells = [_cell(diagram, i, j) for j in _some(len(x))]
        rows.append((f"{y[i]:.4g}", *cells, "-" if np.isnan(line[i]) else f"{line[i]:.3g}"))
    head = (f"{about['y']} \\ {about['x']}", *(f"{x[j]:.3g}" for j in _some(len(x))), "border")
    note = f"what is left (limit: {about['level']:.3g}) and, after @, the first generation at which the limit is broken"
    return "\n".join(lines) + f"\n\n{table(head, rows)}\n\n{note}"


def _kept(diagram: xr.Dataset) -> np.ndarray:
    left, level = diagram.left.values, diagram.attrs["level"]
    return np.asarray(left <= level if diagram.attrs["upper"] else left >= level)


def _some(count: int) -> list[int]:
    return sorted({round(i) for i in np.linspace(0, count - 1, min(count, SHOWN))})


def _cell(diagram: xr.Dataset, i: int, j: int) -> str:
    time = float(diagram.collapse_time[i, j])
    return f"{float(diagram.left[i, j]):.3g}" + ("" if np.isnan(time) else f" @{time:.0f}")


def simulated_border(diagram: xr.Dataset) -> np.ndarray:
    """The x [y] at which what is left crosses the limit, on a straight line between two cells; NaN: nowhere, or twice."""
    x, level = diagram[diagram.attrs["x"]].values, diagram.attrs["level"]
    line = np.full(len(diagram.left), np.nan)
    for i, left in enumerate(np.asarray(diagram.left) - level):
        crossed = np.flatnonzero(np.sign(left[:-1]) * np.sign(left[1:]) < 0)
        if len(crossed) == 1:
            j = int(crossed[0])
            line[i] = x[j] - left[j] * (x[j + 1] - x[j]) / (left[j + 1] - left[j])
    return line


def _offset(diagram: xr.Dataset) -> str:
    x = diagram[diagram.attrs["x"]].values
    apart = simulated_border(diagram) - diagram.border.values
    apart = apart[np.isfinite(apart)] / float(np.diff(x).mean())
    if not len(apart):
        return "it crosses no two cells"
    return f"{np.median(apart):+.2f} cells in the median of {counted(len(apart), 'row')}, {np.abs(apart).max():.2f} at most"


def diagram_figure(diagram: xr.Dataset) -> Figure:
    """Figure of both heat maps with the border."""
    about = diagram.attrs
    x, y = (diagram[about[axis]].values for axis in "xy")
    known = np.isfinite(diagram.border.values)
    border = (Series(about["law"], diagram.border.values[known], y[known], kind=Kind.LAW),) if known.sum() > 1 else ()
    left = diagram.left.values
    wide = left.min() > 0 and left.max() > 30 * left.min()
    maps = {
        "first generation beyond the limit": diagram.collapse_time.values,
        ("log10 of " if wide else "") + "what is left at the last generation": np.log10(left) if wide else left,
    }
    log = bool(y[0] > 0 and np.ptp(np.diff(np.log(y))) < np.ptp(np.diff(y)) / y.mean()) if len(y) > 2 else False
    panels = tuple(
        Panel(label, about["x_label"], about["y_label"], border, Heat(label, x, y, values), ylog=log)
        for label, values in maps.items()
    )
    last = about["generations"] - 1
    note = f"white: the limit is kept to the last generation, {last}; dashed: the limit is just kept by theory"
    return Figure(f"{about['name']}: {about['limit']}", panels, note)


def diagram_json(diagram: xr.Dataset) -> dict[str, object]:
    """The diagram as JSON data: limit, law, both axes, and rows of what is left, its error and the collapse time."""
    about = diagram.attrs
    kept = {name: about[name] for name in ("name", "digest", "limit", "level", "law", "generations", "trajectories")}
    axes = {axis: {"path": about[axis], "values": _plain(diagram[about[axis]].values)} for axis in "xy"}
    names = ("left", "left_error", "collapse_time", "border")
    return kept | axes | {name: _plain(diagram[name].values) for name in names}


def _plain(values: np.ndarray) -> list[object]:
    """Nested lists, with None for what is no number."""
    whole = values.astype(object)
    whole[~np.isfinite(values)] = None
    return list(whole.tolist())
