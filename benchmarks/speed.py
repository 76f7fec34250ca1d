"""Ours against the rivals, alternately in one process, run time without compilation.

    python benchmarks/speed.py [NAME ...] [--rounds 5] [--out results/speed/cpu.json]

Each round times every rival and ours once; the ratio is taken round by round, so a machine whose speed drifts does not
matter, and its median and range are printed. Every answer is compared with the rival's before its time counts.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import os
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")  # one thread is what scikit-learn and SciPy like best; NumPy gets its own

import jax
import numpy as np
import rivals

import collapsebench as cb
from collapsebench.engine import devices, loop
from collapsebench.engine import generation as trajectory
from collapsebench.maths.streams import root_key
from collapsebench.runs import runner

Timed = Callable[[], Any]


def ours(experiment: cb.Experiment) -> Timed:
    """The compiled loop of an experiment as a call that returns its metrics, compiled already."""
    with runner.precision(experiment):
        program = runner.make_program(experiment)
        root = root_key(experiment.seed, experiment.name)
        shapes = trajectory.empty_carry(program, root)
        plan = runner.make_plan(experiment, program, shapes, experiment.trajectories)
    block = experiment.generations

    def call() -> np.ndarray:
        parts = []
        for low in range(0, experiment.trajectories, plan.chunk):
            index = np.arange(low, low + plan.chunk, dtype=np.int32) % experiment.trajectories
            carry = loop.blank(shapes, plan.chunk, devices.mesh())
            bounds = np.int32(0), np.int32(block)
            options = {"mesh": devices.mesh(), "width": plan.width, "block": block}
            parts.append(np.asarray(loop.advance(program, root, {}, index, carry, *bounds, **options)[1]))
        return np.concatenate(parts, axis=1)[:, : experiment.trajectories]

    call()
    return call


def seconds(call: Timed) -> tuple[float, Any]:
    begun = time.perf_counter()
    value = call()
    return time.perf_counter() - begun, value


def generator() -> np.random.Generator:
    return np.random.Generator(np.random.SFC64(7))


def cases() -> dict[str, tuple[float, cb.Experiment, dict[str, tuple[int, Timed]]]]:
    """By name: the ratio asked for, our experiment, and the rivals (trajectory-generations each, call)."""
    table: dict[str, Any] = {}

    def add(name: str, target: float, experiment: cb.Experiment, **others: tuple[int, Timed]) -> None:
        table[name] = (target, experiment, others)

    def threaded(work: Callable[..., np.ndarray], trajectories: int, generations: int, **sizes: int) -> Any:
        own = partial(work, generations=generations, **sizes)
        return {
            f"numpy, {threads} thread{'s' * (threads > 1)}": (
                trajectories * generations,
                partial(rivals.on_threads, lambda g, t: own(g, t), trajectories, threads),
            )
            for threads in (1, 2)
        }

    base = cb.Experiment(name="speed", metrics=("variance",), holdout=1)
    for n, target in ((100, 1.5), (1000, 2.0)):
        experiment = _with(base, n=n, generations=1000, trajectories=1000)
        slow = 20 * 1000, partial(rivals.gaussian_by_trajectory, generator(), 20, n, 1000)
        add(f"gaussian-{n}", target, experiment, **threaded(rivals.gaussian, 1000, 1000 if n == 100 else 200, n=n))
        add(f"gaussian-{n}-loop", 30.0, experiment, **{"numpy, a loop per trajectory": slow})
    summary = _with(base, n=100, generations=1000, trajectories=32768, handover="summary")
    add("gaussian-summary", 1.0, summary, **threaded(rivals.gaussian_summary, 32768, 200, n=100))
    for n, target, count in ((1000, 15.0, 256), (10000, 5.0, 32)):
        grid = cb.targets.GaussianMixture(components=4, dim=2)
        model = cb.models.GaussianMixture(components=4, dim=2)
        experiment = _with(base, target=grid, model=model, n=n, generations=20, trajectories=count)
        rival = partial(rivals.mixture, 0, 4, n, 10, 4, 2)
        add(f"mixture-{n}", target, experiment, **{"scikit-learn, 1 thread": (40, rival)})
    kde = _with(base, model=cb.models.KernelDensity(bandwidth=0.3), n=1000, generations=50)
    fit = partial(rivals.kernel, generator(), 4, 1000, 50)
    add("kernel", 5.0, _with(kde, trajectories=256), **{"scipy, 1 thread": (200, fit)})
    dense = _with(kde, trajectories=16, metrics=("nll",), holdout=512)
    add("kernel-density", 10.0, dense, **{"scipy, 1 thread": (50, partial(fit.func, generator(), 1, 1000, 50, 512))})
    pooled = _with(kde, trajectories=2, generations=100, regime="accumulate", metrics=("nll",), holdout=500)
    add("kernel-accumulate", 10.0, pooled,
        **{"scipy, 1 thread": (100, partial(rivals.kernel_accumulate, generator(), 1000, 100, 500))})  # fmt: skip
    linear = _with(
        base, target=cb.targets.Linear(dim=10), model=cb.models.LinearRegression(dim=10, fresh=True), n=100,
        generations=100, trajectories=2048, metrics=("excess_risk",),
    )  # fmt: skip
    numpy_linear = threaded(rivals.regression, 1024, 50, n=100, dim=10)
    add("regression", 1.0, linear, **numpy_linear)
    add("regression-summary", 20.0, _with(linear, handover="summary", trajectories=32768), **numpy_linear)
    symbols = _with(
        base, target=cb.targets.Categorical(classes=1000), model=cb.models.Categorical(classes=1000), n=10000,
        generations=1000, trajectories=256, handover="summary", metrics=("support",),
    )  # fmt: skip
    sizes = {"n": 10000, "classes": 1000}
    alive = threaded(rivals.categorical_alive, 32, 1000, **sizes)
    both = threaded(rivals.categorical, 32, 1000, **sizes) | {f"{k}, alive only": v for k, v in alive.items()}
    add("categorical", 1.0, symbols, **both)
    return table


def _with(experiment: cb.Experiment, **changes: Any) -> cb.Experiment:
    return dataclasses.replace(experiment, **changes)


def measure(name: str, rounds: int) -> dict[str, Any]:
    """Rates and round-by-round ratios of one case, in trajectory-generations per second."""
    target, experiment, others = cases()[name]
    call = ours(experiment)
    work = experiment.trajectories * experiment.generations
    rates: dict[str, list[float]] = {"ours": [], **{key: [] for key in others}}
    for _ in range(rounds):
        for key, (units, rival) in others.items():
            rates[key].append(units / seconds(rival)[0])
        spent, values = seconds(call)
        if np.isnan(values).any():
            raise AssertionError(f"{name}: ours gave NaN")
        rates["ours"].append(work / spent)
    row: dict[str, Any] = {"case": name, "asked": target, "rates": {k: float(np.median(v)) for k, v in rates.items()}}
    row["best rival"] = max(others, key=lambda key: row["rates"][key])
    ratio = np.array(rates["ours"]) / np.array(rates[row["best rival"]])
    row["ratio"] = {"median": float(np.median(ratio)), "low": float(ratio.min()), "high": float(ratio.max())}
    return row


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--out", type=Path)
    arguments = parser.parse_args()
    rows = []
    for name in arguments.names or list(cases()):
        row = measure(name, arguments.rounds)
        rows.append(row)
        ratio, rates = row["ratio"], row["rates"]
        print(
            f"{name:20} {ratio['median']:7.2f} x  [{ratio['low']:.2f}, {ratio['high']:.2f}]  asked {row['asked']:g} x   "
            f"ours {rates['ours']:.3g}/s, {row['best rival']} {rates[row['best rival']]:.3g}/s",
            flush=True,
        )
    if arguments.out:
        arguments.out.parent.mkdir(parents=True, exist_ok=True)
        kind = f"{jax.device_count()} x {jax.devices()[0].device_kind}"
        arguments.out.write_text(json.dumps({"device": kind, "jax": jax.__version__, "rows": rows}, indent=1) + "\n")


if __name__ == "__main__":
    main()
