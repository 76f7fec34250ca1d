"""Exact laws of an experiment's metrics, by generation, where `theory` has them for its target, model and regime."""

from __future__ import annotations

import jax
import numpy as np

from collapsebench import theory
from collapsebench.experiment.experiment import Experiment
from collapsebench.maths.distributions.categorical import Categorical
from collapsebench.maths.distributions.normal import Normal
from collapsebench.specs.names import spec_name

Laws = dict[str, np.ndarray]


def expected(experiment: Experiment) -> Laws:
    """Expected value [generation] of each metric that has a law; empty where none has.

    Laws hold for plain loops: draws or their summary, no curator, a fit that starts anew, no sampling bias.
    """
    model = spec_name(experiment.model)
    plain = experiment.curator is None and not experiment.warm_start and not experiment.handover.infinite
    if not plain or experiment.model.exact() != experiment.model:
        return {}
    laws: Laws = {}
    family = experiment.target.family()
    if model == "gaussian":
        laws = _normal(experiment) if isinstance(family, Normal) else _rows(experiment)
    elif model == "categorical" and isinstance(family, Categorical):
        laws = _symbols(experiment)
    elif model == "linear_regression" and spec_name(experiment.target) == "linear":
        laws = _least_squares(experiment)
    return {name: laws[name] for name in experiment.metric_names if name in laws}


def _fits(experiment: Experiment) -> np.ndarray:
    return np.arange(1, experiment.generations + 1)


def _sizes(experiment: Experiment) -> np.ndarray | None:
    """Rows of every fit under replace; None under another regime."""
    if spec_name(experiment.regime) != "replace":
        return None
    sizes = np.full(experiment.generations, float(experiment.n))
    sizes[0] = experiment.n if experiment.n_real is None else experiment.n_real
    return sizes


def _fresh(experiment: Experiment) -> tuple[float, float] | None:
    """New real rows, and synthetic rows of the last generation, in every fit but the first; None under another regime."""
    regime, n = experiment.regime, experiment.n
    if spec_name(regime) == "mix":
        real = float(np.round(np.float32(regime.real_fraction) * n))
        return real, n - real
    if spec_name(regime) == "fresh" and regime.models == 1:
        return float(np.round(np.float32(regime.used) * regime.rows)), n
    return None


def _same(experiment: Experiment) -> bool:
    return experiment.n_real in (None, experiment.n)


def _normal(experiment: Experiment) -> Laws:
    truth = jax.jit(lambda: experiment.target.distribution().moments())  # one program, not one for each operation
    covariance = np.asarray(truth()[1], float)
    trace, dim, n = float(np.trace(covariance)), len(covariance), experiment.n
    unbiased, fits = bool(experiment.model.unbiased), _fits(experiment)
    if (sizes := _sizes(experiment)) is not None:
        found = {
            "variance": trace * theory.schedule_variance_law(sizes, unbiased=unbiased),
            "mean_error": trace * theory.schedule_mean_error_law(sizes, unbiased=unbiased),
        }
        if dim == 1:
            found["log_variance"] = np.log(trace) + theory.schedule_log_variance_law(sizes, unbiased=unbiased)
            found["w2_squared"] = trace * theory.schedule_w2_squared_law(sizes, unbiased=unbiased)
        if _same(experiment) and n >= dim + 3:
            found["kl"] = theory.replace_kl_law(n, fits, unbiased=unbiased, dim=dim)
        return {name: np.asarray(value, float) for name, value in found.items()}
    if spec_name(experiment.regime) == "accumulate" and _same(experiment) and not unbiased:
        return {
            "variance": np.asarray(theory.accumulate_variance_law(n, fits, trace=trace)),
            "mean_error": np.asarray(theory.accumulate_mean_error_law(n, fits, trace=trace)),
        }
    if (rows := _fresh(experiment)) is not None:
        first = n if experiment.n_real is None else experiment.n_real
        error, variance = theory.fresh_law(*rows, fits, n_first=first, unbiased=unbiased)
        return {"variance": trace * np.asarray(variance), "mean_error": trace * np.asarray(error)}
    return {}


def _rows(experiment: Experiment) -> Laws:
    """Of real rows, whatever their distribution: n of N without replacement, then normal draws under replace."""
    sizes, there = _sizes(experiment), experiment.target.rows()
    dim = experiment.target.dim
    if sizes is None or there is None or dim is None or spec_name(experiment.target) != "dataset":
        return {}
    ddof = bool(experiment.model.unbiased)
    first = there / (there - 1) * (1 if ddof else 1 - 1 / sizes[0])
    kept = np.ones(len(sizes) - 1) if ddof else 1 - 1 / sizes[1:]
    spread = float(np.asarray(experiment.target.prepare().train, float).var(axis=0).sum())
    return {"variance": spread * first * np.cumprod([1.0, *kept])}


def _symbols(experiment: Experiment) -> Laws:
    if _sizes(experiment) is None or not _same(experiment) or experiment.model.tied != 1:
        return {}
    probabilities = np.asarray(experiment.target.distribution().probs, float)
    fits = _fits(experiment)
    if len(probabilities) * experiment.n > 1e7 or experiment.n > 2000:  # a chain of counts of n states
        return {}
    return {"support": np.array([theory.distinct_symbols_law(experiment.n, k, probabilities) for k in fits], float)}


def _least_squares(experiment: Experiment) -> Laws:
    model, target = experiment.model, experiment.target
    n, dim, fits = experiment.n, int(target.dim or 1), _fits(experiment)
    whole = model.features in (None, dim)
    if not whole or model.noise != target.noise or not _same(experiment) or n < dim + 2:
        return {}
    noise = float(target.noise) ** 2
    if spec_name(experiment.regime) == "replace":
        return {"excess_risk": np.asarray(theory.least_squares_replace_law(n, dim, fits, noise=noise))}
    return {}
