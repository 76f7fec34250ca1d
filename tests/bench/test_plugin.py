"""`pytest --benchmark` in a user's own project: collection, refusals, stored files, failures."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
BENCH = """
import jax.numpy as jnp
import numpy as np


def bench_double(jax_benchmark):
    jax_benchmark(lambda x: 2 * x, setup=lambda: (jnp.arange(8.0),), units=8, unit="numbers",
                  check=lambda y: bool((y[1] == 2.0)), rivals={"numpy": (8, lambda: 2 * np.arange(8.0))})


def bench_wrong(jax_benchmark):
    jax_benchmark(lambda x: 2 * x, setup=lambda: (jnp.arange(8.0),), check=lambda y: bool(y[1] == 3.0))


def bench_recompiles(jax_benchmark):
    import jax

    grow = jax.jit(lambda x: x + 1)
    sizes = iter(range(1, 100))
    jax_benchmark.host(lambda: grow(jnp.zeros(next(sizes))))


def bench_host(jax_benchmark):
    import jax

    same = jax.jit(lambda x: x + 1)
    x = jnp.zeros(3)
    jax_benchmark.host(lambda: same(x))
"""


def run(folder, *arguments):
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTEST_ADDOPTS": ""}
    for name in ("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "PYTEST_XDIST_WORKER"):  # no worker of this run of tests
        environment.pop(name, None)
    command = [sys.executable, "-m", "pytest", "-p", "collapsebench.bench.plugin", "-p", "no:cacheprovider", *arguments]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    folder = tmp_path_factory.mktemp("project")
    (folder / "pytest.ini").write_text("[pytest]\n")
    (folder / "benchmarks").mkdir()
    (folder / "benchmarks" / "bench_mine.py").write_text(BENCH)
    (folder / "test_mine.py").write_text("def test_one():\n    assert True\n")
    return folder


@pytest.fixture(scope="module")
def done(project):
    """One run of the project's benchmarks, and its JSON."""
    found = run(project, "--benchmark", "--tier", "smoke", "--benchmark-json=out.json", "--benchmark-save=first")
    return found, json.loads((project / "out.json").read_text())


def test_it_runs_benchmarks_and_no_tests(done):
    found, data = done
    assert "test_mine" not in found.stdout
    assert {bench["name"] for bench in data["benchmarks"]} == {"bench_double", "bench_host"}


def test_a_wrong_answer_and_a_recompile_fail(done):
    found, _ = done
    assert "WrongAnswerError" in found.stdout
    assert "nothing was timed" in found.stdout
    assert "RecompiledError" in found.stdout
    assert "2 failed, 2 passed" in found.stdout
    assert found.returncode == 1


def test_compiling_and_running_are_apart(done):
    found, data = done
    extra = next(bench["extra_info"] for bench in data["benchmarks"] if bench["name"] == "bench_double")
    assert extra["compile"] > 10 * max(extra["times"])
    assert len(extra["times"]) == len(extra["calibration"]) == 3
    assert extra["rivals"]["numpy"] > 0
    assert extra["unit"] == "numbers"
    assert "numbers/s" in found.stdout


def test_the_machine_and_its_ceilings_are_recorded(done, project):
    _, data = done
    machine = data["machine_info"]["collapsebench"]
    assert machine["normals_per_second"] > 1e6
    assert machine["flops_per_second"]["float32"] > 1e8
    assert machine["tier"] == "smoke"
    (folder,) = (project / ".benchmarks").iterdir()
    assert folder.name.endswith(machine["device"])


def test_plain_pytest_runs_tests_only(project):
    found = run(project, "-q")
    assert "1 passed" in found.stdout


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--benchmark", "-n", "2"), "leave out -n"),
        (("--benchmark", "--benchmark-disable"), "leave one of them out"),
        (("--benchmark", "--tier", "huge"), "invalid choice"),
    ],
)
def test_wrong_requests_are_usage_errors(project, arguments, words):
    found = run(project, *arguments)
    assert found.returncode == 4
    assert words in found.stderr
    assert "Traceback" not in found.stderr


def test_a_project_without_benchmarks_is_told(tmp_path):
    (tmp_path / "pytest.ini").write_text("[pytest]\n")
    found = run(tmp_path, "--benchmark")
    assert found.returncode == 4
    assert "name your benchmark files" in found.stderr


def test_loading_the_plugin_imports_no_jax():
    code = "import sys, collapsebench.bench.plugin; assert 'jax' not in sys.modules and 'numpy' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True, env={**os.environ, "PYTHONPATH": str(ROOT)})
