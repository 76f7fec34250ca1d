"""Error ledger: divergence that each error injects per generation, and the drift from reality that it adds up to."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import numpy as np

from collapsebench.analysis.intervals import top_share
from collapsebench.experiment.experiment import Experiment
from collapsebench.maths.distributions.normal import Normal
from collapsebench.metrics.injection import PARTS, Injection
from collapsebench.models.gaussian import Gaussian
from collapsebench.runs.progress import Progress
from collapsebench.runs.runner import run

if TYPE_CHECKING:
    import xarray as xr


def ledger(experiment: Experiment, *, loss: str = "kl", progress: Progress | bool | None = None) -> xr.Dataset:
    """Run an experiment and split each generation's divergence from its own input into the parts of the three errors.

    loss: "kl" (nats), or "excess_risk" for labelled rows (squared error; log loss in nats for logistic labels).
    progress: as in `run`.

    Returns a Dataset [trajectory, generation]: `expressivity`, `statistical` and `approximation`, as in `ablate` (see
    `metrics.Injection`), their sum `injected` = D(q || model) for that generation's own input q, `drift` =
    D(real || model), and `carried`, what a generation's drift grew by beyond what it injected, so that at every
    generation drift = sum of injected + sum of carried. For an exponential family `carried` is the cross term of the
    three-point identity, (mu_real - mu_q) (theta_q - theta_model): how the new error lies to the old drift. Where the
    errors are independent of the drift, as in a random walk, its mean is 0 to first order in 1 / n only: of the drift of
    a normal at n = 100 it is 3% at fit 2, 23% at fit 10 and 54% at fit 30. Errors with a direction of their own add to it.
    `carried_law` and `drift_law` [generation] are exact means where there are some: for a normal learned by its exact
    learner from n samples, by `theory.replace_kl_law`. attrs["top_share"]: share of the mean drift of
    the last generation that the top 1% of the runs carry; above some 10% the means here are those of few runs.
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
    exact = laws(experiment) if loss == "kl" else {}
    top = float(top_share(drift.values)[-1])
    return (
        renamed.assign(injected=injected, carried=carried)
        .assign(exact)
        .assign_attrs(result.attrs, kind="ledger", loss=loss, top_share=top)
    )


def laws(experiment: Experiment) -> dict[str, tuple[str, np.ndarray]]:
    """Expected KL `drift_law` and `carried_law` [generation] as variables; empty where they are not known.

    Known for a normal target learned by `Gaussian` without sampling bias from n samples of the last model.
    """
    from collapsebench import theory  # SciPy, which a first run does without

    model, n = experiment.model, experiment.n
    plain = experiment.n_real in (None, n) and experiment.curator is None and not experiment.handover.infinite
    if not (plain and isinstance(model, Gaussian) and model.exact() == model and n >= model.dim + 3):
        return {}
    if not isinstance(experiment.target.family(), Normal):
        return {}
    fits = np.arange(1, experiment.generations + 1)
    drift = np.asarray(theory.replace_kl_law(n, fits, unbiased=bool(model.unbiased), dim=model.dim))
    carried = np.diff(drift, prepend=0.0) - drift[0]  # what a fit injects has the same law in every generation
    return {"drift_law": ("generation", drift), "carried_law": ("generation", carried)}
