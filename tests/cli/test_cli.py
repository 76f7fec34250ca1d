"""The command line: output and exit codes."""

import json

import numpy as np
import pytest

import collapsebench as cb
from collapsebench.engine import loop

SMALL = ["run", "gaussian", "--n", "20", "--generations", "2", "--trajectories", "2", "--set", "metrics=variance"]


def test_list_has_every_kind(ask):
    code, out, _ = ask("list")
    assert code == 0
    for word in (
        "models:",
        "gaussian",
        "accumulate",
        "w2_squared",
        "shumailov",
        "digits",
        "iris",
        "shumailov/recursion",
    ):
        assert word in out
    code, out, _ = ask("list", "regimes")
    assert code == 0
    assert len(out.strip().split("\n")) == len(cb.REGIMES.names())


def test_run_saves_a_result_and_draws_it(ask, tmp_path):
    words = (
        "run gaussian --n 20 --generations 3 --trajectories 4 --seed 2 --set regime=accumulate --set metrics=variance"
    )
    code, out, _ = ask(*words.split(), "--out", str(tmp_path))
    assert code == 0
    (path,) = tmp_path.glob("*.nc")
    result = cb.load(path)
    assert path.stem == f"gaussian-{result.attrs['digest'][:8]}"
    assert result.sizes == {"trajectory": 4, "generation": 3}
    assert result.attrs["seed"] == 2
    assert "variance" in out
    for end in ("png", "svg", "csv"):
        assert path.with_suffix(f".{end}").stat().st_size > 100
    said = out.split("\n")[0]
    for word in ("target = normal", "model = gaussian", "regime = accumulate", "n = 20", "handover = samples",
                 "generations = 3", "trajectories = 4", "seed = 2"):  # fmt: skip
        assert word in said
    assert "a +- b: mean over trajectories and its standard error" in out


@pytest.mark.slow
def test_run_knows_the_papers_experiments(ask, tmp_path):
    words = "run shumailov/sample-size --trajectories 5 --set n=30"
    code, _, err = ask(*words.split(), "--out", str(tmp_path))
    assert code == 0, err
    (path,) = tmp_path.glob("shumailov-sample-size-*.nc")
    assert json.loads(cb.load(path).attrs["experiment"])["n"] == 30


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("lst", "did you mean 'list'?"),
        ("list model", "did you mean 'models'?"),
        ("run gausian", "did you mean 'gaussian'?"),
        ("run shumailov/recursio", "did you mean 'shumailov/recursion'?"),
        ("run gaussian --n 0", "n = 0: it must be a whole number of at least 1"),
        ("run gaussian --n ten", "n = 'ten': it must be a whole number of at least 1"),
        ("run gaussian --n 20 --set n=30", "n = 30: it is given twice, first as 20"),
        ("run gaussian --n 20 --n 30", "n = 30: it is given twice"),
        ("run gaussian --trajectorys 3", "did you mean '--trajectories'?"),
        ("run gaussian --set regime=acumulate", "did you mean 'accumulate'?"),
        ("run gaussian --set model.bais=2", "did you mean 'bias'?"),
        ("run gaussian --set model.bias", "FIELD=VALUE"),
        ("run gaussian --set model=nobody.here:Model", "nobody"),
        ("run categorical --set target=normal", "learns symbol data"),
        ("reproduce shumailow", "did you mean 'shumailov'?"),
        ("reproduce shumailov/error-at-1e6", "did you mean 'error-at-1e7'?"),
        ("reproduce --scale large", "scale"),
        ("check json:JSONDecoder", "it derives from none of"),
        ("check json:JSONDecode", "json:JSONDecode: json has no JSONDecode, did you mean 'JSONDecoder'?"),
        ("check json", "it must be package.module:Class or file.py:Class"),
        ("check nobody.py:X", "nobody.py: no such file"),
        ("run gaussian --sedd 3", "did you mean '--seed'?"),
        ("ablate gaussian --sweep n=3", "--sweep: no such option; run and profile have it"),
    ],
)
def test_a_wrong_request_is_exit_2_and_one_line(ask, line, expected):
    code, out, err = ask(*line.split())
    assert code == 2
    assert out == ""
    assert expected in err
    assert err.count("\n") == 1


def test_a_stop_is_exit_3_and_keeps_what_is_finished(ask, tmp_path, monkeypatch):
    monkeypatch.setattr(loop, "SECONDS", 0.0)
    compiled = loop.compiled
    calls = []

    def interrupted(*sizes):
        def advance(*args):
            calls.append(1)
            if len(calls) == 4:
                raise KeyboardInterrupt
            return compiled(*sizes)(*args)

        return advance

    monkeypatch.setattr(loop, "compiled", interrupted)
    words = "run gaussian --n 20 --generations 9 --trajectories 4 --set metrics=variance"
    code, _out, err = ask(*words.split(), "--out", str(tmp_path))
    assert code == 3
    assert err.strip().split("\n")[-1].startswith("collapsebench: stopped")
    (path,) = tmp_path.glob("*.nc")
    kept = cb.load(path)
    assert kept.sizes["generation"] == 3
    assert np.isfinite(kept.variance.values).all()


def test_out_of_memory_is_exit_4(ask, tmp_path, monkeypatch):
    def explode(*args, **options):
        raise RuntimeError("RESOURCE_EXHAUSTED: Out of memory allocating 1 byte")

    monkeypatch.setattr(loop, "compiled", lambda *sizes: explode)
    code, _, err = ask("run", "gaussian", "--out", str(tmp_path))
    assert code == 4
    assert "out of device memory" in err


def test_a_full_disk_is_exit_4(ask, tmp_path, monkeypatch):
    def full(*args, **options):
        raise OSError(28, "No space left on device", "result.nc")

    monkeypatch.setattr("collapsebench.runs.results.save", full)
    code, _, err = ask(*SMALL, "--out", str(tmp_path))
    assert code == 4
    assert "disk is full" in err


def test_doctor_names_the_devices(ask):
    code, out, _ = ask("doctor")
    assert code == 0
    assert "devices" in out


@pytest.mark.slow
def test_check_passes_a_registered_model(ask):
    code, out, _ = ask("check", "collapsebench.regimes.mix:Mix")
    assert code == 0
    assert "FAILED" not in out


OWN = """
import collapsebench as cb

@cb.spec
class Wrong(cb.Regime):
    def update(self, key, pool, synthetic, fresh, t):
        return pool, synthetic.x

@cb.spec
class Kurtosis(cb.Metric):
    def __call__(self, key, view):
        return (view.synthetic.x**4).mean()
"""


@pytest.mark.parametrize(
    ("change", "line"),
    [
        (
            "regime=own_parts:Wrong",
            "own_parts.py, line 7, in update: AttributeError: 'Moments' object has no attribute 'x'",
        ),
        ("metrics=own_parts:Kurtosis", "metrics = own_parts:Kurtosis: it raised AttributeError: 'Moments' object has"),
    ],
)
def test_a_mistake_in_ones_own_part_is_one_line(ask, tmp_path, monkeypatch, change, line):
    (tmp_path / "own_parts.py").write_text(OWN)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.chdir(tmp_path)
    code, _, told = ask("run", "gaussian", "--n", "9", "--set", "handover=summary", "--set", change)
    assert code == 2
    assert told.split("\n")[-2].startswith(f"collapsebench: {line}")
