"""Table and figure of an ablation."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from collapsebench.show import figures
from collapsebench.show.figures import Figure, Kind, Panel, Series, with_bounds
from collapsebench.show.tables import table, what_was_run, with_interval

if TYPE_CHECKING:
    import xarray as xr


def _cell(result: xr.Dataset, name: str, scale: float = 1.0, **at: object) -> str:
    value, low, high = (float(end) * scale for end in with_bounds(result, name, **at))
    return with_interval(value, low, high)


def ablation_summary(result: xr.Dataset) -> str:
    """Table of each error's contribution and each interaction, at the first, middle and last generation."""
    last = result.sizes["generation"] - 1
    generations = sorted({0, last // 2, last})
    rows = []
    for error in result.error.values:
        rows.append((error, *(_cell(result, "shapley", error=error, generation=g) for g in generations)))
        shares = (_cell(result, "share", 100, error=error, generation=g) for g in generations)
        rows.append(("  share, %", *shares))
    rows.append(("total", *(f"{float(result.total[g]):.3g}" for g in generations)))
    rows.append(("with no error", *(f"{float(result.floor[g]):.3g}" for g in generations)))
    for term in result.term.values[3:]:
        rows.append((term, *(_cell(result, "effect", term=term, generation=g) for g in generations)))
    head = table((result.attrs["divergence"], *(f"generation {g}" for g in generations)), rows)
    doses = dose_summary(result)
    more = f"\n\nDoses: the mean at the last generation\n{doses}" if doses else ""
    return (
        f"{what_was_run(result)}\n\n{head}{more}\n\nShapley values of the mean over trajectories, factorial interactions "
        f"(a x b), and their 95% bootstrap intervals; all arms in {result.attrs['seconds']:.1f} s"
    )


def error_panel(result: xr.Dataset, title: str, name: str = "shapley", ylabel: str = "") -> Panel:
    """Panel of a variable of each error by generation; by default its contribution, in the divergence's unit."""
    x, errors = result.generation.values, result.error.values
    lines = tuple(Series(str(error), x, *with_bounds(result, name, error=error)) for error in errors)
    return Panel(title, "generation", ylabel or _unit(result), lines)


def _unit(result: xr.Dataset) -> str:
    return f"{result.attrs['divergence']} ({result.attrs['unit']})"


def draw_ablation(result: xr.Dataset, stem: Path) -> list[Path]:
    """Draw the errors' contributions and shares by generation as PNG, SVG and CSV. Returns the paths."""
    total = Series("all errors less none", result.generation.values, result.total.values, kind=Kind.MEASURED)
    contribution = error_panel(result, "contribution")
    panels = (
        dataclasses.replace(contribution, series=(*contribution.series, total)),
        error_panel(result, "share of the total", "share", "share"),
        *_responses(result),
    )
    note = "Shapley values of the mean over trajectories; bands are 95% bootstrap intervals"
    if len(panels) > 2:
        note += "; doses: the mean at the last generation, the other two errors off or on"
    return figures.write(
        Figure(f"{result.attrs['name']}: the three errors", panels, note, columns=2 if len(panels) in (2, 4) else 3),
        stem,
    )


def _responses(result: xr.Dataset) -> Iterator[Panel]:
    """A panel per error with doses: the mean divergence at the last generation over the levels."""
    for error, path in json.loads(result.attrs["doses"]).items():
        last, lines = result.isel(generation=-1), []
        for others in result.others.values:
            bounds = with_bounds(last, f"dose_{error}", others=others)
            lines.append(Series(f"others {others}", result[f"{error}_level"].values, *bounds))
        yield Panel(f"{error}: doses", path, _unit(result), tuple(lines))


def dose_summary(result: xr.Dataset) -> str:
    """Table of the mean divergence at the last generation, by level of each error; empty without doses."""
    last, lines = result.isel(generation=-1), []
    for error, path in json.loads(result.attrs["doses"]).items():
        for others in result.others.values:
            cells = last[f"dose_{error}"].sel(others=others)
            pairs = zip(cells[f"{error}_level"].values, cells.values, strict=True)
            row = ", ".join(f"{level}: {value:.3g}" for level, value in pairs if not np.isnan(value))
            lines.append(f"{error} ({path}), others {others}: {row or 'cannot be run'}")
    return "\n".join(lines)
