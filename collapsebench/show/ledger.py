"""Table and figure of an error ledger."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from collapsebench.analysis.intervals import bootstrap, heavy_tailed, mean_interval, percentile_interval
from collapsebench.metrics.injection import PARTS
from collapsebench.show.figures import Figure, Kind, Panel, Series
from collapsebench.show.tables import carried_by_few, table, with_interval

if TYPE_CHECKING:
    import xarray as xr


ROUNDING = 1e-7
"""Of the largest drift: a part that is 0 by an identity comes out of differences of about this size."""


def _unit(result: xr.Dataset) -> str:
    return "nats" if result.attrs["loss"] == "kl" else "excess risk"


def _carried_share(result: xr.Dataset, generation: int) -> str:
    """Sum of the carried terms up to a generation, in percent of the mean drift, with its bootstrap interval."""
    upto = slice(generation + 1)
    rows = np.stack([result.carried.values[:, upto].sum(axis=1), result.drift.values[:, generation]], axis=1)

    def share(rows: np.ndarray) -> float:
        carried, drift = rows.mean(axis=0)
        return float(100 * carried / drift) if drift > 0 else np.nan

    return with_interval(share(rows), *percentile_interval(bootstrap([rows], share, 1000)), least=100 * ROUNDING)


def ledger_summary(result: xr.Dataset) -> str:
    """Table of the injected parts, what is carried and the drift, at the first, middle and last generation."""
    last = result.sizes["generation"] - 1
    generations = sorted({0, last // 2, last})
    rows, least = [], ROUNDING * float(np.abs(result.drift).max())
    for name in (*PARTS, "injected", "carried", "drift"):
        at = (result[name].isel(generation=g).values for g in generations)
        rows.append((name, *(with_interval(*mean_interval(values), least=least) for values in at)))
    rows.append(("all that was carried, % of drift", *(_carried_share(result, g) for g in generations)))
    note = "Means over trajectories and their 95% intervals; drift = all that was injected + all that was carried"
    if "carried_law" in result:
        carried, drift = result.carried_law.values, result.drift_law.values
        rows.insert(-2, ("  exact mean", *(f"{carried[g]:.3g}" for g in generations)))
        rows.insert(-1, ("  exact mean", *(f"{drift[g]:.3g}" for g in generations)))
        rows.append(("  exact value", *(f"{100 * carried[: g + 1].sum() / drift[g]:.3g}" for g in generations)))
    if heavy_tailed(result.attrs["top_share"], result.sizes["trajectory"]):
        found = carried_by_few(result.attrs["top_share"], result.sizes["trajectory"])
        note += f"\n{found} drift at generation {last}: its interval is too short"
    head = table((f"ledger ({_unit(result)})", *(f"generation {g}" for g in generations)), rows)
    return f"{head}\n\n{note}"


def ledger_figure(result: xr.Dataset) -> Figure:
    """Figure of the injections by generation and the drift they add up to."""
    x = result.generation.values
    injected = tuple(Series(name, x, *mean_interval(result[name].values)) for name in PARTS)
    sums = tuple(
        Series(f"sum of {name}", x, *mean_interval(np.cumsum(result[name].values, axis=1)))
        for name in (*PARTS, "carried")
    )
    drift = Series("drift", x, result.drift.mean("trajectory").values, kind=Kind.LAW)
    if "carried_law" in result:
        law = np.cumsum(result.carried_law.values)
        sums = (*sums, Series("carried, exact mean", x, law, kind=Kind.LAW, group="sum of carried"))
    panels = (
        Panel("injected by each generation", "generation", _unit(result), injected),
        Panel("the drift and what it is made of", "generation", _unit(result), (*sums, drift)),
    )
    note = "means over trajectories and their 95% intervals; the dashed drift is the sum of the other four"
    return Figure(f"{result.attrs['name']}: the error ledger", panels, note, columns=2)
