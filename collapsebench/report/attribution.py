"""What an ablation found: a table and a figure."""

from __future__ import annotations

from pathlib import Path

import xarray as xr

from collapsebench import figures
from collapsebench.figures import Figure, Kind, Panel, Series
from collapsebench.report.tables import table, what_was_run


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
    return (
        f"{what_was_run(result)}\n\n{head}\n\nShapley values of the mean over trajectories, factorial interactions "
        f"(a x b), and their 95% bootstrap intervals; eight arms in {result.attrs['seconds']:.1f} s"
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
    panels = (
        Panel(
            "contribution",
            "generation",
            f"{result.attrs['divergence']} ({result.attrs['unit']})",
            (*lines("shapley"), total),
        ),
        Panel("share of the total", "generation", "share", lines("share")),
    )
    note = "Shapley values of the mean over trajectories; bands are 95% bootstrap intervals"
    return figures.write(Figure(f"{result.attrs['name']}: the three errors", panels, note, columns=2), stem)
