"""Peak rates of this machine, measured in the session that uses them: normals/s, FLOP/s, bytes/s."""

from __future__ import annotations

import dataclasses
import subprocess
import time
from collections.abc import Callable
from functools import cache, partial
from typing import Any

import jax
import jax.numpy as jnp
from jax.sharding import PartitionSpec
from jaxtyping import PyTree

from collapsebench.engine import devices
from collapsebench.maths import samplers
from collapsebench.maths.streams import root_key

BEST_OF, MOST_TURNS = 5, 1000
Shape = tuple[int, int, int]
"""Rows, inner dimension and columns of a matrix product."""
LANES, ROWS = {"cpu": 512, "accelerator": 1 << 17}, 640
"""Side by side on a device, and the normals of each in a turn."""


def device_name() -> str:
    """Number and kind of the devices, as a folder name."""
    count = devices.mesh().size  # before any other question: it starts the backend, with one CPU device per core
    kind = jax.local_devices()[0].device_kind.replace(" ", "-").lower()
    return f"{count}x-{kind}" if kind != "cpu" else f"{count}x-cpu-{_cpu_model()}"


def _cpu_model() -> str:
    """The processor's name, with its family and model where a virtual machine's says neither: "AMD EPYC" is of any year."""
    import platform
    import re

    told: dict[str, str] = {}
    try:
        with open("/proc/cpuinfo") as file:
            for line in file:
                field, _, value = line.partition(":")
                told.setdefault(field.strip(), value.strip())
    except OSError:
        pass
    name = told.get("model name") or platform.processor() or platform.machine()
    if not re.search(r"\d", name) and "cpu family" in told and "model" in told:
        name += f" {told['cpu family']} {told['model']}"
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")


def _on_all_devices(body: Callable[[Any], Any]) -> Callable[[], Any]:
    """`body(device index)` on every device at once, compiled."""
    mesh = devices.mesh()
    spec = PartitionSpec("trajectory")
    mapped = jax.shard_map(lambda i: body(i[0])[None], mesh=mesh, in_specs=spec, out_specs=spec, check_vma=False)
    index = jnp.arange(mesh.size)
    # Ahead of time, so that it is not forgotten with JAX's other programs and then compiled in a measured call.
    compiled = jax.jit(mapped, compiler_options=devices.compiler_options()).lower(index).compile()
    return lambda: compiled(index)


@dataclasses.dataclass(frozen=True)
class Ceiling:
    """A workload at peak rate: units of work per call, and the call, compiled and run once."""

    work: float
    call: Callable[[], object]

    def seconds(self) -> float:
        """Seconds of one call, measured now."""
        begun = time.perf_counter()
        jax.block_until_ready(self.call())
        return time.perf_counter() - begun

    @property
    def rate(self) -> float:
        """Units of work per second, the best of BEST_OF calls; measured once."""
        return _rate(self)


@cache
def _rate(ceiling: Ceiling) -> float:
    return ceiling.work / min(ceiling.seconds() for _ in range(BEST_OF))


def _ceiling(work: float, call: Callable[[], object]) -> Ceiling:
    jax.block_until_ready(call())
    return Ceiling(float(work), call)


@cache
def normals(turns: int) -> Ceiling:
    """Standard normals, float32, of which each lane keeps two sums: two of one hash, the cheapest use that there is."""
    lanes, rows = LANES["cpu" if jax.default_backend() == "cpu" else "accelerator"], ROWS * turns

    def body(i: PyTree) -> PyTree:
        keys = jax.random.split(jax.random.fold_in(root_key(0, "ceiling"), i), lanes)
        sums = jax.vmap(lambda key: samplers.normal_totals(key, rows, rows))(keys)
        return sum(part.sum() for part in sums)

    return _ceiling(lanes * rows * devices.mesh().size, _on_all_devices(body))


def most_normals() -> Ceiling:
    """`normals` with enough iterations to be timed."""
    return normals(64 if jax.default_backend() == "cpu" else 16)


@cache
def products(precision: str = "float32", shapes: tuple[Shape, ...] = ()) -> Ceiling:
    """FLOP of matrix products of these shapes (rows, inner, columns), one after the other; () for one large square.

    precision: "float32", "tensorfloat32" or "bfloat16".
    """
    cpu = jax.default_backend() == "cpu"
    shapes = shapes or ((1024 if cpu else 8192,) * 3,)
    flops = sum(2.0 * rows * inner * columns for rows, inner, columns in shapes)
    turns = max(1, min(MOST_TURNS, round((5e9 if cpu else 2e13) / flops)))
    dtype = jnp.bfloat16 if precision == "bfloat16" else jnp.float32
    dot = partial(jnp.matmul, precision={"tensorfloat32": "tensorfloat32"}.get(precision, "highest"))

    def body(i: PyTree) -> PyTree:
        one = (i * 0 + 1).astype(dtype)
        rights = [jnp.full((inner, columns), one) for _, inner, columns in shapes]

        def turn(_: PyTree, lefts: list[Any]) -> list[Any]:
            """Each product is made anew: a number of the last one is put into its left factor."""
            made = [jax.lax.optimization_barrier(dot(*pair)) for pair in zip(lefts, rights, strict=True)]
            return [left.at[0, 0].set(product[0, 0]) for left, product in zip(lefts, made, strict=True)]

        lefts = [jnp.full((rows, inner), one) for rows, inner, _ in shapes]
        return sum(left[0, 0] for left in jax.lax.fori_loop(0, turns, turn, lefts))

    return _ceiling(flops * turns * devices.mesh().size, _on_all_devices(body))


@cache
def copies() -> Ceiling:
    """Bytes read and written by adding one to an array that no cache holds."""
    count = (1 << 25) if jax.default_backend() == "cpu" else (1 << 29)
    share, turns = count // devices.mesh().size, 2

    def body(i: PyTree) -> PyTree:
        x = jnp.zeros(share, jnp.float32) + i.astype(jnp.float32)
        return jax.lax.fori_loop(0, turns, lambda _, x: jax.lax.optimization_barrier(x + 1), x)

    return _ceiling(2 * 4 * share * devices.mesh().size * turns, _on_all_devices(body))


@cache
def calibration() -> Ceiling:
    """A short fixed workload, whose time measures the machine's speed at the moment."""
    return normals(12 if jax.default_backend() == "cpu" else 1)


def watts() -> float | None:
    """Power limit of all devices together in watts, where the device reports it; None elsewhere."""
    if jax.default_backend() != "gpu":
        return None
    command = ["nvidia-smi", "--query-gpu=power.limit", "--format=csv,noheader,nounits"]
    try:
        lines = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
        return sum(float(line) for line in lines) or None
    except (OSError, ValueError, subprocess.CalledProcessError):
        return None


def precisions() -> tuple[str, ...]:
    """Names of the matrix-product precisions that this device has units for."""
    return ("float32",) if jax.default_backend() == "cpu" else ("float32", "tensorfloat32", "bfloat16")
