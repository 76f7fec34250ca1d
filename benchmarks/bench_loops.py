"""Loops of the closed-form and EM families, against the usual NumPy, SciPy and scikit-learn code.

At tier quick a loop takes a tenth of a second or more: what `cb.run` does around it takes ten milliseconds.
"""

from __future__ import annotations

import dataclasses
import importlib.util
from functools import partial

import numpy as np
import pytest

import collapsebench as cb
from benchmarks import gpu_rivals, rivals
from collapsebench import theory
from collapsebench.bench.programs import is_near

BASE = cb.Experiment(name="speed", metrics=("variance",), holdout=1, n=100)


def near(law):
    """A check that the mean over trajectories is within 5 standard errors of `law` at the last generation."""
    return lambda result: is_near(result[next(iter(result))].values[:, -1], law)


def numpy_rivals(work, trajectories, generations, **sizes):
    """The same loop vectorised over runs in NumPy, and with MKL's generators where they are installed, on 1 and 2 threads."""

    own = partial(work, generations=generations, **sizes)
    return {
        f"{kind}, {threads} thread{'s' * (threads > 1)}": (
            trajectories * generations,
            partial(rivals.on_threads, lambda g, t: own(g, t), trajectories, threads, kind),
        )
        for kind in ("numpy", *(["mkl"] if rivals.has_mkl() else []))
        for threads in (1, 2)
    }


@pytest.mark.parametrize("n", [100, 1000])
def bench_gaussian_replace(jax_benchmark, n):
    trajectories, generations = jax_benchmark.pick((64, 10), (10_000, 200) if n == 100 else (5000, 40), (10_000, 1000))
    experiment = dataclasses.replace(BASE, n=n, trajectories=trajectories, generations=generations)
    law = near(theory.replace_variance_law(n, generations))
    others = numpy_rivals(rivals.gaussian, trajectories, generations, n=n)
    jax_benchmark.experiment(experiment, law=law, rivals=others, last=True)


@pytest.mark.parametrize("n", [100, 1000])
def bench_gaussian_by_trajectory(jax_benchmark, n):
    """The same loop against what published scripts are: one trajectory after another."""
    trajectories, generations = jax_benchmark.pick((64, 10), (10_000, 200) if n == 100 else (5000, 40), (10_000, 1000))
    experiment = dataclasses.replace(BASE, n=n, trajectories=trajectories, generations=generations)
    law = near(theory.replace_variance_law(n, generations))
    loop = partial(rivals.gaussian_by_trajectory, np.random.default_rng(7), 20, n, generations)
    jax_benchmark.experiment(experiment, law=law, rivals={"numpy, a loop per trajectory": (20 * generations, loop)})


def bench_gaussian_summary(jax_benchmark):
    trajectories, generations = jax_benchmark.pick((256, 10), (65536, 200), (65536, 1000))
    experiment = dataclasses.replace(BASE, trajectories=trajectories, generations=generations, handover="summary")
    law = near(theory.replace_variance_law(100, generations))
    others = numpy_rivals(rivals.gaussian_summary, trajectories, generations, n=100)
    jax_benchmark.experiment(experiment, law=law, rivals=others, last=True)


@pytest.mark.parametrize("n", [1000, 10000])
def bench_mixture(jax_benchmark, n):
    trajectories, generations = jax_benchmark.pick((2, 2), (64, 5), (256, 20))
    experiment = dataclasses.replace(
        BASE, n=n, trajectories=max(2, trajectories * 1000 // n), generations=generations,
        target=cb.targets.GaussianMixture(components=4, dim=2), model=cb.models.GaussianMixture(components=4, dim=2),
    )  # fmt: skip
    others = {}
    if jax_benchmark.tier != "smoke":
        pytest.importorskip("sklearn", reason="the rival is scikit-learn's mixture")
        others = {"scikit-learn, 1 thread": (8, partial(rivals.mixture, 0, 2, n, 4, 4, 2))}
    jax_benchmark.experiment(experiment, rivals=others)


def ten_steps(trajectories, generations):
    """(experiment, sizes of its rivals): ten EM steps from the truth in every generation, four normals in the plane."""
    steps, n = 10, 1000
    target = cb.targets.GaussianMixture(components=4, dim=2)
    model = cb.models.GaussianMixture(components=4, dim=2, steps=steps, tolerance=0.0).from_truth(target)
    sizes = {"n": n, "trajectories": trajectories, "generations": generations}
    truth = target.distribution()
    factors = np.asarray(truth.scale_tril)
    given = np.asarray(truth.mean), factors @ factors.transpose(0, 2, 1)
    return dataclasses.replace(BASE, target=target, model=model, **sizes), (*given, trajectories, n, generations, steps)


def bench_mixture_of_ten_steps(jax_benchmark):
    """Against batched mixtures: gmmx, vectorised over trajectories, and PyTorch, eager and compiled."""
    experiment = ten_steps(*jax_benchmark.pick((2, 2), (256, 10), (256, 20)))[0]
    sizes, units, others = ten_steps(64, 10)[1], 640.0, {}
    if jax_benchmark.tier != "smoke" and importlib.util.find_spec("gmmx") is not None:
        others["gmmx"] = (units, rivals.mixture_of_gmmx(*sizes))
    if jax_benchmark.tier != "smoke" and importlib.util.find_spec("torch") is not None:
        made = {name: gpu_rivals.torch_mixture(*sizes, compiled=name == "compiled") for name in ("eager", "compiled")}
        others |= {f"pytorch, {name}": (units, call) for name, call in made.items()}
    for _, call in others.values():
        call()  # which compiles
    jax_benchmark.experiment(experiment, rivals=others)


KERNEL = dataclasses.replace(BASE, n=1000, model=cb.models.KernelDensity(bandwidth=0.3))


def bench_kernel(jax_benchmark):
    trajectories, generations = jax_benchmark.pick((4, 5), (1024, 50), (1024, 50))
    experiment = dataclasses.replace(KERNEL, trajectories=trajectories, generations=generations)
    others = {"scipy, 1 thread": (50, partial(rivals.kernel, np.random.default_rng(7), 1, 1000, 50))}
    jax_benchmark.experiment(experiment, rivals=others)


@pytest.mark.parametrize("n", [1000, 10_000])
def bench_kernel_density(jax_benchmark, n):
    """The density too, at 512 points in every generation; KDEpy's at points of a grid, where it is installed.

    Ours is within 1e-5 of the density everywhere; KDEpy's within 4e-4 between the outermost rows and of no use beyond
    (tests/bench/test_rivals.py).
    """
    trajectories, generations = jax_benchmark.pick((4, 5), (256, 20 if n == 1000 else 5), (256, 50))
    experiment = dataclasses.replace(
        KERNEL, n=n, trajectories=trajectories, generations=generations, metrics=("nll",), holdout=512
    )
    rng = np.random.default_rng(7)
    others = {"scipy, 1 thread": (generations, partial(rivals.kernel, rng, 1, n, generations, 512))}
    if importlib.util.find_spec("KDEpy") is not None:
        others["KDEpy's FFTKDE, 1 thread"] = (generations, partial(rivals.kernel_by_fft, rng, n, generations, 512))
    jax_benchmark.experiment(experiment, rivals=others)


def bench_kernel_accumulate(jax_benchmark):
    """The density of everything so far, at 500 points in every generation."""
    trajectories, generations = jax_benchmark.pick((2, 3), (2, 30), (8, 100))
    sizes = {"trajectories": trajectories, "generations": generations}
    experiment = dataclasses.replace(KERNEL, **sizes, regime="accumulate", metrics=("nll",), holdout=500)
    loop = partial(rivals.kernel_accumulate, np.random.default_rng(7), 1000, generations, 500)
    jax_benchmark.experiment(experiment, rivals={"scipy, 1 thread": (generations, loop)})


@pytest.mark.parametrize("handover", ["samples", "summary"])
def bench_regression(jax_benchmark, handover):
    quick = (4096, 25) if handover == "samples" else (16384, 50)
    trajectories, generations = jax_benchmark.pick((32, 5), quick, (8192, 100))
    experiment = dataclasses.replace(
        BASE, target=cb.targets.Linear(dim=10), model=cb.models.LinearRegression(dim=10, fresh=True), handover=handover,
        generations=generations, trajectories=trajectories, metrics=("excess_risk",),
    )  # fmt: skip
    law = near(theory.least_squares_replace_law(100, 10, generations))
    jax_benchmark.experiment(experiment, law=law, rivals=numpy_rivals(rivals.regression, 256, 20, n=100, dim=10))


def bench_categorical(jax_benchmark):
    trajectories, generations = jax_benchmark.pick((8, 5), (64, 100), (256, 1000))
    experiment = dataclasses.replace(
        BASE, target=cb.targets.Categorical(classes=1000), model=cb.models.Categorical(classes=1000), n=10000,
        generations=generations, trajectories=trajectories, handover="summary", metrics=("support",),
    )  # fmt: skip
    sizes = {"n": 10000, "classes": 1000}
    plain = numpy_rivals(rivals.categorical, 32, generations, **sizes)
    alive = numpy_rivals(rivals.categorical_alive, 32, generations, **sizes)
    jax_benchmark.experiment(experiment, rivals=plain | {f"{name}, alive only": rival for name, rival in alive.items()})


def bench_categorical_of_five(jax_benchmark):
    """Few symbols, as in most papers' examples, against every trajectory's multinomial in one call."""
    trajectories, generations = jax_benchmark.pick((256, 10), (32_768, 40), (65_536, 400))
    experiment = dataclasses.replace(
        BASE, target=cb.targets.Categorical(classes=5), model=cb.models.Categorical(classes=5), n=100,
        generations=generations, trajectories=trajectories, handover="summary", metrics=("support",),
    )  # fmt: skip
    others = numpy_rivals(rivals.categorical_together, trajectories, generations, n=100, classes=5)
    jax_benchmark.experiment(experiment, rivals=others, last=True)


COUNTS = {
    "bernoulli": (cb.targets.Bernoulli(p=0.3), cb.models.Bernoulli(), 1000, rivals.bernoulli, {"p": 0.3}),
    "exponential": (cb.targets.Exponential(), cb.models.Exponential(), 100, rivals.exponential, {}),
    "poisson": (cb.targets.Poisson(rate=3.0), cb.models.Poisson(), 100, rivals.poisson, {"rate": 3.0}),
}


@pytest.mark.parametrize("family", COUNTS)
def bench_summary_of_a_count(jax_benchmark, family):
    """Families of one number, from one draw of their total a generation."""
    target, model, n, work, more = COUNTS[family]
    trajectories, generations = jax_benchmark.pick((256, 10), (65536, 200), (65536, 1000))
    experiment = dataclasses.replace(
        BASE, n=n, target=target, model=model, trajectories=trajectories, generations=generations, handover="summary",
        metrics=("mean_error",),
    )  # fmt: skip
    others = numpy_rivals(work, trajectories, generations, n=n, **more)
    jax_benchmark.experiment(experiment, rivals=others, last=True)


@pytest.mark.parametrize(("dim", "n"), [(10, 100), (100, 1000)])
def bench_gaussian_in_many_dimensions(jax_benchmark, dim, n):
    trajectories, generations = jax_benchmark.pick((4, 3), (1024, 40) if dim == 10 else (32, 10), (1024, 50))
    experiment = dataclasses.replace(
        BASE, n=n, target=cb.targets.Normal(dim=dim), model=cb.models.Gaussian(dim=dim), trajectories=trajectories,
        generations=generations,
    )  # fmt: skip
    others = numpy_rivals(rivals.gaussian_covariance, trajectories, generations, n=n, dim=dim)
    jax_benchmark.experiment(experiment, law=near(dim * theory.replace_variance_law(n, generations)), rivals=others)
