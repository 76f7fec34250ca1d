"""`collapsebench bench`: traces, cold starts, and refusals."""

import pytest

from collapsebench.bench import cold
from collapsebench.cli import main


@pytest.mark.slow
def test_a_trace_names_the_costliest_operations(tmp_path, capsys):
    assert main(["bench", "--trace", "bernoulli", "--out", str(tmp_path)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "bernoulli"
    assert lines[1].split()[0] == "operation"
    assert 1 <= len(lines) - 4 <= 10
    assert list(tmp_path.rglob("*.trace.json.gz"))


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--trace"], "name an experiment"),
        (["--profile", "gausian"], "did you mean 'gaussian'"),
        (["--cold", "--rounds", "0"], "at least 1"),
        pytest.param(
            ["no-such-benchmark", "--tier", "smoke"], "no benchmark has that in its name", marks=pytest.mark.slow
        ),
    ],
)
def test_wrong_requests(arguments, words, capsys, tmp_path, monkeypatch):
    monkeypatch.delenv("PYTEST_XDIST_WORKER", raising=False)  # a benchmark refuses to be one of several workers
    assert main(["bench", *arguments, "--out", str(tmp_path)]) == 2
    error = capsys.readouterr().err
    assert words in error
    assert "Traceback" not in error


def test_the_parts_of_a_cold_start_are_a_table():
    start = cold.Start(dict.fromkeys(cold.PARTS, 0.5), 2.5, 3.0, 4)
    head, rows = cold.summary({"warm cache": [start, start]})
    assert head[1] == "to the saved result, s"
    assert rows[0][:3] == ("warm cache", "2.50", "0.50 (20%)")


@pytest.mark.slow
def test_a_warm_cache_spares_compiling(tmp_path):
    request = (
        "run",
        "gaussian",
        "--n",
        "20",
        "--generations",
        "20",
        "--trajectories",
        "20",
        "--set",
        "metrics=variance",
    )
    empty, warm = (cold.start(tmp_path, request) for _ in range(2))
    assert warm.found > empty.found
    assert warm.parts["compile"] < 0.5 * empty.parts["compile"]
    assert abs(sum(warm.parts.values()) - warm.parts["figure"] - warm.saved) < 1e-6
