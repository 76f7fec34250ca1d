"""Training steps of the networks against PyTorch, and the best number of networks to train side by side."""

from __future__ import annotations

from functools import partial

import jax
import numpy as np
import pytest

import collapsebench as cb
from collapsebench.bench import cost
from collapsebench.bench.programs import TrainingProgram
from collapsebench.learning.training import Training

LAYERS = {"dim": 784, "latent": 20, "hidden": (400,), "likelihood": "bernoulli"}
UNET = {"dim": 784, "channels": (16, 32)}


def images(rows=2048):
    """Smooth grey blobs of 28 x 28: the pixels' values do not change how long a product takes."""
    random = np.random.default_rng(0)
    y, x = np.mgrid[0:28, 0:28]
    centre = random.uniform(8, 20, (rows, 2, 1, 1))
    size = random.uniform(10, 60, (rows, 1, 1))
    return np.exp(-((y - centre[:, 0]) ** 2 + (x - centre[:, 1]) ** 2) / size).reshape(rows, 784).astype(np.float32)


def rivals(name, rows, steps, batch):
    """PyTorch on one thread and on two, and compiled on two; none where it is not installed."""
    pytest.importorskip("torch", reason="the rival is PyTorch")
    from benchmarks import torch_rivals

    made = partial(torch_rivals.training, getattr(torch_rivals, name), rows, steps, batch)
    found = {f"pytorch, {n} thread{'s' * (n > 1)}": (steps * batch, made(threads=n)) for n in (1, 2)}
    if jax.default_backend() == "cpu":
        found["pytorch, compiled, 2 threads"] = (steps * batch, made(threads=2, compiled=True))
    return found


def time_training(jax_benchmark, model, rival=None, lanes=1):
    rows, training = images(), model.training
    program = TrainingProgram(model, rows, lanes)
    others = rivals(rival, rows, int(training.steps), training.batch) if rival and jax_benchmark.tier != "smoke" else {}
    limit = cost.training_step(model).scale(program.networks * int(training.steps))
    jax_benchmark(
        program.function(), setup=program.arguments, units=program.units, unit="images", limit=limit,
        check=program.learned, rivals=others,
    )  # fmt: skip


def bench_layers_vae(jax_benchmark):
    training = Training(steps=jax_benchmark.pick(20, 60, 500), batch=128)
    time_training(jax_benchmark, cb.models.VAE(**LAYERS, training=training), "LayersVAE")


def bench_convolutional_vae(jax_benchmark):
    training = Training(steps=jax_benchmark.pick(2, 3, 20), batch=jax_benchmark.pick(64, 256, 256), pieces=16)
    time_training(jax_benchmark, cb.models.VAE.nature(training=training), "ConvolutionalVAE")


def bench_unet(jax_benchmark):
    training = Training(steps=jax_benchmark.pick(2, 8, 50), batch=jax_benchmark.pick(16, 64, 64), pieces=8)
    time_training(jax_benchmark, cb.models.Diffusion(**UNET, training=training), "UNet")


@pytest.mark.parametrize("lanes", [1, 4, 16])
@pytest.mark.parametrize("size", ["plane", "images"])
def bench_networks_side_by_side(jax_benchmark, size, lanes):
    """Networks trained by one vectorised pass on each device, the choice that `Experiment(width=...)` makes."""
    if size == "plane":
        rows = np.asarray(np.random.default_rng(1).standard_normal((1000, 2)), np.float32)
        model = cb.models.VAE(training=Training(steps=jax_benchmark.pick(20, 200, 1000) // lanes))
    else:
        rows, model = images(), cb.models.VAE(**LAYERS, training=Training(steps=max(1, 64 // lanes), batch=128))
    program = TrainingProgram(model, rows, lanes)
    jax_benchmark(
        program.function(), setup=program.arguments, units=program.units, unit="rows",
        limit=cost.training_step(model).scale(program.networks * int(model.training.steps)), check=program.learned,
    )  # fmt: skip
