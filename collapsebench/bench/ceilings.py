"""What this machine can do at best, measured in the session that uses it: normals/s, FLOP/s, bytes/s."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable
from functools import cache, partial
from typing import Any

import jax
import jax.numpy as jnp
from jax.sharding import PartitionSpec

from collapsebench import devices, samplers
from collapsebench.streams import root_key

BEST_OF = 5
CPU_BLOCK, BLOCK, DRAWS = 1 << 18, 1 << 24, 8
"""Normals added to a buffer in one draw on a CPU, where it stays in the cache, and on an accelerator, where it does not and
DRAWS draws are fused before they are added."""


def device_name() -> str:
    """Kind and number of the devices, as a folder name."""
    count = devices.mesh().size  # before any other question: it starts the backend, with one CPU device per core
    kind = jax.local_devices()[0].device_kind.replace(" ", "-").lower()
    return f"{count}x-{kind}" if kind != "cpu" else f"{count}x-cpu-{_cpu_model()}"


def _cpu_model() -> str:
    import platform
    import re

    try:
        with open("/proc/cpuinfo") as file:
            names = [line.split(":", 1)[1].strip() for line in file if line.startswith("model name")]
    except OSError:
        names = []
    name = names[0] if names else platform.processor() or platform.machine()
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")


def best_seconds(call: Callable[[], Any], rounds: int = BEST_OF) -> float:
    """The shortest of some calls, after one that is not counted."""
    jax.block_until_ready(call())
    found = []
    for _ in range(rounds):
        begun = time.perf_counter()
        jax.block_until_ready(call())
        found.append(time.perf_counter() - begun)
    return min(found)


def _on_all_devices(body: Callable[[Any], Any]) -> Callable[[], Any]:
    """`body(device index)` on every device at once, compiled."""
    mesh = devices.mesh()
    spec = PartitionSpec("trajectory")
    mapped = jax.jit(
        jax.shard_map(lambda i: body(i[0])[None], mesh=mesh, in_specs=spec, out_specs=spec, check_vma=False)
    )
    index = jnp.arange(mesh.size)
    return lambda: mapped(index)


def normals_call(turns: int) -> tuple[int, Callable[[], Any]]:
    """(normals, call): blocks of normals added up as they are drawn, element by element: nothing cheaper uses them."""
    block, draws = (CPU_BLOCK, 1) if jax.default_backend() == "cpu" else (BLOCK, DRAWS)

    def body(i: Any) -> Any:
        key = jax.random.fold_in(root_key(0, "ceiling"), i)

        def turn(j: Any, total: Any) -> Any:
            for k in range(draws):
                total = total + samplers.normal(jax.random.fold_in(key, draws * j + k), (block,), jnp.float32)
            return total

        return jax.lax.fori_loop(0, turns, turn, jnp.zeros(block, jnp.float32)).sum()

    return block * draws * turns * devices.mesh().size, _on_all_devices(body)


@cache
def normals_per_second() -> float:
    """Fused standard normals per second, float32, on all devices."""
    count, call = normals_call(256 if jax.default_backend() == "cpu" else 16)
    return count / best_seconds(call)


@cache
def flops_per_second(precision: str = "float32") -> float:
    """Matrix products per second in FLOP: precision "float32", "tensorfloat32" or "bfloat16", on all devices."""
    size = 1024 if jax.default_backend() == "cpu" else 8192
    turns = 8 if jax.default_backend() == "cpu" else 32
    dtype = jnp.bfloat16 if precision == "bfloat16" else jnp.float32
    dot = partial(jnp.matmul, precision={"tensorfloat32": "tensorfloat32"}.get(precision, "highest"))

    def body(i: Any) -> Any:
        x = jnp.full((size, size), 1 / size, dtype) + i.astype(dtype) * 0

        def turn(_: Any, y: Any) -> Any:
            return dot(x, y)

        return jax.lax.fori_loop(0, turns, turn, x)

    return 2 * size**3 * turns * devices.mesh().size / best_seconds(_on_all_devices(body))


@cache
def bytes_per_second() -> float:
    """Bytes read and written per second by adding one to an array that no cache holds, on all devices."""
    count = (1 << 25) if jax.default_backend() == "cpu" else (1 << 29)
    share = count // devices.mesh().size

    def body(i: Any) -> Any:
        x = jnp.zeros(share, jnp.float32) + i.astype(jnp.float32)
        return jax.lax.fori_loop(0, 4, lambda _, x: jax.lax.optimization_barrier(x + 1), x)

    return 2 * 4 * share * devices.mesh().size * 4 / best_seconds(_on_all_devices(body))


@cache
def calibration() -> Callable[[], float]:
    """A short fixed piece of work, as a call that returns its seconds: how fast the machine is just now."""
    _, call = normals_call(12 if jax.default_backend() == "cpu" else 1)
    jax.block_until_ready(call())

    def once() -> float:
        begun = time.perf_counter()
        jax.block_until_ready(call())
        return time.perf_counter() - begun

    return once


def watts() -> float | None:
    """The power that the devices may draw together, where the device tells; None elsewhere."""
    if jax.default_backend() != "gpu":
        return None
    command = ["nvidia-smi", "--query-gpu=power.limit", "--format=csv,noheader,nounits"]
    try:
        lines = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
        return sum(float(line) for line in lines) or None
    except (OSError, ValueError, subprocess.CalledProcessError):
        return None


def precisions() -> tuple[str, ...]:
    """The matrix precisions that this device has units for."""
    return ("float32",) if jax.default_backend() == "cpu" else ("float32", "tensorfloat32", "bfloat16")
