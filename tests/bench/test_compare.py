"""Comparison of two runs: noise is no difference, 30% is, and devices are not mixed by accident."""

import json

import numpy as np
import pytest

from collapsebench.bench import compare
from collapsebench.cli import main
from collapsebench.specs.errors import RequestError


def write(path, random, slow=1.0, device="cpu", names=("a", "b", "c", "d"), rounds=10, drift=0.4):
    """A run on a noisy machine: its speed drifts by 40% from run to run and 25% within, the calibration with it."""
    benches = []
    state = np.exp(drift * random.normal())
    for i, name in enumerate(names):
        speed = state * np.exp(0.25 * random.normal(size=rounds))
        times = 0.1 * (i + 1) * speed * np.exp(0.06 * random.normal(size=rounds)) * (slow if name == names[0] else 1)
        extra = {"times": list(times), "calibration": list(0.01 * speed), "rate": 1 / np.median(times), "unit": "calls"}
        benches.append({"name": name, "group": None, "stats": {"median": float(np.median(times))}, "extra_info": extra})
    machine = {"collapsebench": {"device": device, "flops_per_second": {"float32": 1e11 if device == "cpu" else 1e13},
                                 "normals_per_second": 1e9}}  # fmt: skip
    path.write_text(json.dumps({"machine_info": machine, "benchmarks": benches}))
    return path


@pytest.mark.slow
def test_two_equal_runs_are_equal_and_a_slow_down_is_found(tmp_path, random):
    """19 of 20 tries each, as asked; here 100 tries, and a comparison without calibration as the wrong law."""
    equal, found, raw = 0, 0, 0
    for _ in range(100):
        first, second, slow = (
            compare.load(write(tmp_path / f"{name}.json", random, slow))
            for name, slow in (("first", 1.0), ("second", 1.0), ("slow", 1.3))
        )
        equal += all(pair.verdict == "same" for pair in compare.compare(first, second))
        found += compare.compare(first, slow)[0].verdict == "slower"
        raw += all(abs(np.log(first.timings[n].raw / second.timings[n].raw)) < np.log(1.15) for n in first.timings)
    assert equal >= 95
    assert found >= 95
    assert raw < 50


def test_the_command_line(tmp_path, random, capsys):
    first, slow = (write(tmp_path / f"{name}.json", random, slow) for name, slow in (("first", 1.0), ("slow", 1.6)))
    page, notes = tmp_path / "page.html", tmp_path / "notes.md"
    assert main(["compare", str(first), str(slow), "--html", str(page), "--markdown", str(notes)]) == 1
    assert "slower" in capsys.readouterr().out
    assert "slower" in page.read_text()
    assert notes.read_text().count("\n") == 7
    assert main(["compare", str(first), str(first)]) == 0
    assert main(["compare", str(first), str(slow), "--threshold", "a=.9"]) == 0


def test_devices_are_compared_only_when_asked(tmp_path, random, capsys):
    cpu, gpu = (write(tmp_path / f"{name}.json", random, device=name) for name in ("cpu", "gpu"))
    assert main(["compare", str(cpu), str(gpu)]) == 2
    assert "--across-devices" in capsys.readouterr().err
    assert main(["compare", str(cpu), str(gpu), "--across-devices"]) == 0
    assert "speed-up" in capsys.readouterr().out
    row = compare.across(compare.load(cpu), compare.load(gpu))[0]
    assert row["per peak FLOP/s"] == pytest.approx(row["speed-up"] / 100)
    assert row["per watt"] is None


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"machine_info": {}, "benchmarks": [1]}'])
def test_what_is_no_run_is_refused(tmp_path, text):
    path = tmp_path / "odd.json"
    path.write_text(text)
    with pytest.raises(RequestError, match="no JSON of pytest-benchmark"):
        compare.load(path)
    with pytest.raises(RequestError, match="No such file"):
        compare.load(tmp_path / "missing.json")


@pytest.mark.parametrize("text", ["x", "a=x", "-1", "a=0"])
def test_thresholds_are_numbers(text):
    with pytest.raises(RequestError, match="threshold"):
        compare.parse_thresholds([text])


def test_runs_without_a_common_benchmark(tmp_path, random):
    first, second = (compare.load(write(tmp_path / f"{n}.json", random, names=(n,))) for n in ("a", "b"))
    with pytest.raises(RequestError, match="in common"):
        compare.compare(first, second)
