"""What a metric reads off a View: the distributions, where there are any, and rows to compare.

Two questions are kept apart. Density metrics judge the fitted distribution, whose `log_prob` it is. Row metrics judge
what the model makes, its sampling bias included: `model.sample`. Row metrics look at the rows as they are, or through
a classifier: `features` is the word "rows", or what has a method `features(x)`.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache, partial
from typing import Any

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from collapsebench.maths.distributions.kernel import weighted_moments
from collapsebench.maths.numerics import divide, safe_log
from collapsebench.parts.metric import Metric, View
from collapsebench.specs.errors import RequestError, nearest
from collapsebench.specs.pytree import Key

FEATURES = ("rows", "classifier")


def model_distribution(view: View) -> Any:
    """The fitted distribution, or None for a model that has none."""
    return view.model.distribution(view.params) if hasattr(view.model, "distribution") else None


def target_distribution(view: View) -> Any:
    """The real distribution, or None for a target without a closed form."""
    return view.target.distribution() if hasattr(view.target, "distribution") else None


def comparison(first: Any, second: Any, name: str) -> Callable[[Any], Any] | None:
    """`first`'s closed-form comparison with its own family, such as `kl`, or None where there is none for the pair."""
    return getattr(first, name, None) if type(first) is type(second) else None


def density_rows(key: Key, view: View, rows: int) -> Any:
    """Draws from the density that `log_prob` gives, without the model's sampling bias where it has a distribution."""
    distribution = model_distribution(view)
    if hasattr(distribution, "sample"):
        return distribution.sample(key, rows)
    return view.model.sample(key, view.params, rows)


def model_rows(key: Key, view: View, rows: int, features: Any = "rows") -> Float[Array, "rows d"]:
    """Draws as the next generation would get them."""
    return seen(features, view.model.sample(key, view.params, rows))


def real_rows(view: View, rows: int | None = None, features: Any = "rows") -> Float[Array, "rows d"]:
    """The first rows of the holdout: `rows` of them, or all that there are."""
    return seen(features, as_matrix(view.holdout.x)[:rows])


def seen(features: Any, x: Any) -> Float[Array, "n d"]:
    """Rows as a matrix, or what a classifier sees in them."""
    return as_matrix(x) if isinstance(features, str) else features.features(as_matrix(x))


def as_matrix(x: Any) -> Float[Array, "n d"]:
    """Counts [n] as rows [n, 1]; rows [n, d] as they are; of captioned rows what the captions are about."""
    x = x["x"] if isinstance(x, dict) else x
    return x[:, None] if x.ndim == 1 else x


def sample_moments(x: Float[Array, "n d"], w: Any = None) -> tuple[Float[Array, " d"], Float[Array, "d d"]]:
    """Mean and unbiased covariance of rows that count w times; a covariance of 0 for a single row."""
    w = jnp.ones(x.shape[0], x.dtype) if w is None else w.astype(x.dtype)
    mean, covariance = weighted_moments(x, w)
    return mean, covariance * divide(w.sum(), w.sum() - 1)


def log_trace(key: Key, view: View, rows: int) -> Float[Array, ""]:
    """Log of the trace of the model's covariance, from draws where the model has no moments."""
    distribution = model_distribution(view)
    log_variance = getattr(distribution, "log_variance", None)
    if log_variance is not None:
        return log_variance
    if hasattr(distribution, "moments"):
        return safe_log(jnp.trace(distribution.moments()[1]))
    return safe_log(jnp.trace(sample_moments(model_rows(key, view, rows))[1]))


@lru_cache(maxsize=256)
def _target_family(target: Any) -> Any:
    return jax.eval_shape(target.distribution)


@lru_cache(maxsize=256)
def _model_family(model: Any) -> Any:
    key = jax.eval_shape(partial(jax.random.key, impl="threefry2x32"), 0)
    return jax.eval_shape(lambda key: model.distribution(model.init(key)), key)


def families(experiment: Any) -> tuple[Any, Any]:
    """The distributions of target and model, shapes for numbers; None where there is none. Starts no backend."""

    def family(part: Any, trace: Any) -> Any:
        if not hasattr(part, "distribution"):
            return None
        try:
            return trace(part)
        except TypeError:  # a field that cannot be hashed, such as an array
            return trace.__wrapped__(part)

    return family(experiment.target, _target_family), family(experiment.model, _model_family)


def offers(family: Any, name: str) -> bool:
    """Whether a family has a method or property; asked of its class, for a property cannot be read off mere shapes."""
    return hasattr(type(family), name)


def refuse(metric: Metric, why: str) -> RequestError:
    """The error of a metric that this experiment cannot have, to be raised by its `check`."""
    return RequestError(f"metrics = {getattr(metric, 'registry_name', type(metric).__name__)}: {why}")


def kind_of(experiment: Any) -> str:
    """What the rows of an experiment are: vector, captioned, count, symbol or labelled."""
    return str(getattr(experiment.model, "kind", "vector"))


def needs_draws(metric: Metric, experiment: Any) -> None:
    """Raise RequestError for a model that draws only when it is given rows to go on from."""
    if getattr(experiment.model, "prompted", False):
        raise refuse(metric, "it draws from the model, and this model needs prompts to draw")


def needs_rows(metric: Metric, experiment: Any) -> None:
    """Raise RequestError unless model and target give rows of numbers that have distances, and features, if asked."""
    kind = kind_of(experiment)
    if kind not in ("vector", "count", "captioned"):
        raise refuse(metric, f"it compares rows of numbers (vector or count data), and the model's are {kind} data")
    needs_draws(metric, experiment)
    if hasattr(metric, "features"):
        needs_features(metric, experiment)


def needs_features(metric: Any, experiment: Any, known: tuple[str, ...] = FEATURES) -> None:
    """Raise RequestError for features that are not known, or that the target has not got."""
    value = metric.features
    if not isinstance(value, str) or value not in known:
        raise refuse(metric, f"features = {value}: not one of {', '.join(known)}{nearest(str(value), known)}")
    name = getattr(experiment.target, "registry_name", type(experiment.target).__name__)
    if value == "classifier" and name != "images":
        raise refuse(metric, f"features = classifier: it is trained on images, and target {name} is none; use images")


def needs_pairs(metric: Any, experiment: Any) -> None:
    """Raise RequestError unless there are rows of numbers, and enough for a variance of pairs of them."""
    needs_rows(metric, experiment)
    if (rows := min(metric.rows, experiment.holdout)) < 5:
        raise refuse(metric, f"it needs 5 rows, and there are {rows}")


def needs_moments(metric: Metric, experiment: Any) -> None:
    """Raise RequestError unless the model has moments or gives rows that have."""
    if not offers(families(experiment)[1], "moments"):
        needs_rows(metric, experiment)


def needs_target_density(metric: Metric, experiment: Any) -> None:
    """Raise RequestError unless the target knows its own density."""
    target = experiment.target
    if not hasattr(target, "log_prob") or not getattr(target, "has_density", True):
        raise refuse(metric, "the target has no density, only rows; nll, mmd or sliced_w2 need no more than rows")
