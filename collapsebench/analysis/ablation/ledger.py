"""Error ledger: divergence that each error injects per generation, and the drift from reality that it adds up to."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import numpy as np

from collapsebench.experiment.experiment import Experiment
from collapsebench.metrics.injection import PARTS, Injection
from collapsebench.runs.progress import Progress
from collapsebench.runs.runner import run

if TYPE_CHECKING:
    import xarray as xr


def ledger(experiment: Experiment, *, loss: str = "kl", progress: Progress | None = None) -> xr.Dataset:
    """Run an experiment and split each generation's divergence from its own input into the parts of the three errors.

    loss: "kl" (nats), or "excess_risk" for labelled rows (squared error; log loss in nats for logistic labels).

    Returns a Dataset [trajectory, generation]: `expressivity`, `estimation` and `optimisation` (see
    `metrics.Injection`), their sum `injected` = D(q || model) for that generation's own input q, `drift` =
    D(real || model), and `carried`, what a generation's drift grew by beyond what it injected, so that at every
    generation drift = sum of injected + sum of carried. For an exponential family `carried` is the cross term of the
    three-point identity, (mu_real - mu_q) (theta_q - theta_model): how the new error lies to the old drift. Errors that
    are independent of the drift make it 0 on average to first order, as in a random walk; errors with a direction of
    their own make it grow: they compound.
    Where the drift has no closed form it is that of the holdout, and `carried` has its noise.
    Raises RequestError where the parts are not defined, Stopped on Ctrl-C. Source of the identity: Csiszar (1975).
    """
    metrics = (*(Injection(part, loss) for part in PARTS), loss)
    asked = dataclasses.replace(experiment, metrics=metrics, snapshots=())
    result = run(asked, progress=progress)
    names = dict(zip(asked.metric_names, (*PARTS, "drift"), strict=True))
    renamed = result[list(names)].rename(names)
    injected = renamed[list(PARTS)].to_array().sum("variable", skipna=False)
    drift = renamed.drift
    before = drift.shift(generation=1, fill_value=0.0)
    carried = (drift - before - injected).where(np.isfinite(drift) & np.isfinite(before))
    return renamed.assign(injected=injected, carried=carried).assign_attrs(result.attrs, kind="ledger", loss=loss)
