"""Time and memory of the loop by number of trajectories, rows, generations, dimensions and devices."""

from __future__ import annotations

import dataclasses
from functools import partial

import jax
import numpy as np
import pytest

import collapsebench as cb
from benchmarks import rivals
from collapsebench.engine import devices

BASE = cb.Experiment(name="scaling", metrics=("variance",), holdout=1, n=100, generations=20, trajectories=256)


def _with(**fields):
    return lambda size: dataclasses.replace(BASE, **{name: value(size) for name, value in fields.items()})


def bench_trajectories(jax_benchmark):
    sizes = jax_benchmark.pick((16, 64), (64, 512, 4096, 32768), (*(4**i for i in range(9)), 2**17))
    jax_benchmark.curve("trajectories", sizes, _with(trajectories=int))


def bench_rows(jax_benchmark):
    sizes = jax_benchmark.pick(
        (10, 100), (100, 1000, 10_000, 100_000), (10, 100, 1000, 10_000, 100_000, 1_000_000, 10_000_000)
    )
    jax_benchmark.curve("n", sizes, _with(n=int, trajectories=lambda n: max(2, min(256, 2_560_000 // int(n)) // 2 * 2)))


def bench_rows_in_summary(jax_benchmark):
    sizes = jax_benchmark.pick((10, 100), (100, 10_000, 1_000_000), (10, 1000, 100_000, 10_000_000))
    jax_benchmark.curve("n", sizes, _with(n=int, handover=lambda _: "summary", trajectories=lambda _: 4096))


def bench_generations(jax_benchmark):
    sizes = jax_benchmark.pick((4, 16), (10, 40, 160, 640), (10, 100, 1000, 10_000))
    jax_benchmark.curve("generations", sizes, _with(generations=int))


def bench_dimensions(jax_benchmark):
    sizes = jax_benchmark.pick((1, 2), (2, 6, 18, 54), (1, 3, 10, 30, 100))
    target, model = (lambda d: cb.targets.Normal(dim=int(d))), (lambda d: cb.models.Gaussian(dim=int(d)))
    jax_benchmark.curve("dim", sizes, _with(target=target, model=model, n=lambda _: 200, trajectories=lambda _: 64))


def _counts():
    devices.mesh()
    every = len(jax.local_devices())
    if every == 1:
        pytest.skip("one device: there is no curve over devices")
    return tuple(count for count in (1, 2, 4, 8, 16) if count <= every)


def bench_devices_strong(jax_benchmark):
    """The same work on more devices."""
    counts = _counts()
    jax_benchmark.curve("devices", counts, _with(trajectories=lambda _: jax_benchmark.pick(64, 4096, 65536)), count=int)


def bench_devices_weak(jax_benchmark):
    """The same work per device on more devices."""
    counts = _counts()
    each = jax_benchmark.pick(32, 2048, 32768)
    jax_benchmark.curve("devices", counts, _with(trajectories=lambda k: each * int(k)), count=int)


def bench_seconds_by_trajectories(jax_benchmark):
    """`cb.run` beside NumPy, Intel's generators and a script's loop over trajectories: 50 fits to 100 draws."""
    sizes = jax_benchmark.pick((1, 16), tuple(10**i for i in range(7)), tuple(10**i for i in range(7)))
    generations = 50

    def vectorised(kind):
        work = partial(rivals.gaussian, n=100, generations=generations)
        return lambda count: rivals.on_threads(lambda g, t: work(g, t), count, 2 if count > 1 else 1, kind)

    kinds = {"NumPy, vectorised, two threads": "numpy"} | (
        {"MKL, vectorised, two threads": "mkl"} if rivals.has_mkl() else {}
    )
    script = partial(rivals.gaussian_by_trajectory, np.random.default_rng(7), n=100, generations=generations)
    jax_benchmark.race(
        "trajectories", sizes, lambda count: dataclasses.replace(BASE, generations=generations, trajectories=count),
        {name: vectorised(kind) for name, kind in kinds.items()} | {"a loop over trajectories": script},
        timed=sizes[-3] if len(sizes) > 2 else sizes[-1], patience=jax_benchmark.pick(0.1, 5.0, 60.0),
    )  # fmt: skip
