"""What every result can do for itself: `result.collapsebench.plot()`, `.summary()`, and tables for other packages."""

from __future__ import annotations

import html
import importlib
import os
from typing import TYPE_CHECKING

import xarray as xr

from collapsebench.runs.results import experiment_of
from collapsebench.specs.errors import RequestError, shown

if TYPE_CHECKING:
    import pandas as pd


@xr.register_dataset_accessor("collapsebench")
class Accessor:
    """`result.collapsebench`: a result's own plot and summary, and its numbers as others read them."""

    def __init__(self, result: xr.Dataset) -> None:
        self._result = result

    def plot(self, *others: xr.Dataset, ax: object = None, path: str | os.PathLike[str] | None = None) -> object:
        """Draw the result, with others; see `collapsebench.plot`."""
        from collapsebench.show.plot import plot  # with SciPy, which a run does without

        return plot(self._result, *others, ax=ax, path=path)

    def summary(self) -> str:
        """Text of what was run, and a table."""
        from collapsebench.show import attribution, diagrams, ledger, plans, profiles, recovery, tables

        of = {
            "ablation": attribution.ablation_summary, "ledger": ledger.ledger_summary, "plan": plans.plan_summary,
            "diagram": diagrams.diagram_summary, "recovery": recovery.recovery_summary,
            "profile": profiles.profile_summary, "observed plan": plans.observed_summary,
        }  # fmt: skip
        return of.get(str(self._result.attrs.get("kind", "run")), tables.summary)(self._result)

    def to_dataframe(self, *names: str) -> pd.DataFrame:
        """Table of pandas: a row for each trajectory and generation (and point of a sweep), a column for each metric.

        names: variables with the same dims, instead of the metrics. Raises RequestError where they are not, and for a
        result that has no metrics by trajectory, such as a profile, without names.
        """
        return self._chosen(names).to_dataframe().reset_index()

    def to_arviz(self, *names: str) -> object:
        """ArviZ's DataTree: trajectories as chains, generations as draws, the other dims as they are.

        names: as in `to_dataframe`. Needs `pip install arviz-base`; raises RequestError without it.
        """
        chosen = self._chosen(names)
        if not {"trajectory", "generation"} <= set(chosen.dims):
            raise RequestError("to_arviz: it takes variables by trajectory and generation")
        try:
            arviz = importlib.import_module("arviz_base")
        except ImportError:
            raise RequestError("to_arviz: it needs arviz-base: pip install arviz-base") from None
        renamed = chosen.rename(trajectory="chain", generation="draw").transpose("chain", "draw", ...)
        return arviz.convert_to_datatree(renamed, group="posterior")

    def _chosen(self, names: tuple[str, ...]) -> xr.Dataset:
        result = self._result
        if not names and result.attrs.get("kind", "run") == "run":
            names = tuple(name for name in experiment_of(result).columns if name in result)
        if absent := [name for name in names if name not in result]:
            raise RequestError(f"names = {shown(absent[0])}: not one of {', '.join(map(str, result.data_vars))}")
        if len({result[name].dims for name in names}) != 1:
            raise RequestError("names: variables over the same dims are needed, such as 'share' of an ablation")
        return result[list(names)].drop_attrs()

    def _repr_html_(self) -> str:
        return f"<pre>{html.escape(self.summary())}</pre>"
