"""Tables for a terminal, and the plain figure of any result."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from collapsebench import figures
from collapsebench.experiment import Experiment
from collapsebench.figures import Figure, Panel, Series
from collapsebench.results import experiment_of
from collapsebench.study import mean_interval


def table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Columns of text, as wide as they need."""
    rows = [list(row) for row in rows]
    widths = [max(len(str(line[i])) for line in [list(header), *rows]) for i in range(len(header))]
    lines = [
        "  ".join(str(cell).ljust(width) for cell, width in zip(line, widths, strict=True)) for line in [header, *rows]
    ]
    return "\n".join(
        [lines[0].rstrip(), "  ".join("-" * width for width in widths), *(line.rstrip() for line in lines[1:])]
    )


def _number(value: Any) -> str:
    return "-" if value is None else f"{value:.4g}"


def verdict_table(verdicts: list[dict[str, Any]]) -> str:
    """One line per claim: published, ours, interval, verdict; then why, for those that did not come out."""
    rows = []
    for v in verdicts:
        low, high = v["interval"]
        interval = "-" if low is None or high is None else f"[{_number(low)}, {_number(high)}]"
        rows.append((v["paper"], v["claim"], _number(v["published"]), _number(v["ours"]), interval, v["verdict"]))
    text = table(("paper", "claim", "published", "ours", "95% interval", "verdict"), rows)
    notes = [f"{v['paper']}/{v['claim']}: {v['verdict']}: {v['why']}" for v in verdicts if _needs_note(v)]
    words = [v["verdict"] for v in verdicts]
    counts = ", ".join(f"{words.count(word)} {word}" for word in dict.fromkeys(words))
    return "\n".join([text, "", *notes, *([""] if notes else []), f"{len(verdicts)} claims: {counts}"])


def _needs_note(verdict: dict[str, Any]) -> bool:
    return verdict["verdict"] in ("differs", "disputed", "not run")


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


def _metrics(experiment: Experiment) -> tuple[str, ...]:
    return experiment.metric_names


def summary(result: xr.Dataset) -> str:
    """Mean over trajectories and its standard error, at the first, middle and last generation."""
    experiment = experiment_of(result)
    generations = sorted({0, result.sizes["generation"] // 2, result.sizes["generation"] - 1})
    rows = []
    for name in _metrics(experiment):
        for label, values in _series(result, name):
            cells = []
            for g in generations:
                mean, low, high = mean_interval(values[:, g])
                cells.append(
                    f"{mean:.4g} +- {(high - low) / 3.92:.2g}" if values.shape[0] > 1 else f"{values[0, g]:.4g}"
                )
            rows.append((name, label, *cells))
    head = table(("metric", "at", *(f"generation {g}" for g in generations)), rows)
    count, seconds = (
        int(np.prod([result.sizes[d] for d in result[experiment.columns[0]].dims])),
        result.attrs["seconds"],
    )
    devices = f"{result.attrs['device_count']} x {result.attrs['device_kind']}"
    return f"{head}\n{count:,} trajectory-generations in {seconds:.1f} s on {devices}, compilation included"


def draw_result(result: xr.Dataset, stem: Path) -> list[Path]:
    """Every metric by generation, as PNG, SVG and CSV. Returns the paths."""
    experiment = experiment_of(result)
    panels = []
    for name, metric in zip(_metrics(experiment), experiment.metrics, strict=True):
        x = result.generation.values
        lines = tuple(Series(label or name, x, *mean_interval(values)) for label, values in _series(result, name))
        unit = f"{name} ({metric.unit})" if metric.unit else name
        panels.append(Panel(name, "generation", unit, lines, ylog=type(metric).log))
    note = f"mean over {result.sizes['trajectory']} trajectories and its 95% interval"
    return figures.write(Figure(json.loads(result.attrs["experiment"])["name"], tuple(panels), note), stem)
