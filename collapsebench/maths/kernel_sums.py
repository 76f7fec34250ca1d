"""Sums of Gaussian kernels over many centres: exact ones by log-sum-exp, and a fast Gauss transform in one dimension."""

from __future__ import annotations

from collections.abc import Callable

import jax.numpy as jnp
import numpy as np
from jax import lax
from jaxtyping import Array, Float

from collapsebench.maths import gpu
from collapsebench.maths.samplers.bits import accelerated, over_lanes

_BLOCK, _MANY = 16, 32
"""Centres per pass of the log-sum-exp, on a CPU and on an accelerator: its terms stay in registers, and one more exponential
is paid for them all. An H200 takes .81 of the time with 32, and three times as long with 64."""

# The transform: centres are gathered into boxes of a fixed lattice, and a box of middle c, half-width r, is the series
# sum_i w_i exp(-(y - x_i)^2) = exp(-u^2) sum_k M_k (2 r u)^k, u = y - c, M_k = sum_i w_i exp(-t_i^2) (t_i / r)^k / k!,
# t_i = x_i - c. Cut after T terms, it lacks at most v^T / T! exp(v) of the box's own sum, v = 2 r |u|: 1.5e-6 of it up
# to |u| = 4.25, and beyond at most exp(-(|u| - r)^2) v^T / T! = 2.1e-14 of the weight. So a sum above _FAINT of the
# weight is right to 2.2e-6, rounding apart, however its centres lie; a fainter one is made exactly.
# Source: Greengard and Strain (1991), with Taylor's series in place of Hermite's, whose error is relative.
_TERMS = 10
_WIDTH = 0.25  # of a box, in kernel widths times sqrt(2): a short binary fraction, so that middles are not rounded
_FAINT = 3e-8
_FAR = 9.0  # the distance at which a box's is cut, exp(-81), so that no power of it overflows
_UNROLLED = 4  # boxes per pass
_MOST = 256  # boxes, which span 90 kernel widths
_TABLE = 256  # rows to a table, as a long sum of equal numbers is rounded the same way at every step
_ROWS, _POINTS = 256, 64  # of fewer centres or points, the exact sum is as fast


_FLAT = 4
"""Dimensions up to which a squared distance is written out."""


def _pairwise(combine: Callable[[Array, Array], Array], terms: list[Array]) -> Array:
    while len(terms) > 1:
        terms = [combine(a, b) for a, b in zip(terms[::2], terms[1::2], strict=True)]
    return terms[0]


def _squared_distances(centres: Float[Array, "lanes d block"], points: Float[Array, "lanes d m"]) -> list[Array]:
    """|point - centre|^2 [lanes, m] for each centre of a block, without the cancellation of a matrix product."""
    dim, block = centres.shape[1:]
    if dim <= _FLAT:
        return [_pairwise_sum([(points[:, k] - centres[:, k, j, None]) ** 2 for k in range(dim)]) for j in range(block)]

    def coordinate(k: Array, sums: tuple[Array, ...]) -> tuple[Array, ...]:
        x, c = (lax.dynamic_index_in_dim(a, k, 1, keepdims=False) for a in (points, centres))
        return tuple(total + (x - c[:, j, None]) ** 2 for j, total in enumerate(sums))

    zero = jnp.zeros_like(points[:, 0])
    return list(lax.fori_loop(0, dim, coordinate, (zero,) * block))


def _pairwise_sum(terms: list[Array]) -> Array:
    total = terms[0]
    for term in terms[1:]:
        total = total + term
    return total


@over_lanes
def _log_sum_exp(
    centres: Float[Array, "lanes d n"], exponents: Float[Array, "lanes n"], points: Float[Array, "lanes d m"]
) -> tuple[Float[Array, "lanes m"], Float[Array, "lanes m"]]:
    """(top, rest) with exp(top) rest = sum_i exp(exponents_i - |point - centre_i|^2), rest between about 1 and n.

    One pass over blocks of centres with a running maximum, points on the vectorised axis; it ends with the last block
    that holds a row, so the empty end of a growing pool costs nothing.
    """
    if gpu.available() and centres.shape[1] <= _FLAT and points.dtype == jnp.float32:
        return gpu.log_sum_exp(centres, exponents, points)
    n, each = centres.shape[2], _MANY if accelerated() else _BLOCK
    spare = -n % each
    centres = jnp.pad(centres, [(0, 0), (0, 0), (0, spare)])
    exponents = jnp.pad(exponents, [(0, 0), (0, spare)], constant_values=-np.inf)
    rows = jnp.where(exponents > -jnp.inf, lax.iota(jnp.int32, n + spare) + 1, 0).max()

    def block(i: Array, state: tuple[Array, Array]) -> tuple[Array, Array]:
        top, rest = state
        c = lax.dynamic_slice_in_dim(centres, i * each, each, 2)
        e = lax.dynamic_slice_in_dim(exponents, i * each, each, 1)
        terms = [e[:, j, None] - square for j, square in enumerate(_squared_distances(c, points))]
        higher = jnp.maximum(top, _pairwise(jnp.maximum, terms))
        fresh = _pairwise(jnp.add, [jnp.exp(term - higher) for term in terms])
        return higher, rest * jnp.exp(top - higher) + fresh

    lowest = jnp.full_like(points[:, 0], jnp.finfo(points.dtype).min)  # finite: -inf - -inf is NaN
    return lax.fori_loop(0, -(-rows // each), block, (lowest, jnp.zeros_like(lowest)))


def log_sums(
    centres: Float[Array, "d n"], w: Float[Array, " n"], exponents: Float[Array, " n"], points: Float[Array, "d m"]
) -> tuple[Float[Array, " m"], Float[Array, " m"]]:
    """(top, rest) with exp(top) rest = sum_i exp(exponents_i - |point - centre_i|^2), for every point.

    w, which sums to 1, is exp(exponents); all 0 asks for the exact sum. Exact to rounding, but in one dimension, in
    float32, on a CPU, for many centres and points: there it is right to 1e-5 of itself.
    """
    many = centres.shape[1] >= _ROWS and points.shape[1] >= _POINTS
    # Threads of a GPU would add to a box in any order, and its exact sum is fast.
    if many and centres.shape[0] == 1 and points.dtype == jnp.float32 and not accelerated():
        return _by_boxes(centres[0], w, exponents, points[0])
    return _log_sum_exp(centres, exponents, points)


@over_lanes
def _by_boxes(
    centres: Float[Array, "lanes n"], w: Float[Array, "lanes n"], exponents: Float[Array, "lanes n"],
    points: Float[Array, "lanes m"],
) -> tuple[Float[Array, "lanes m"], Float[Array, "lanes m"]]:  # fmt: skip
    """`log_sums` by the transform where it is sure, and blocks of points with one where it is not exactly."""
    m = points.shape[1]
    spare = -m % _POINTS

    def lane(own: tuple[Array, ...]) -> tuple[Array, Array]:
        centres, w, exponents, points = own
        points = jnp.pad(points, (0, spare), mode="edge")

        def block(own: tuple[Array, Array]) -> tuple[Array, Array]:
            points, total = own
            sure = total >= _FAINT

            def exact() -> tuple[Array, Array]:
                top, rest = _log_sum_exp(centres[None], exponents, points[None])
                return jnp.where(sure, 0, top), jnp.where(sure, total, rest)

            return lax.cond(jnp.all(sure), lambda: (jnp.zeros_like(total), total), exact)

        total = _box_sums(centres, w, points)
        found = lax.map(block, (points.reshape(-1, _POINTS), total.reshape(-1, _POINTS)))
        return found[0].reshape(-1)[:m], found[1].reshape(-1)[:m]

    return lax.map(lane, (centres, w, exponents, points))


def _box_sums(centres: Float[Array, " n"], w: Float[Array, " n"], points: Float[Array, " m"]) -> Float[Array, " m"]:
    """sum_i w_i exp(-(point - centre_i)^2) by boxes; 0 where the centres span more boxes than are worth it."""
    n = centres.shape[0]
    most, tables = min(n // 4, _MOST), -(-n // _TABLE)
    place = jnp.floor(centres * (1 / _WIDTH))
    first = jnp.where(w > 0, place, jnp.inf).min()
    boxes = jnp.where(w > 0, place - first + 1, 0).max()
    t = (centres - (place + 0.5) * _WIDTH) * (2 / _WIDTH)
    moments = [w * jnp.exp(-((t * (_WIDTH / 2)) ** 2))]
    for k in range(1, _TERMS):
        moments.append(moments[-1] * t * (1 / k))
    size = most + _UNROLLED + 1  # the last one for rows outside
    at = jnp.where((w > 0) & (place - first < most), place - first, size - 1).astype(jnp.int32)
    at = at + size * (lax.iota(jnp.int32, n) % tables)
    table = jnp.zeros((size * tables, _TERMS), w.dtype).at[at].add(jnp.stack(moments, 1), mode="promise_in_bounds")
    table = table.reshape(tables, size, _TERMS).sum(axis=0)

    def some(turn: Array, total: Array) -> Array:
        rows = lax.dynamic_slice_in_dim(table, turn * _UNROLLED, _UNROLLED, 0)
        for j in range(_UNROLLED):
            middle = (first + (turn * _UNROLLED + j) + 0.5) * _WIDTH
            u = jnp.clip(points - middle, -_FAR, _FAR)
            v, series = u * _WIDTH, jnp.full_like(u, rows[j, -1])
            for k in range(_TERMS - 2, -1, -1):
                series = series * v + rows[j, k]
            total = total + jnp.exp(-u * u) * series
        return total

    turns = jnp.where(boxes <= most, -(-boxes // _UNROLLED), 0).astype(jnp.int32)
    return lax.fori_loop(0, turns, some, jnp.zeros_like(points))
