"""Figure of a monitor: least p-value of each alarm, and the mass that families keep, by generation."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from collapsebench.show import figures
from collapsebench.show.figures import Figure, Panel, Series

if TYPE_CHECKING:
    from collapsebench.oversight.report import Report


def draw_report(report: Report, stem: Path) -> list[Path]:
    """Draw a report as PNG and SVG, and write the CSV behind it. Returns the paths."""
    p_series, kept_series = [], []
    for kind in ("losing", "unlike real"):
        own = [g for g in report.generations if kind in g.p]
        if own:
            p_series.append(Series(kind, [g.number for g in own], [g.p[kind].min() for g in own]))
    kept = np.array([g.kept for g in report.generations], float)
    at = [g.number for g in report.generations]
    for family in dict.fromkeys(report.families):
        columns = kept[:, [f == family for f in report.families]]
        least = np.where(np.isfinite(columns), columns, np.inf).min(axis=1)
        kept_series.append(Series(family, at, np.where(np.isinf(least), np.nan, least)))
    panels = (
        Panel("Least p-value", "generation", "p", tuple(p_series), ylog=True),
        Panel("Least mass kept", "generation", "share of generation 0", tuple(kept_series), ylim=(0, None)),
    )
    note = "An alarm also counts how many statistics and generations are tested: see the report for its levels."
    return figures.write(Figure("Monitor", panels, note), stem)
