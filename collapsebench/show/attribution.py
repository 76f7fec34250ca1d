"""What an ablation found: a table and a figure."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from collapsebench.show import figures
from collapsebench.show.figures import Figure, Kind, Panel, Series
from collapsebench.show.tables import table, what_was_run

if TYPE_CHECKING:
    import xarray as xr


def _cell(result: xr.Dataset, name: str, at: dict[str, object], scale: float = 1.0) -> str:
    value, low, high = (float(result[column].sel(at)) * scale for column in (name, f"{name}_low", f"{name}_high"))
    return f"{value:.3g} [{low:.3g}, {high:.3g}]"


def ablation_summary(result: xr.Dataset) -> str:
    """The divergence that each error contributes, and each interaction, at the first, middle and last generation."""
    last = result.sizes["generation"] - 1
    generations = sorted({0, last // 2, last})
    rows = []
    for error in result.error.values:
        rows.append((error, *(_cell(result, "shapley", {"error": error, "generation": g}) for g in generations)))
        shares = (_cell(result, "share", {"error": error, "generation": g}, 100) for g in generations)
        rows.append(("  share, %", *shares))
    rows.append(("total", *(f"{float(result.total[g]):.3g}" for g in generations)))
    rows.append(("with no error", *(f"{float(result.floor[g]):.3g}" for g in generations)))
    for term in result.term.values[3:]:
        rows.append((term, *(_cell(result, "effect", {"term": term, "generation": g}) for g in generations)))
    head = table((result.attrs["divergence"], *(f"generation {g}" for g in generations)), rows)
    doses = dose_summary(result)
    more = f"\n\nDoses: the mean at the last generation\n{doses}" if doses else ""
    return (
        f"{what_was_run(result)}\n\n{head}{more}\n\nShapley values of the mean over trajectories, factorial interactions "
        f"(a x b), and their 95% bootstrap intervals; all arms in {result.attrs['seconds']:.1f} s"
    )


def draw_ablation(result: xr.Dataset, stem: Path) -> list[Path]:
    """The errors' contributions and shares by generation, as PNG, SVG and CSV. Returns the paths."""
    x = result.generation.values

    def line(name: str, error: str) -> Series:
        value, low, high = (result[column].sel(error=error).values for column in (name, f"{name}_low", f"{name}_high"))
        return Series(error, x, value, low, high)

    def lines(name: str) -> tuple[Series, ...]:
        return tuple(line(name, str(error)) for error in result.error.values)

    total = Series("all errors less none", x, result.total.values, kind=Kind.MEASURED)
    panels: tuple[Panel, ...] = (
        Panel(
            "contribution",
            "generation",
            f"{result.attrs['divergence']} ({result.attrs['unit']})",
            (*lines("shapley"), total),
        ),
        Panel("share of the total", "generation", "share", lines("share")),
    )
    panels += tuple(_responses(result))
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
            value, low, high = (last[f"dose_{error}{end}"].sel(others=others).values for end in ("", "_low", "_high"))
            lines.append(Series(f"others {others}", result[f"{error}_level"].values, value, low, high))
        yield Panel(f"{error}: doses", path, f"{result.attrs['divergence']} ({result.attrs['unit']})", tuple(lines))


def dose_summary(result: xr.Dataset) -> str:
    """The mean divergence at the last generation for each level of each error; empty without doses."""
    last, lines = result.isel(generation=-1), []
    for error, path in json.loads(result.attrs["doses"]).items():
        for others in result.others.values:
            cells = last[f"dose_{error}"].sel(others=others)
            pairs = zip(cells[f"{error}_level"].values, cells.values, strict=True)
            row = ", ".join(f"{level}: {value:.3g}" for level, value in pairs if not np.isnan(value))
            lines.append(f"{error} ({path}), others {others}: {row or 'cannot be run'}")
    return "\n".join(lines)
