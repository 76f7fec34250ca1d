"""Means over the even mixture of target and model, of bounded functions of their log ratio."""

from __future__ import annotations

from collections.abc import Callable

import jax.numpy as jnp
from jaxtyping import Array, Float

from collapsebench.maths.estimators.means import exact, mean_estimate
from collapsebench.parts.data import Batch
from collapsebench.parts.metric import Estimate, View
from collapsebench.specs.errors import RequestError
from collapsebench.specs.pytree import Key

MOST = 8192
"""Quadrature nodes of one side; a kernel density estimate of a large pool has more, and its draws cost less."""


def balanced_mean(key: Key, view: View, rows: int, function: Callable[[Array], Array]) -> Estimate:
    """Mean of function(log p - log q) over (p + q) / 2, for target p and model q.

    By quadrature where both have at most MOST nodes, else over the holdout and `rows` draws from the model. The nodes
    or rows of each side see the mass that the other lacks: a bounded function has a bounded error, however narrow q is.
    """

    def values(x: Array) -> Float[Array, " n"]:
        gap = view.target.log_prob(x) - view.model.log_prob(view.params, x)
        return function(jnp.where(jnp.isnan(gap), 0, gap))  # inf - inf: one point mass is both

    sides = _nodes(view)
    if not sides:
        real = mean_estimate(values(view.holdout.x), view.holdout.w)
        drawn = mean_estimate(values(view.density_rows(key, rows)))
        error = jnp.hypot(real.standard_error, drawn.standard_error) / 2
        return Estimate((real.value + drawn.value) / 2, error)
    one, two = ((side.w * values(side.x)).sum() / side.w.sum() for side in sides)
    return exact((one + two) / 2)


def _nodes(view: View) -> list[Batch]:
    try:
        sides = [view.truth.nodes(), view.fitted.nodes()]
    except RequestError:
        return []
    return sides if all(side.w.size <= MOST for side in sides) else []
