"""Two sums as kernels for an NVIDIA device, in Pallas: their totals stay in registers, where XLA writes parts to memory.

Nothing else here needs a kernel of its own: what XLA fuses on an accelerator is as fast.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import cache
from importlib.util import find_spec

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jaxtyping import Array, Float, PyTree

from collapsebench.specs.pytree import Count

LANES, POINTS, WARPS = 256, 256, 4
"""Lanes of a block of `sums_in_registers` and points of one of `log_sum_exp`, two to a thread."""
_THREADS = 1 << 18
"""What fills a device: few lanes are cut into strips."""
_CENTRES = 16
"""Centres per pass of the log-sum-exp, for which one more exponential is paid."""
INTERPRETED = False
"""Whether Pallas runs a kernel step by step, as it does without such a device, for tests."""


def cuda() -> bool:
    """Whether programs are compiled for NVIDIA's devices."""
    return "cuda" in jax.local_devices()[0].client.platform_version


def available() -> bool:
    """Whether the kernels here can run: Triton compiles them, from Ampere on and as long as JAX has Triton for Pallas."""
    return INTERPRETED or (cuda() and float(jax.local_devices()[0].compute_capability) >= 8 and _triton())


@cache
def _triton() -> bool:
    try:
        return find_spec("jax.experimental.pallas.triton") is not None
    except ImportError:
        return False


def _call(kernel: Callable[..., None], **about: PyTree) -> PyTree:
    from jax.experimental import pallas
    from jax.experimental.pallas import triton

    how = None if INTERPRETED else triton.CompilerParams(num_warps=WARPS, num_stages=1)
    return pallas.pallas_call(kernel, interpret=INTERPRETED, compiler_params=how, **about)


def sums_in_registers(
    step: Callable[[PyTree, Array, PyTree], PyTree], parts: int, steps: int, lanes: Sequence[Array]
) -> tuple[Float[Array, " lanes"], ...]:
    """`parts` totals [lanes] of step(totals, i, lanes), which adds to float32 totals elementwise, over i = 0 .. steps - 1.

    Few lanes are cut into strips of the steps, whose totals are added.
    """
    from jax.experimental import pallas

    count = lanes[0].shape[0]
    blocks = -(-count // LANES)
    strips = min(steps, 1 << max(0, int(math.log2(_THREADS / (blocks * LANES)))))
    turns = -(-steps // strips)
    padded = [jnp.pad(lane, (0, blocks * LANES - count)) for lane in lanes]

    def kernel(*refs: PyTree) -> None:
        own = tuple(ref[...] for ref in refs[: len(padded)])
        first = pallas.program_id(1) * turns
        zero = tuple(jnp.zeros(LANES, jnp.float32) for _ in range(parts))
        last = jnp.minimum(first + turns, steps)
        totals = lax.fori_loop(first, last, lambda i, totals: step(totals, i, own), zero)
        for ref, total in zip(refs[len(padded) :], totals, strict=True):
            ref[...] = total

    one, two = pallas.BlockSpec((LANES,), lambda i, _: (i,)), pallas.BlockSpec((None, LANES), lambda i, s: (s, i))
    shape = jax.ShapeDtypeStruct((strips, blocks * LANES), jnp.float32)
    found = _call(
        kernel, grid=(blocks, strips), in_specs=[one] * len(padded), out_specs=(two,) * parts, out_shape=(shape,) * parts,
        name="sums_in_registers",
    )(*padded)  # fmt: skip
    return tuple(total.sum(0)[:count] for total in found)


def log_sum_exp(
    centres: Float[Array, "lanes d n"], exponents: Float[Array, "lanes n"], points: Float[Array, "lanes d m"]
) -> tuple[Float[Array, "lanes m"], Float[Array, "lanes m"]]:
    """(top, rest) with exp(top) rest = sum_i exp(exponents_i - |point - centre_i|^2), float32.

    Blocks of centres after each other with a running maximum, up to the last that has a weight in any lane.
    """
    from jax.experimental import pallas

    (count, dim, n), m = centres.shape, points.shape[2]
    spare, blocks = -n % _CENTRES, -(-m // POINTS)
    centres = jnp.pad(centres, [(0, 0), (0, 0), (0, spare)])
    points = jnp.pad(points, [(0, 0), (0, 0), (0, blocks * POINTS - m)])
    exponents = jnp.pad(exponents, [(0, 0), (0, spare)], constant_values=-np.inf)
    rows = jnp.where(exponents > -jnp.inf, lax.iota(jnp.int32, n + spare) + 1, 0).max()
    passes = (-(-rows // _CENTRES)).reshape(1)
    to_twos = np.float32(math.log2(math.e))  # of a difference: a scaled place would be rounded, and far from 0 by much
    lowest = float(jnp.finfo(jnp.float32).min)  # finite: -inf - -inf is NaN

    def kernel(passes: PyTree, centres: PyTree, exponents: PyTree, points: PyTree, top: PyTree, rest: PyTree) -> None:
        x = [points[k] for k in range(dim)]

        def one(i: Count, state: tuple[Array, Array]) -> tuple[Array, Array]:
            top, rest = state
            terms = []
            for j in range(_CENTRES):
                term = exponents[i * _CENTRES + j]
                for k in range(dim):
                    gap = x[k] - centres[k, i * _CENTRES + j]
                    term = term - gap * gap
                terms.append(term)
            higher = top
            for term in terms:
                higher = jnp.maximum(higher, term)
            rest = rest * jnp.exp2((top - higher) * to_twos)
            for term in terms:
                rest = rest + jnp.exp2((term - higher) * to_twos)
            return higher, rest

        begun = jnp.full(POINTS, lowest, jnp.float32), jnp.zeros(POINTS, jnp.float32)
        top[...], rest[...] = lax.fori_loop(0, passes[0], one, begun)

    spec = pallas.BlockSpec
    out = spec((None, POINTS), lambda lane, block: (lane, block))
    shape = jax.ShapeDtypeStruct((count, blocks * POINTS), jnp.float32)
    top, rest = _call(
        kernel, grid=(count, blocks), out_specs=(out, out), out_shape=(shape, shape), name="log_sum_exp",
        in_specs=[
            spec((1,), lambda lane, block: (0,)), spec((None, dim, n + spare), lambda lane, block: (lane, 0, 0)),
            spec((None, n + spare), lambda lane, block: (lane, 0)),
            spec((None, dim, POINTS), lambda lane, block: (lane, 0, block)),
        ],
    )(passes, centres, exponents, points)  # fmt: skip
    return top[:, :m], rest[:, :m]
