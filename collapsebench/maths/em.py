"""Weighted expectation-maximisation for mixtures of normals, started by k-means++ and Lloyd's algorithm.

Written for one set of rows; x is kept as [d, n], so that everything vectorises over rows, and sums over rows are dot
products. Rows are centred and scaled by the spread of the data first, so a fit does not depend on the unit.
"""

from __future__ import annotations

import dataclasses
import math
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from collapsebench.maths.cholesky import psd_factor
from collapsebench.maths.distributions.mixture import (
    Mixture,
    diagonals,
    invert_lower,
    over_components,
    residuals,
    squared_distances,
)
from collapsebench.maths.numerics import divide, safe_log
from collapsebench.maths.sums import LONG, centred, dots, products
from collapsebench.parts.data import Batch
from collapsebench.specs.pytree import Key, Number, spec, static

SHIFT = 1e-4
"""Lloyd's steps end when the centres move less than this, squared and in units of the data's variance."""
FEW = 4
"""Dimensions up to which second moments are summed one by one; above it they are a matrix product."""
FULL = 2000
"""Rows times components from which a CPU does one trajectory after the other: each then stops at its own step."""
ROUNDING = 4
"""Machine epsilons, times the spread of the data, that a component's standard deviation never falls below."""


@spec
class Rules:
    """Settings of `fit_mixture`: covariance "full", "diagonal" or "spherical"; most steps of EM and of Lloyd."""

    covariance: str = static("full")
    steps: Number = 100
    lloyd: Number = 100
    tolerance: Number = 1e-3
    ridge: Number = 1e-6
    floor: Any = 0.0


@spec
class _Scaled:
    """Components of a mixture in the unit of the data; `factor` is not normalised."""

    weights: Float[Array, " k"]
    mean: Float[Array, "k d"]
    factor: Float[Array, "k d d"]


def fit_mixture(key: Key, start: Mixture, data: Batch, rules: Rules) -> Mixture:
    """Mixture fitted by EM from `start`, or from k-means++ and Lloyd if all components of `start` are equal.

    EM stops when the mean log-likelihood gained less than rules.tolerance in a step, after rules.steps at the latest.
    A component that no row belongs to keeps its mean and covariance and gets weight 0. No variance is below the
    ridge, nor below rounding: the square of a few machine epsilons, times the variance of the data in that direction.
    Data of one point give point components where the ridge is 0.
    """
    return _lane_by_lane(rules, data.capacity * start.components)(key, start, data, rules)


def _lane_by_lane(rules: Rules, size: int) -> Any:
    """`_fit`, mapped instead of vectorised over trajectories where one trajectory fills the vector units."""
    if jax.default_backend() == "cpu" and size >= FULL:
        return jax.custom_batching.sequential_vmap(_fit)
    return _fit


def _fit(key: Key, start: Mixture, data: Batch, rules: Rules) -> Mixture:
    total, centre, rows, sizes = centred(data.x, data.w)
    w, x = divide(data.w, total), rows.T
    size = sizes.max()
    variance = dots(w[None], (x * (1 / size)) ** 2)
    unit = size * jnp.where(variance.mean() > 0, jnp.sqrt(variance.mean()), 1)
    x = x / unit
    floor = (ROUNDING * jnp.finfo(x.dtype).eps) ** 2 * divide(variance, variance.mean())[None]
    local = dataclasses.replace(rules, ridge=rules.ridge / unit**2, floor=floor)
    blank = _all_equal(start)
    given = _Scaled(start.weights, (start.mean - centre[None]) / unit, start.scale_tril / unit)
    seeded = _seed(key, blank, x, w, given, local)
    begun = jax.tree.map(lambda a, b: jnp.where(blank, a, b), seeded, given)
    fitted = _maximise(x, w, begun, local)
    return Mixture.from_factors(
        safe_log(fitted.weights), centre[None] + fitted.mean * unit, fitted.factor, jnp.log(unit)
    )


def _all_equal(start: Mixture) -> Array:
    """Whether all components of `start` are equal, so that EM could not tell them apart."""
    same = [(leaf == leaf[:1]).all() for leaf in (start.mean, start.log_scale, start.factor)]
    return same[0] & same[1] & same[2]


# The start


def _seed(key: Key, wanted: Array, x: Array, w: Array, given: _Scaled, rules: Rules) -> _Scaled:
    """Start of EM: k-means++, Lloyd's algorithm and one maximisation; skipped (zero iterations) unless `wanted`."""
    centres = kmeans_plus_plus(key, x, w, given.mean.shape[0], wanted)
    centres = lloyd(x, w, centres, rules.lloyd, wanted)
    sums = _sums(_nearest(x, w, centres), residuals(x, centres), rules.covariance == "full")
    return _maximisation(sums, _Scaled(given.weights, centres, _units(centres)), rules)


def _units(mean: Array) -> Array:
    count, dim = mean.shape
    return jnp.broadcast_to(jnp.eye(dim, dtype=mean.dtype), (count, dim, dim))


def kmeans_plus_plus(key: Key, x: Array, w: Array, count: int, wanted: bool | Array = True) -> Float[Array, "count d"]:
    """Initial centres [count, d], rows of x [d, n] far apart: each the best of a few drawn by w times squared distance.

    They are distinct; where there are fewer distinct rows than centres, rows repeat. Source: Arthur and Vassilvitskii
    (2007), with 2 + log(count) trials per centre as in scikit-learn.
    """
    u = jax.random.uniform(key, (count, 2 + int(math.log(count))), x.dtype)

    def add(i: Array, state: tuple[Array, Array]) -> tuple[Array, Array]:
        centres, nearest = state
        far = w * nearest
        far = jnp.where((i > 0) & (far.sum() > 0), far, w)
        points = x[:, draw_rows(u[i], far)].T
        squares = squared_distances(residuals(x, points), _units(points), diagonal=True)
        squares = jnp.where(i > 0, jnp.minimum(nearest[None], squares), squares)
        best = jnp.where(i > 0, jnp.argmin(dots(squares, w[None])), 0)  # the first centre is any row
        return centres.at[i].set(points[best]), squares[best]

    start = jnp.zeros((count, x.shape[0]), x.dtype), jnp.zeros_like(w)
    return jax.lax.fori_loop(0, jnp.where(wanted, count, 0), add, start)[0]


def lloyd(x: Array, w: Array, centres: Array, steps: Any, wanted: bool | Array = True) -> Float[Array, "k d"]:
    """Centres [k, d] after at most `steps` Lloyd steps; a centre without rows stays. No step unless `wanted`."""

    rows = jnp.concatenate([jnp.ones_like(x[:1]), x])

    def body(state: tuple[Array, Array, Array]) -> tuple[Array, Array, Array]:
        step, centres, _ = state
        sums = products(_nearest(x, w, centres).T, rows.T)
        moved = jnp.where(sums[:, :1] > 0, divide(sums[:, 1:], sums[:, :1]), centres)
        return step + 1, moved, ((moved - centres) ** 2).sum()

    def unfinished(state: tuple[Array, Array, Array]) -> Array:
        return (state[0] < steps) & (state[2] > SHIFT)

    moved = jnp.where(wanted, jnp.inf, 0).astype(x.dtype)
    return jax.lax.while_loop(unfinished, body, (jnp.zeros((), jnp.int32), centres, moved))[1]


def _nearest(x: Array, w: Array, centres: Array) -> Float[Array, "k n"]:
    """Weight of each row at its nearest centre (the first of equals), 0 at the others."""
    squares = squared_distances(residuals(x, centres), _units(centres), diagonal=True)
    best, label = squares[0], jnp.zeros(squares.shape[1], jnp.int32)
    for k in range(1, squares.shape[0]):
        label = jnp.where(squares[k] < best, k, label)
        best = jnp.minimum(best, squares[k])
    return jnp.where(label[None, :] == jnp.arange(squares.shape[0])[:, None], w, 0)


def draw_rows(u: Float[Array, " count"], weights: Float[Array, " n"]) -> Array:
    """Row indices [count] drawn in proportion to the weights, from uniforms `u` in [0, 1); never a row of weight 0.

    Inverse CDF in two levels of sqrt(n): a running sum over all rows costs far more on a CPU.
    """
    rows = weights.shape[0]
    side = math.isqrt(rows - 1) + 1
    table = jnp.pad(weights, (0, side * side - rows)).reshape(side, side)
    below = 1 - jnp.finfo(weights.dtype).eps
    totals = _running(table.sum(axis=0))
    u = jnp.minimum(u, below) * totals[-1]
    group = jnp.minimum((totals[:, None] <= u[None]).sum(axis=0), side - 1)
    rest = u - jnp.where(group > 0, jnp.maximum(totals[group - 1], 0), 0)
    inner = jax.vmap(_running, 1, 1)(table[:, group])
    place = (inner <= jnp.clip(rest, 0, inner[-1] * below)[None]).sum(axis=0)
    return jnp.minimum(place, side - 1) * side + group


def _running(weights: Float[Array, " m"]) -> Float[Array, " m"]:
    """Running sums, constant under rounding where the weight is 0; -inf before the first positive weight."""
    until = jnp.tri(weights.shape[0], dtype=bool).T
    sums = jnp.where(until, weights[:, None], 0).sum(axis=0)
    return jnp.where(until, jnp.where(weights > 0, sums, -jnp.inf)[:, None], -jnp.inf).max(axis=0)


# Expectation and maximisation


def _maximise(x: Array, w: Array, start: _Scaled, rules: Rules) -> _Scaled:
    """EM until the mean log-likelihood gains less than the tolerance, judged before each step as in scikit-learn."""

    def body(state: tuple[Array, _Scaled, Array, Array]) -> tuple[Array, _Scaled, Array, Array]:
        step, mixture, before, _ = state
        sums = _expectation(x, w, mixture, rules.covariance == "full")
        gain = jnp.abs(sums.log_likelihood - before)
        return step + 1, _maximisation(sums, mixture, rules), sums.log_likelihood, gain

    def unfinished(state: tuple[Array, _Scaled, Array, Array]) -> Array:
        return (state[0] < rules.steps) & ~(state[3] < rules.tolerance)

    never = jnp.full((), jnp.inf, x.dtype)
    return jax.lax.while_loop(unfinished, body, (jnp.zeros((), jnp.int32), start, -never, never))[1]


def _expectation(x: Array, w: Array, mixture: _Scaled, full: bool) -> _Sums:
    """E step: sums under the expected memberships, and the mean log-likelihood up to a constant.

    A pivot of 0 counts as 1, so that a point component attracts the rows at its point without an infinite density.
    """
    pivots = diagonals(mixture.factor)
    safe = mixture.factor + jnp.where(pivots > 0, 0, 1)[:, :, None] * _units(mixture.mean)
    level = safe_log(mixture.weights) - jnp.log(diagonals(safe)).sum(axis=1)
    inverse = invert_lower(safe) if full else jnp.where(_units(mixture.mean) > 0, 1 / safe, 0)
    residual = residuals(x, mixture.mean)
    logs = level[:, None] - 0.5 * squared_distances(residual, inverse, diagonal=not full)
    top = over_components(jnp.maximum, logs)
    top = jnp.where(jnp.isfinite(top), top, 0)
    parts = jnp.exp(logs - top[None])
    total = over_components(jnp.add, parts)
    return _sums(parts * divide(w, total)[None], residual, full, dots(w, jnp.where(w > 0, top + safe_log(total), 0)))


@spec
class _Sums:
    """Sums for the M step: weighted memberships, and first and second moments of the residuals under them."""

    mass: Float[Array, " k"]
    first: Float[Array, "k d"]
    second: Float[Array, "k d d"]
    log_likelihood: Float[Array, ""]


def _sums(member: Array, residual: list[Array], full: bool, log_likelihood: Any = 0.0) -> _Sums:
    """Sums over rows, one dot product per component; member [k, n] and each residual [k, n]."""
    dim = len(residual)
    likelihood = jnp.asarray(log_likelihood, member.dtype)
    if dim > FEW:
        rows = jnp.stack(residual, axis=1)
        second = jax.vmap(products)(jnp.swapaxes(rows * member[:, None, :], 1, 2), jnp.swapaxes(rows, 1, 2))
        return _Sums(member.sum(axis=1), dots(rows, member[:, None, :]), second, likelihood)
    pairs = [(i, j) for i in range(dim) for j in range(i + 1) if full or i == j]
    terms = [jnp.ones_like(member), *residual, *(residual[i] * residual[j] for i, j in pairs)]
    if member.shape[1] > LONG:
        sums = jnp.stack([dots(term, member) for term in terms], axis=1)
    else:
        sums = jnp.einsum("kfn,kn->kf", jnp.stack(terms, axis=1), member, precision="highest")
    column = np.zeros((dim, dim), int)  # where each pair's sum stands; off the diagonal nobody looks unless `full`
    for p, (i, j) in enumerate(pairs):
        column[i, j] = column[j, i] = 1 + dim + p
    return _Sums(sums[:, 0], sums[:, 1 : 1 + dim], sums[:, column], likelihood)


def _maximisation(sums: _Sums, old: _Scaled, rules: Rules) -> _Scaled:
    """M step: the mixture of these sums. Residuals are from the old means, so no spread is lost to cancellation."""
    unit = _units(old.mean)
    shift = divide(sums.first, sums.mass[:, None])
    spread = divide(sums.second, sums.mass[:, None, None]) - shift[:, :, None] * shift[:, None, :]
    eps = jnp.finfo(spread.dtype).eps
    # What a mean that moves far rounds off in this step; in the last steps means hardly move.
    floor = jnp.maximum(ROUNDING * eps * shift**2, jnp.asarray(rules.floor, spread.dtype))
    variances = jnp.maximum(jnp.maximum(diagonals(spread), 0) + rules.ridge, floor)
    if rules.covariance == "full":
        spread = jnp.where(unit > 0, variances[:, :, None], spread)
        factor = jax.vmap(psd_factor)(spread)
        # What is left of a direction beside the others: a covariance knows it to machine epsilon.
        rounding = jnp.maximum(eps * variances, floor)
        pivots = jnp.maximum(diagonals(factor), jnp.sqrt(rounding))
        factor = jnp.where(unit > 0, pivots[:, :, None], factor)
    else:
        if rules.covariance == "spherical":
            variances = jnp.broadcast_to(variances.mean(axis=1, keepdims=True), variances.shape)
        factor = unit * jnp.sqrt(variances)[:, :, None]
    factor = jnp.where((sums.mass > 0)[:, None, None], factor, old.factor)
    return _Scaled(divide(sums.mass, sums.mass.sum()), old.mean + shift, factor)
