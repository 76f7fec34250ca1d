"""Tables for a terminal, and the default figure of a result."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from collapsebench.analysis.intervals import mean_interval
from collapsebench.runs.results import experiment_of
from collapsebench.show import figures
from collapsebench.show.figures import Figure, Panel, Series
from collapsebench.show.texts import text_summary
from collapsebench.specs.errors import printable
from collapsebench.specs.names import short_name

if TYPE_CHECKING:
    import xarray as xr


def table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Text table with columns as wide as their longest cell."""
    rows = [list(row) for row in rows]
    widths = [max(len(str(line[i])) for line in [list(header), *rows]) for i in range(len(header))]
    lines = [
        "  ".join(str(cell).ljust(width) for cell, width in zip(line, widths, strict=True)) for line in [header, *rows]
    ]
    return "\n".join(
        [lines[0].rstrip(), "  ".join("-" * width for width in widths), *(line.rstrip() for line in lines[1:])]
    )


def with_interval(value: float, low: float, high: float, digits: int = 3) -> str:
    """Text of a value and its interval, for a cell."""
    return f"{value:.{digits}g} [{low:.{digits}g}, {high:.{digits}g}]"


def _series(result: xr.Dataset, name: str) -> Iterable[tuple[str, np.ndarray]]:
    """(label, values [trajectory, generation]) for every point of a result that may be a sweep."""
    array = result[name]
    swept = [dim for dim in array.dims if dim not in ("trajectory", "generation")]
    if not swept:
        yield "", array.values
        return
    stacked = array.stack(point=swept).transpose("point", "trajectory", "generation")
    for i, point in enumerate(stacked["point"].values):
        yield ", ".join(f"{dim}={value}" for dim, value in zip(swept, point, strict=True)), stacked.values[i]


def _not_run(result: xr.Dataset, names: Iterable[str]) -> set[str]:
    """Labels of the points of a sweep that was stopped before it came to them: no metric has a number."""
    return set.intersection(*({label for label, v in _series(result, n) if label and np.isnan(v).all()} for n in names))


def _cell(values: np.ndarray) -> str:
    """Mean over trajectories, and its standard error where there are several and all are finite."""
    kept = values[~np.isnan(values)]
    if not kept.size:
        return "nan"
    with np.errstate(invalid="ignore"):
        mean = kept.mean()
    error = f" +- {kept.std(ddof=1) / np.sqrt(kept.size):.2g}" if kept.size > 1 and np.isfinite(mean) else ""
    return f"{mean:.4g}{error}"


def _describe(part: Any, prefix: str, swept: Iterable[str]) -> str:
    """A part's name and its fields that are not at their defaults, without those that a sweep runs over."""
    fields = [f for f in dataclasses.fields(part) if f.init and f"{prefix}.{f.name}" not in swept]
    changed = [f"{f.name}={getattr(part, f.name)}" for f in fields if repr(getattr(part, f.name)) != repr(f.default)]
    return short_name(part) + (f"({', '.join(changed)})" if changed else "")


def what_was_run(result: xr.Dataset) -> str:
    """Line of target, model, regime, sizes, seed and swept fields of a result."""
    experiment = experiment_of(result)
    fields = {field.name for field in dataclasses.fields(experiment)}
    swept = [str(dim) for dim in result.dims if str(dim).split(".")[0] in fields]
    said: dict[str, Any] = {
        field: _describe(getattr(experiment, field), field, swept)
        for field in ("target", "model", "regime", "curator")
        if getattr(experiment, field) is not None
    }
    said |= {field: getattr(experiment, field) for field in ("n", "n_real", "handover", "generations", "trajectories")}
    for field in ("generations", "trajectories"):
        here = result.sizes.get("generation" if field == "generations" else "trajectory", said[field])
        said[field] = here if here == said[field] else f"{here} of {said[field]}"
    said["seed"] = experiment.seed
    fixed = [f"{field} = {value}" for field, value in said.items() if value is not None and field not in swept]
    over = [f"{dim} = {', '.join(str(value) for value in result[dim].values)}" for dim in swept]
    line = f"{experiment.name}: {', '.join(fixed)}" + (f"; over {'; '.join(over)}" if over else "")
    return printable(line, 10 * len(line))  # names come from a file


def ended(result: xr.Dataset) -> str:
    """Text of how many trajectories were ended by a loss that is not finite, and when; empty if none was."""
    if "ended" not in result:
        return ""
    over = result["ended"].transpose(..., "generation").values.reshape(-1, result.sizes["generation"]) > 0
    if not over.any():
        return ""
    first = int(over.any(axis=0).argmax())
    return (
        f"{over.any(axis=1).sum()} of {len(over)} trajectories ended, the first in generation {first}: a loss was not "
        "finite; their later numbers are nan and are left out of every mean"
    )


def summary(result: xr.Dataset) -> str:
    """Text of what was run, and a table of each metric's mean at the first, middle and last generation."""
    experiment = experiment_of(result)
    generations = sorted({0, result.sizes["generation"] // 2, result.sizes["generation"] - 1})
    absent = _not_run(result, experiment.metric_names)
    rows = []
    for name in experiment.metric_names:
        for label, values in _series(result, name):
            cells = ("not run" if label in absent else _cell(values[:, g]) for g in generations)
            rows.append((name, label, *cells))
    head = table(("metric", "at", *(f"generation {g}" for g in generations)), rows)
    count, seconds = (
        int(np.prod([result.sizes[d] for d in result[experiment.columns[0]].dims])),
        result.attrs["seconds"],
    )
    devices = f"{result.attrs['device_count']} x {result.attrs['device_kind']}"
    error = "a +- b: mean over trajectories and its standard error\n" if result.sizes["trajectory"] > 1 else ""
    over = f"{found}\n" if (found := ended(result)) else ""
    said = f"{found}\n\n" if (found := text_summary(result)) else ""
    return (
        f"{what_was_run(result)}\n\n{head}\n\n{said}{error}{over}"
        f"{count:,} trajectory-generations in {seconds:.1f} s on {devices}, compilation included"
    )


def draw_result(result: xr.Dataset, stem: Path) -> list[Path]:
    """Draw every metric by generation as PNG, SVG and CSV. Returns the paths."""
    experiment = experiment_of(result)
    absent = _not_run(result, experiment.metric_names)
    panels = []
    for name, metric in zip(experiment.metric_names, experiment.metrics, strict=True):
        x = result.generation.values
        there = [(label, values) for label, values in _series(result, name) if label not in absent]
        lines = tuple(Series(label or name, x, *mean_interval(values)) for label, values in there)
        unit = f"{name} ({metric.unit})" if metric.unit else name
        panels.append(Panel(name, "generation", unit, lines, ylog=type(metric).log))
    count = result.sizes["trajectory"]
    note = f"mean over {count} trajectories and its 95% interval" if count > 1 else "one trajectory"
    note += f"; {found}" if (found := ended(result)) else ""
    return figures.write(Figure(experiment.name, tuple(panels), note), stem)
