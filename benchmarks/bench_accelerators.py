"""Loops of a size that fills an accelerator, against CuPy and PyTorch on the same device; skipped on a CPU."""

from __future__ import annotations

import dataclasses
import importlib
from functools import partial

import jax
import pytest

import collapsebench as cb
from benchmarks import gpu_rivals
from benchmarks.bench_loops import ten_steps
from benchmarks.bench_networks import LAYERS, images
from collapsebench import theory
from collapsebench.bench import cost
from collapsebench.bench.programs import TrainingProgram, is_near
from collapsebench.engine import devices
from collapsebench.learning.training import Training

MANY = 1 << 17
BASE = cb.Experiment(name="accelerator", metrics=("variance",), holdout=1, n=100)


@pytest.fixture(autouse=True)
def _large_enough(jax_benchmark):
    devices.mesh()
    if jax_benchmark.tier != "smoke" and jax.default_backend() == "cpu":
        pytest.skip("no accelerator: these sizes are for one")


def _near(law):
    return lambda result: is_near(result[next(iter(result))].values[:, -1], law)


def _cupy(work, units, *sizes, **more):
    """The rival on CuPy; none where it is not installed."""
    try:
        import cupy
    except ImportError:
        return {}
    rng = cupy.random.Generator(cupy.random.Philox4x3210(7))
    return {more.pop("name", "cupy"): (units, partial(work, cupy, rng, *sizes, **more))}


def _torch(make, units):
    """PyTorch, eager and compiled; none where it is not installed or has no such device."""
    try:
        import torch

        importlib.import_module("benchmarks.torch_rivals")  # sets PyTorch's device
    except ImportError:
        return {}
    if not torch.cuda.is_available():
        return {}
    return {f"pytorch, {'compiled' if c else 'eager'}": (units, _warm(make(compiled=c))) for c in (False, True)}


def _warm(call):
    call()
    return call


@pytest.mark.parametrize("n", [100, 1000])
def bench_gaussian_of_an_accelerator(jax_benchmark, n):
    trajectories, generations = jax_benchmark.pick((64, 10), (MANY, 20_000 // n), (MANY, 100_000 // n))
    experiment = dataclasses.replace(BASE, n=n, trajectories=trajectories, generations=generations)
    units, others = float(trajectories * generations), {}
    if jax_benchmark.tier != "smoke":
        sizes = (trajectories, n, generations)
        others = _cupy(gpu_rivals.gaussian, units, *sizes) | _torch(partial(gpu_rivals.torch_gaussian, *sizes), units)
        few = generations // 10
        others |= _cupy(gpu_rivals.gaussian, float(few), 1, n, few, name="cupy, a loop per trajectory")
    law = _near(theory.replace_variance_law(n, generations))
    jax_benchmark.experiment(experiment, law=law, rivals=others, last=True)


def bench_gaussian_summary_of_an_accelerator(jax_benchmark):
    trajectories, generations = jax_benchmark.pick((64, 10), (MANY, 500), (MANY, 1000))
    experiment = dataclasses.replace(BASE, trajectories=trajectories, generations=generations, handover="summary")
    units, others = float(trajectories * generations), {}
    if jax_benchmark.tier != "smoke":
        others = _cupy(gpu_rivals.summary, units, trajectories, 100, generations)
    law = _near(theory.replace_variance_law(100, generations))
    jax_benchmark.experiment(experiment, law=law, rivals=others, last=True)


def bench_kernel_density_of_an_accelerator(jax_benchmark):
    trajectories, generations = jax_benchmark.pick((4, 3), (2048, 20), (8192, 50))
    experiment = dataclasses.replace(
        BASE, n=1000, model=cb.models.KernelDensity(bandwidth=0.3), metrics=("nll",), holdout=512,
        trajectories=trajectories, generations=generations,
    )  # fmt: skip
    units, others = float(trajectories * generations), {}
    if jax_benchmark.tier != "smoke":
        sizes = (trajectories, 1000, generations, 512)
        others = _cupy(gpu_rivals.kernel, units, *sizes) | _torch(partial(gpu_rivals.torch_kernel, *sizes), units)
    jax_benchmark.experiment(experiment, rivals=others)


def bench_mixture_of_an_accelerator(jax_benchmark):
    """Ten EM steps from the truth in every generation, four normals in the plane."""
    experiment, sizes = ten_steps(*jax_benchmark.pick((2, 2), (4096, 10), (16384, 20)))
    units, others = float(experiment.trajectories * experiment.generations), {}
    if jax_benchmark.tier != "smoke":
        others = _torch(partial(gpu_rivals.torch_mixture, *sizes), units)
    jax_benchmark.experiment(dataclasses.replace(experiment, name="accelerator"), rivals=others)


def bench_many_vaes_on_an_accelerator(jax_benchmark):
    """64 VAEs 784-400-20 side by side, against PyTorch's one after another and as batched products."""
    networks, steps, batch = jax_benchmark.pick((2, 4, 64), (64, 100, 128), (64, 500, 128))
    model, rows = cb.models.VAE(**LAYERS, training=Training(steps=steps, batch=batch)), images()
    program = TrainingProgram(model, rows, networks)
    others = {}
    if jax_benchmark.tier != "smoke":
        make = partial(gpu_rivals.torch_vaes, rows, networks, steps, batch)
        others = {f"{name}, batched": rival for name, rival in _torch(make, program.units).items()}
        if others:
            from benchmarks import torch_rivals

            alone = torch_rivals.training(torch_rivals.LayersVAE, rows, steps, batch, threads=8)
            others["pytorch, eager, one after another"] = (float(steps * batch), _warm(alone))
    # Not of its products: theirs are one network's, and here a product is all networks'.
    limit = dataclasses.replace(cost.training_step(model).scale(program.networks * steps), products=())
    jax_benchmark(
        program.function(), setup=program.arguments, units=program.units, unit="images", rivals=others, limit=limit,
        check=program.learned,
    )  # fmt: skip
