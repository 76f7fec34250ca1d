"""Contract checks for every model, target, regime, curator and metric, built-in or a user's own.

Each check is a function of a built spec; it returns nothing, or raises AssertionError with one line that says what is
broken. The test-suite runs them over every registry, and `collapsebench check package.module:Class` over one class.
"""

from __future__ import annotations

import contextlib
import dataclasses
import inspect
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, PyTree

from collapsebench.experiment.example import example
from collapsebench.experiment.experiment import Experiment
from collapsebench.maths.numerics import as_leaves
from collapsebench.maths.streams import root_key
from collapsebench.parts.checks import made
from collapsebench.parts.curator import Curator
from collapsebench.parts.data import Batch, Handover, Kind
from collapsebench.parts.metric import Metric
from collapsebench.parts.model import Model
from collapsebench.parts.part import Part
from collapsebench.parts.regime import Regime
from collapsebench.parts.target import Target
from collapsebench.runs.runner import run
from collapsebench.specs.errors import RequestError, shown
from collapsebench.specs.names import spec_name
from collapsebench.specs.pytree import Key, difference, is_spec
from collapsebench.specs.registry import MODELS, TARGETS, import_object

Check = Callable[[Any], None]
ROWS, MANY = 24, 4096


def _demand(truth: object, message: str) -> None:
    if not bool(truth):
        raise AssertionError(message)


def _key() -> Key:
    return root_key(0, "contract")


# --- every spec -----------------------------------------------------------------------------------------------------


def is_a_spec(part: Any) -> None:
    """A frozen dataclass and a pytree whose leaves are numbers; equal ones are one compiled program."""
    _demand(dataclasses.is_dataclass(part), "it is not a dataclass; decorate it with @collapsebench.spec")
    _demand(part.__dataclass_params__.frozen, "it is not frozen; decorate it with @collapsebench.spec")
    leaves, tree = jax.tree.flatten(as_leaves(part))
    twin: Any = jax.tree.structure(as_leaves(type(part)()))
    _demand(
        all(isinstance(leaf, jax.Array) for leaf in leaves), "a leaf is not a number; mark shapes and choices static()"
    )
    _demand(twin == tree, "two equal specs are two programs")
    _demand(not isinstance(jax.tree.unflatten(tree, leaves), str), "it does not survive flattening")


def says_what_it_is(part: object) -> None:
    """It has a docstring of its own, whose first line `list` shows."""
    _demand((type(part).__doc__ or "").strip(), "it has no docstring")
    own = type(part).__name__ + str(inspect.signature(type(part))).replace(" -> None", "")
    _demand(type(part).__doc__ != own, "its docstring is the dataclass's own")


# --- models ---------------------------------------------------------------------------------------------------------


def _data(model: Model, target: Target, n: int = ROWS) -> Batch:
    return Batch(_sample_target(target, n), jnp.ones(n))


@partial(jax.jit, static_argnames="n")
def _sample_target(target: Target, n: int) -> PyTree:
    return target.sample(_key(), n)


@jax.jit
def _fit(model: Model, key: Key, batch: Batch) -> PyTree:
    return model.fit(key, model.init(key), batch)


@jax.jit
def _score(model: Model, params: PyTree, x: PyTree) -> Array:
    return model.log_prob(params, x)


def _fitted(model: Model) -> tuple[Model, Batch, PyTree]:
    experiment = example(model)
    target, model = as_leaves(experiment.target), as_leaves(experiment.model)  # of the size of its target
    batch = _data(model, target)
    return model, batch, _fit(model, _key(), batch)


def fits_samples_and_scores(model: Model) -> None:
    """fit, sample and log_prob: shapes right, numbers finite."""
    model, batch, params = _fitted(model)
    for leaf in jax.tree.leaves(params):
        _demand(not np.isnan(np.asarray(leaf, float)).any(), "fit gives NaN on good data")
    again = jax.eval_shape(model.fit, _key(), params, batch)
    _demand(not (why := difference(again, params)), f"fit gives {why} when it goes on from its own parameters")
    start = jax.eval_shape(model.init, _key())
    ranks = (jax.tree.map(lambda leaf: jax.ShapeDtypeStruct((0,) * leaf.ndim, leaf.dtype), t) for t in (params, start))
    _demand(not (why := difference(*ranks)), f"fit gives {why} as init does (sizes may differ, axes may not)")
    drawn = _draw(model, params, batch, ROWS)
    _demand(not (why := difference(drawn, batch.x)), f"sample gives {why} as the data have")
    for ours, theirs in zip(jax.tree.leaves(drawn), jax.tree.leaves(batch.x), strict=True):
        _demand(ours.dtype == theirs.dtype, f"sample gives {ours.dtype}, the data have {theirs.dtype}")
    density = _score(model, params, batch.x)
    _demand(density.shape == (ROWS,), f"log_prob gives shape {density.shape} for {ROWS} rows")
    _demand(not np.isnan(np.asarray(density)).any(), "log_prob gives NaN on the data it was fitted to")


@partial(jax.jit, static_argnames="n")
def _draw(model: Model, params: PyTree, batch: Batch, n: int) -> PyTree:
    return model.sample_from(_key(), params, n, batch)


def ignores_rows_of_weight_zero(model: Model) -> None:
    """Rows of weight 0 do not change the fit."""
    model, batch, params = _fitted(model)
    garbage = Batch(jax.tree.map(lambda a: jnp.concatenate([a, a[:4] + 1]) if a.dtype != int else
                                 jnp.concatenate([a, a[:4]]), batch.x), jnp.concatenate([batch.w, jnp.zeros(4)]))  # fmt: skip
    other = _fit(model, _key(), garbage)
    ours, theirs = _score(model, params, batch.x), _score(model, other, batch.x)
    np.testing.assert_allclose(ours, theirs, rtol=1e-4, atol=1e-4, err_msg="rows of weight 0 change the fit")


def survives_collapse(model: Model) -> None:
    """A model fitted to one repeated point draws without NaN."""
    model, batch, _ = _fitted(model)
    point = Batch(jax.tree.map(lambda a: jnp.repeat(a[:1], ROWS, axis=0), batch.x), batch.w)
    params = _fit(model, _key(), point)
    for leaf in jax.tree.leaves(_draw(model, params, point, ROWS)):
        _demand(not np.isnan(np.asarray(leaf, float)).any(), "a model fitted to one repeated point draws NaN")


def maps_over_lanes(model: Model) -> None:
    """vmap over keys gives the same log densities as one fit after another, within 1e-3."""
    model, batch, _ = _fitted(model)

    keys = jax.random.split(_key(), 2)
    fits = jax.jit(jax.vmap(lambda key: model.fit(key, model.init(key), batch)))(keys)
    together = [_score(model, jax.tree.map(lambda a, i=i: a[i], fits), batch.x) for i in range(2)]
    apart = [_score(model, _fit(model, key, batch), batch.x) for key in keys]
    np.testing.assert_allclose(together, apart, rtol=1e-3, atol=1e-3, err_msg="vmap gives other fits than a loop")


def runs_or_refuses_each_handover(model: Model) -> None:
    """Two generations run under every handover, or are refused in one line; samples must run."""
    experiment = dataclasses.replace(example(model), generations=2, trajectories=2, n=ROWS, holdout=16)
    for handover in Handover:
        try:
            result = run(dataclasses.replace(experiment, handover=str(handover)))
        except RequestError as refusal:
            _demand("\n" not in str(refusal), f"{handover} is refused in more than one line")
            _demand(handover != Handover.SAMPLES, f"samples must work: {refusal}")
        else:
            values = result[experiment.columns[0]].values
            _demand(values.shape == (2, 2) and not np.isnan(values).any(), f"{handover} gives {values}")


# --- targets --------------------------------------------------------------------------------------------------------


def samples_what_it_scores(target: Target) -> None:
    """Draws have the declared shape, and a finite log density if the target has one."""
    target = as_leaves(target.prepare())
    x = _sample_target(target, MANY)
    for leaf in jax.tree.leaves(x):
        _demand(leaf.shape[0] == MANY, f"sample gives {leaf.shape[0]} rows for {MANY}")
        _demand(np.isfinite(np.asarray(leaf, float)).all(), "sample gives a number that is not finite")
    if target.kind == Kind.VECTOR:
        _demand(x.shape == (MANY, target.dim), f"sample gives shape {x.shape}, dim is {target.dim}")
    if not target.has_density:
        return
    density = jax.jit(target.log_prob)(x)
    _demand(
        density.shape == (MANY,) and np.isfinite(np.asarray(density)).all(), "log_prob is not finite on its own rows"
    )


def agrees_with_its_distribution(target: Target) -> None:
    """The mean of many draws is the closed form's, within 5 standard errors."""
    target = as_leaves(target.prepare())
    distribution = target.distribution()
    if not distribution.knows("moments") or target.kind != Kind.VECTOR:
        return
    mean, covariance = (np.asarray(a, float) for a in distribution.moments())
    x = np.asarray(_sample_target(target, MANY), float)
    error = np.abs(x.mean(0) - mean) / np.sqrt(np.diag(covariance) / MANY + 1e-30)
    _demand((error < 5).all(), f"the mean of {MANY} draws is {error.max():.1f} standard errors from moments()")


# --- regimes, curators, metrics -------------------------------------------------------------------------------------


def _gaussian(**changes: Any) -> Experiment:
    return Experiment(name="contract", n=ROWS, generations=3, trajectories=2, holdout=64, **changes)


def regime_runs_or_refuses(regime: Regime) -> None:
    """Three generations run on samples; on summaries and populations they run or are refused in one line."""
    for handover in ("samples", "summary", "population"):
        try:
            values = run(_gaussian(regime=regime, handover=handover)).variance.values
        except RequestError as refusal:
            _demand(handover != "samples" and "\n" not in str(refusal), f"{handover}: {refusal}")
        else:
            _demand(np.isfinite(values).all() and (values > 0).all(), f"{handover} gives variances {values}")


def curator_weighs(curator: Curator) -> None:
    """Three generations with the curator give finite variances."""
    values = run(_gaussian(curator=curator)).variance.values
    _demand(np.isfinite(values).all(), f"it gives variances {values}")


def small_examples() -> Iterator[Experiment]:
    """Short runs of a few registered models on their example targets, on which metrics are tried; images at the end."""
    sizes: Any = {"n": ROWS, "generations": 2, "trajectories": 2, "holdout": 64}
    for name in ("gaussian", "categorical", "linear_regression", "ngram"):
        yield dataclasses.replace(example(MODELS.get(name)()), **sizes)
    yield Experiment(target="gaussian_mixture", model="gaussian_mixture", **sizes)
    boolean = TARGETS.get("text")("boolean", tokenizer="characters")
    yield dataclasses.replace(example(MODELS.get("ngram")()), target=boolean, **sizes)
    yield Experiment(target="normal", model="ecosystem", **sizes)
    yield dataclasses.replace(example(MODELS.get("vae")()), **sizes)
    with contextlib.suppress(RequestError):  # where no package with a data set of images is installed
        images = Experiment(target="images", model=MODELS.get("kde")(dim=64), **sizes)
        yield images
    yield Experiment(target="rendered_digits", model=MODELS.get("diffusion")(dim=144, words=(10, 2, 2)), **sizes)


def gives_numbers(experiment: Experiment) -> None:
    """No metric of a run is NaN."""
    result = run(experiment)
    for column in experiment.columns:
        _demand(not np.isnan(result[column].values).any(), f"{column} is NaN for {spec_name(experiment.model)}")


def metric_measures(metric: Metric) -> None:
    """The metric gives numbers, and standard errors if it estimates, for some registered model's example."""
    refusals = []
    for small in small_examples():
        try:
            return gives_numbers(dataclasses.replace(small, metrics=(metric,)))
        except RequestError as refusal:
            refusals.append(str(refusal))
    raise AssertionError(f"no registered model can be measured with it: {refusals[-1]}")


CHECKS: dict[str, tuple[Check, ...]] = {
    "models": (
        is_a_spec, says_what_it_is, fits_samples_and_scores, ignores_rows_of_weight_zero, survives_collapse,
        maps_over_lanes, runs_or_refuses_each_handover,
    ),
    "targets": (is_a_spec, says_what_it_is, samples_what_it_scores, agrees_with_its_distribution),
    "regimes": (is_a_spec, says_what_it_is, regime_runs_or_refuses),
    "curators": (is_a_spec, says_what_it_is, curator_weighs),
    "metrics": (is_a_spec, says_what_it_is, metric_measures),
}  # fmt: skip


def kind_of(part: object) -> str:
    """Name of the registry that a spec belongs to, by its base class. Raises RequestError for any other class."""
    kinds = {Model: "models", Target: "targets", Regime: "regimes", Curator: "curators", Metric: "metrics"}
    for base, kind in kinds.items():
        if isinstance(part, base):
            return kind
    known = ", ".join(f"collapsebench.{base.__name__}" for base in kinds)
    name = spec_name(part) if dataclasses.is_dataclass(part) else shown(part)
    raise RequestError(f"{name}: it derives from none of {known}")


def check(path: str) -> Iterator[tuple[str, str | None]]:
    """Run the contract checks of `package.module:Class`; yields (check, None or the failure in one line)."""
    found = import_object(path)
    part = made(found, Part, path) if isinstance(found, type) and issubclass(found, Part) else found
    kind = kind_of(part)
    for function in CHECKS[kind] if is_spec(part) else (is_a_spec,):  # nothing else makes sense of what is no spec
        try:
            function(part)
        except (Exception, SystemExit) as problem:
            yield function.__name__, f"{type(problem).__name__}: {problem}".strip().split("\n")[0]
        else:
            yield function.__name__, None
