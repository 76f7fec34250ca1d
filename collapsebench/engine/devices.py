"""The devices a run is spread over: one virtual device per core on a CPU, every accelerator otherwise."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from functools import cache

import jax
from jax.sharding import AxisType, Mesh

from collapsebench.maths import gpu
from collapsebench.maths.compiling import WIDE, network_options


def cores() -> int:
    """Number of cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):  # not on macOS
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _backend_started() -> bool:
    from jax._src import xla_bridge

    return xla_bridge.backends_are_initialized()


@contextlib.contextmanager
def _more_threads_than_devices() -> Iterator[None]:
    """Let a CPU backend that starts inside have a spare thread in its pool.

    XLA makes one thread a core. With a virtual device on each of them, an operation that hands work to the pool and
    waits (a batch of LAPACK's eigenvalue problems does) waits for ever: all threads are waiting. No more than one: a
    network's products are cut into as many parts as there are threads, and wait for one another.
    """
    before = os.environ.get("NPROC")
    if before is None:
        os.environ["NPROC"] = str(cores() + 1)
    try:
        yield
    finally:
        if before is None:
            del os.environ["NPROC"]


@cache
def mesh() -> Mesh:
    """All local devices on one axis. The first call starts the backend, with one CPU device per core.

    Where the caller's own program has started JAX already, its devices are used as they are.
    """
    if _backend_started():
        devices = jax.local_devices()
    else:
        if "xla_force_host_platform_device_count" not in os.environ.get("XLA_FLAGS", ""):
            jax.config.update("jax_num_cpu_devices", cores())
        with _more_threads_than_devices():
            devices = jax.local_devices()
    return jax.make_mesh((len(devices),), ("trajectory",), axis_types=(AxisType.Auto,), devices=devices)


def memory_budget() -> int:
    """Bytes that a run may hold on one device at a time: a quarter of what is free there."""
    stats = jax.local_devices()[0].memory_stats()
    if stats and "bytes_limit" in stats:
        return int(stats["bytes_limit"] - stats.get("bytes_in_use", 0)) // 4
    return free_memory() // 4 // max(1, len(jax.local_devices()))


def free_memory() -> int:
    """Bytes of main memory that can be had without swapping: Linux counts files that it can drop from its cache."""
    with contextlib.suppress(OSError), open("/proc/meminfo") as lines:
        for line in lines:
            if line.startswith("MemAvailable:"):
                return 1024 * int(line.split()[1])
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_AVPHYS_PAGES")


def cache_bytes(network: bool = False) -> int:
    """Bytes that one group of trajectories should fit in: 4 MiB (a core's share of cache) on a CPU, else 256 MiB of
    networks, and 2 GiB of what a kernel does not store."""
    if jax.default_backend() == "cpu":
        return 1 << 22
    return 1 << (28 if network else 31)


GRAPHS = "FUSION,CUBLAS,CUBLASLT,CUSTOM_CALL,CUDNN,DYNAMIC_SLICE_FUSION,WHILE,CONDITIONAL"
"""What XLA may record as one CUDA graph: its own choice, and loops."""


def compiler_options(network: bool = False) -> dict[str, str]:
    """What XLA is told about a loop.

    On a CPU: vectors of full width, and, but for a network, no kernel that is cut into tasks. With a device on every core
    small tasks only wait for one another: a kernel of 250 lanes took as long as one of 500. The large kernels of a
    network gain a few per cent by them. On a GPU: all generations are one graph, so that no step of a loop asks the
    host; a network, whose kernels are long, gains nothing by it.
    """
    first = jax.local_devices()[0]
    if network:
        return network_options(first.platform)
    if first.platform == "cpu":
        busy = len(jax.local_devices()) >= cores()
        return WIDE | ({"xla_disable_hlo_passes": "cpu-parallel-task-assigner"} if busy else {})
    return {"xla_gpu_enable_command_buffer": GRAPHS, "xla_gpu_graph_min_graph_size": "1"} if gpu.cuda() else {}
