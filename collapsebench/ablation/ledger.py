"""The error ledger: what each generation injects, and the drift against reality that it adds up to."""

from __future__ import annotations

import dataclasses

import xarray as xr

from collapsebench.experiment import Experiment
from collapsebench.metrics.injection import PARTS, Injection
from collapsebench.runner import Progress, run


def ledger(experiment: Experiment, *, progress: Progress | None = None) -> xr.Dataset:
    """Run an experiment and split each generation's divergence from what it learned from into its three parts.

    Returns a Dataset [trajectory, generation], in nats: `expressivity`, `estimation` and `optimisation` (see
    `metrics.Injection`), their sum `injected` = KL(q || model) for that generation's own input q, and `drift`, the
    KL(real || model) that the generations' injections have led to. Drift is no sum of injections: to first order it
    adds up like the squares of a random walk, and what is beyond that is the part that compounds.
    Raises RequestError where the parts are not defined, Stopped on Ctrl-C.
    """
    metrics = (*(Injection(part) for part in PARTS), "kl")
    asked = dataclasses.replace(experiment, metrics=metrics, snapshots=())
    result = run(asked, progress=progress)
    names = dict(zip(asked.metric_names, (*PARTS, "drift"), strict=True))
    renamed = result[list(names)].rename(names)
    injected = renamed[list(PARTS)].to_array().sum("variable")
    return renamed.assign(injected=injected).assign_attrs(result.attrs, kind="ledger")
