"""What every result can do for itself: `result.collapsebench.plot()` and `.summary()`."""

from __future__ import annotations

import os

import xarray as xr


@xr.register_dataset_accessor("collapsebench")
class Accessor:
    """`result.collapsebench`: a result's own plot and summary."""

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
            "profile": profiles.profile_summary,
        }  # fmt: skip
        return of.get(str(self._result.attrs.get("kind", "run")), tables.summary)(self._result)
