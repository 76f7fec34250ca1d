"""Text and figure of a recovery: what is left by generation, with each change, with none, and with it from the start."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from collapsebench.analysis.intervals import Z
from collapsebench.show.figures import Figure, Kind, Panel, Series, with_bounds
from collapsebench.show.tables import table, with_interval

if TYPE_CHECKING:
    import xarray as xr


def recovery_summary(recovery: xr.Dataset) -> str:
    """The sentence of each change, and a table of when the limit is kept again, what is gone, and what the past costs."""
    rows = []
    for k in recovery["at"].values:
        times = (float(recovery[name].sel(at=k)) for name in ("healed", "hysteresis"))
        missing = []
        for name in ("gone", "late"):
            value, low, high = with_bounds(recovery, name, at=k)
            missing.append(with_interval(float(value), float(low), float(high)))
        rows.append((str(k), *("-" if np.isnan(time) else f"{time:.3g}" for time in times), *missing))
    head = ("changed at", "healed after", "over time to break", "gone", "of it by the past")
    lines = recovery.attrs["sentence"].replace(". With", ".\nWith")
    return f"{lines}.\n\n{table(head, rows)}\n\n[a, b]: 95% interval; gone: of what generation 0 had, at the last generation"


def recovery_figure(recovery: xr.Dataset) -> Figure:
    """Figure of what is left by generation, with the limit and the exact law."""
    g, about = recovery.generation.values, recovery.attrs
    series = [Series("unchanged", g, recovery.never.values), Series("from the start", g, recovery.always.values)]
    for k in recovery["at"].values:
        own, label = recovery.sel(at=k), f"from generation {k} on"
        half = Z * own.left_error.values
        series.append(Series(label, g, own.left.values, own.left.values - half, own.left.values + half))
        if about["law"]:
            series.append(Series(about["law"], g, own.exact_left.values, kind=Kind.LAW, group=label))
    series.append(Series("limit", g[[0, -1]], np.full(2, about["level"]), kind=Kind.BOUND))
    panel = Panel("", "generation", f"left (limit: {about['limit']})", tuple(series))
    return Figure(f"{about['name']}: {about['after']}", (panel,), "bands: 95% intervals of the mean; dashed: exact law")
