"""State between generations: sufficient statistics, and rows only where a model needs rows."""

import dataclasses
import subprocess
import sys
from pathlib import Path

import jax
import pytest

import collapsebench as cb
from collapsebench.engine import generation as trajectory
from collapsebench.runs import runner

BASE = cb.Experiment(name="memory", n=8, generations=5, trajectories=6, holdout=1)
PAIRS = {
    "gaussian": (cb.targets.Normal(dim=3), cb.models.Gaussian(dim=3)),
    "gaussian on drawn real rows": (cb.targets.Uniform(dim=3), cb.models.Gaussian(dim=3)),
    "categorical": (cb.targets.Zipf(classes=10), cb.models.Categorical(classes=10)),
    "poisson": ("poisson", "poisson"),
    "bernoulli": ("bernoulli", "bernoulli"),
    "exponential": ("exponential", "exponential"),
    "regression": ("linear", cb.models.LinearRegression(fresh=True)),
    "regression on one design": ("linear", "linear_regression"),
}


def held(experiment):
    """Numbers that one trajectory keeps between generations."""
    program = runner.make_program(experiment)
    return sum(leaf.size for leaf in jax.tree.leaves(trajectory.empty_carry(program, jax.random.key(0))))


@pytest.mark.parametrize(("target", "model"), PAIRS.values(), ids=PAIRS)
def test_an_accumulated_summary_holds_no_buffer(target, model):
    """Twice the statistics, those of the pool and of the last generation, and not a row: whatever n and generations."""
    small = dataclasses.replace(
        BASE, target=target, model=model, metrics=("nll",), regime="accumulate", handover="summary"
    )
    assert held(dataclasses.replace(small, n=10**6, generations=10**6)) == held(small)
    drawn = dataclasses.replace(small, handover="samples")
    assert held(dataclasses.replace(drawn, generations=10**6)) == held(drawn)  # rows that were drawn are summed up too


def test_an_accumulated_buffer_of_rows_grows_by_n_in_each_generation():
    """What the statistics save: a kernel density needs the rows themselves, each with its weight."""
    short = dataclasses.replace(BASE, model="kde", regime="accumulate")
    long = dataclasses.replace(short, generations=BASE.generations + 3)
    pooled_and_fitted = 2
    assert held(long) - held(short) == pooled_and_fitted * 2 * 3 * BASE.n


MEMORY = """
import collapsebench as cb
base = cb.Experiment(name="m", n=100, trajectories=64, generations={generations}, handover="samples", holdout=1)
cb.run(base)
print(open("/proc/self/status").read().split("VmHWM:")[1].split()[0])  # ru_maxrss begins with that of the parent
"""


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="the peak of a process's memory is read there")
def test_memory_does_not_grow_with_generations():
    peaks = [
        int(subprocess.run([sys.executable, "-c", MEMORY.format(generations=g)], capture_output=True, text=True).stdout)
        for g in (200, 20000)
    ]
    # 20000 generations return 64 * 20000 * 4 bytes = 5 MB of numbers; samples kept would be 500 MB.
    assert peaks[1] - peaks[0] < 60_000


@pytest.mark.slow
def test_a_wide_batch_of_lapack_calls_does_not_stop_for_good():
    """Devices on every thread of XLA's pool, each waiting for the pool, would wait for ever (see devices.mesh)."""
    code = (
        "import collapsebench as cb\n"
        "spec = dict(target=cb.targets.Normal(dim=3), model=cb.models.Gaussian(dim=3), metrics=('w2_squared',))\n"
        "cb.run(cb.Experiment(name='wide', n=50, generations=3, trajectories=8192, width=4096, handover='summary',"
        " holdout=1, **spec))\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=300)
