"""Table and figure of an error ledger."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from collapsebench.analysis.intervals import mean_interval
from collapsebench.metrics.injection import PARTS
from collapsebench.show import figures
from collapsebench.show.figures import Figure, Kind, Panel, Series
from collapsebench.show.tables import table, with_interval

if TYPE_CHECKING:
    import xarray as xr


def _unit(result: xr.Dataset) -> str:
    return "nats" if result.attrs["loss"] == "kl" else "excess risk"


def ledger_summary(result: xr.Dataset) -> str:
    """Table of the injected parts, what is carried and the drift, at the first, middle and last generation."""
    last = result.sizes["generation"] - 1
    generations = sorted({0, last // 2, last})
    rows = []
    for name in (*PARTS, "injected", "carried", "drift"):
        at = (result[name].isel(generation=g).values for g in generations)
        rows.append((name, *(with_interval(*mean_interval(values)) for values in at)))
    head = table((f"ledger ({_unit(result)})", *(f"generation {g}" for g in generations)), rows)
    return f"{head}\n\nMeans over trajectories and their 95% intervals; drift = all that was injected + all that was carried"


def draw_ledger(result: xr.Dataset, stem: Path) -> list[Path]:
    """Draw the injections by generation and the drift they add up to as PNG, SVG and CSV. Returns the paths."""
    x = result.generation.values
    injected = tuple(Series(name, x, *mean_interval(result[name].values)) for name in PARTS)
    sums = tuple(
        Series(f"sum of {name}", x, *mean_interval(np.cumsum(result[name].values, axis=1)))
        for name in (*PARTS, "carried")
    )
    drift = Series("drift", x, result.drift.mean("trajectory").values, kind=Kind.LAW)
    panels = (
        Panel("injected by each generation", "generation", _unit(result), injected),
        Panel("the drift and what it is made of", "generation", _unit(result), (*sums, drift)),
    )
    note = "means over trajectories and their 95% intervals; the dashed drift is the sum of the other four"
    return figures.write(Figure(f"{result.attrs['name']}: the error ledger", panels, note, columns=2), stem)
