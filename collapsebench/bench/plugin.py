"""The pytest plugin: `pytest --benchmark` and the `jax_benchmark` fixture. Nothing here imports JAX when it is loaded."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

TIERS = ("smoke", "quick", "paper")
_ROWS = pytest.StashKey[list[Any]]()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options `--benchmark` and `--tier`."""
    group = parser.getgroup("collapsebench")
    group.addoption(
        "--benchmark", action="store_true", dest="collapsebench_benchmark", default=False,
        help="run the benchmarks (bench_*.py below benchmarks/, or the files named) and no tests",
    )  # fmt: skip
    group.addoption(
        "--tier", choices=TIERS, default="quick", dest="collapsebench_tier",
        help="how long a benchmark may take: seconds, a minute, or what a paper needs (default: quick)",
    )  # fmt: skip


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    """Collect benchmarks instead of tests, before pytest-benchmark reads its options."""
    config.stash[_ROWS] = []
    if not config.getoption("collapsebench_benchmark"):
        return
    if config.getoption("numprocesses", None) or config.getoption("dist", "no") != "no":
        raise pytest.UsageError("--benchmark: a timing needs the machine for itself; leave out -n and --dist")
    if config.getoption("benchmark_disable", False):
        raise pytest.UsageError("--benchmark: it times, and --benchmark-disable does not; leave one of them out")
    config.option.benchmark_only = True
    config.addinivalue_line("python_files", "bench_*.py")
    config.addinivalue_line("python_functions", "bench_*")
    if config.args_source is not pytest.Config.ArgsSource.ARGS:
        folder = config.rootpath / "benchmarks"
        if not folder.is_dir():
            raise pytest.UsageError(f"--benchmark: there is no folder {folder}; name your benchmark files")
        config.args = [str(folder)]


def pytest_sessionstart(session: pytest.Session) -> None:
    """File stored runs by device, so that runs of different devices are not compared by accident."""
    config = session.config
    own = getattr(config, "_benchmarksession", None)  # set by pytest-benchmark, if it is not switched off
    if own is None or not config.getoption("collapsebench_benchmark") or config.getoption("collectonly"):
        return
    from collapsebench.bench.ceilings import device_name

    own.machine_id = f"{own.machine_id}-{device_name()}"
    if hasattr(own.storage, "default_machine_id"):  # of its file storage alone
        own.storage.default_machine_id = own.machine_id


@pytest.hookimpl(optionalhook=True)
def pytest_benchmark_update_machine_info(config: pytest.Config, machine_info: dict[str, Any]) -> None:
    """Record device, versions, and the peak rates measured in this session."""
    if not config.getoption("collapsebench_benchmark"):
        return
    from collapsebench.bench import ceilings
    from collapsebench.runs.results import versions

    machine_info["collapsebench"] = {
        "device": ceilings.device_name(), "versions": versions(), "tier": config.getoption("collapsebench_tier"),
        "normals_per_second": ceilings.most_normals().rate, "bytes_per_second": ceilings.copies().rate,
        "flops_per_second": {name: ceilings.products(name).rate for name in ceilings.precisions()},
        "watts": ceilings.watts(),
    }  # fmt: skip


@pytest.fixture
def jax_benchmark(benchmark: Any, request: pytest.FixtureRequest) -> Any:
    """Times one JAX program: see `collapsebench.bench.fixture.JaxBenchmark`."""
    from collapsebench.bench.fixture import JaxBenchmark
    from collapsebench.engine.cache import make_room

    make_room()  # hundreds of rows compile more than one process can hold
    return JaxBenchmark(benchmark, request.config.getoption("collapsebench_tier"), request.config.stash[_ROWS])


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    """Print one line per benchmark: compile time, run time, rate, share of the limit."""
    rows = config.stash.get(_ROWS, [])
    if not rows or not config.getoption("collapsebench_benchmark"):
        return
    from collapsebench.show.benchmarks import benchmark_table

    terminalreporter.section("collapsebench")
    for line in benchmark_table(rows).splitlines():
        terminalreporter.write_line(line)


def suite() -> Path:
    """The folder of the project's own benchmarks: beside the package, in a clone of the repository."""
    return Path(__file__).parents[2] / "benchmarks"
