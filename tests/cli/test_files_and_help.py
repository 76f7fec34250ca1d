"""Files of the command line: where results go, classes from a file, and the help texts."""

import argparse
import dataclasses
import errno
import os
import re
import sys
import tempfile
import warnings

import numpy as np
import pytest
import xarray

import collapsebench as cb
from collapsebench.cli import parser as cli
from collapsebench.cli.arguments import FIELDS
from collapsebench.engine import loop
from collapsebench.experiment.example import example
from collapsebench.experiment.experiment import Experiment
from collapsebench.runs import results, runner
from collapsebench.specs import registry

REPRODUCE = ["reproduce", "seddik", "--scale", "smoke"]
SMALL = ["run", "gaussian", "--n", "20", "--generations", "2", "--trajectories", "2", "--set", "metrics=variance"]

MODEL = """
import collapsebench as cb
from collapsebench.maths.distributions.normal import Normal


@cb.spec
class Wide(cb.Model):
    factor: float = 2.0

    def init(self, key):
        return Normal.standard(1)

    def fit(self, key, params, data):
        return Normal.from_moments(data.x.mean(0), self.factor * data.x.var(0)[None])
"""


# --- where results go -----------------------------------------------------------------------------------------------


@pytest.fixture
def unrun(monkeypatch):
    """No generation is run: the request must be refused before."""

    def advance(*args, **options):
        raise AssertionError("it ran")

    monkeypatch.setattr(loop, "compiled", advance)


@pytest.mark.parametrize("command", [SMALL, pytest.param(REPRODUCE, marks=pytest.mark.slow)], ids=["run", "reproduce"])
@pytest.mark.parametrize("kind", ["file", "below a file"])
def test_an_unwritable_out_is_exit_2_before_the_run(ask, tmp_path, unrun, command, kind):
    taken = tmp_path / "taken"
    taken.write_text("")
    out = taken if kind == "file" else taken / "deeper"
    code, _, err = ask(*command, "--out", str(out))
    assert code == 2
    assert err.count("\n") == 1
    assert err.startswith(f"collapsebench: --out {out}: ")


def test_a_wrong_request_makes_no_folder(ask, tmp_path):
    assert ask(*SMALL, "--set", "regime=nope", "--out", str(tmp_path / "new"))[0] == 2
    assert ask("reproduce", "nobody", "--out", str(tmp_path / "new"))[0] == 2
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize("command", [SMALL, pytest.param(REPRODUCE, marks=pytest.mark.slow)], ids=["run", "reproduce"])
def test_a_result_that_cannot_be_saved_goes_to_the_temporary_folder(ask, tmp_path, monkeypatch, command):
    out, spare = tmp_path / "out", tmp_path / "spare"
    spare.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(spare))
    real = xarray.Dataset.to_netcdf

    def full(self, path, **options):
        if str(path).startswith(str(out)):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return real(self, path, **options)

    monkeypatch.setattr("xarray.Dataset.to_netcdf", full)
    code, _, err = ask(*command, "--out", str(out))
    assert code == 4
    (path,) = spare.rglob("*.nc")
    assert f"the disk is full: {out}" in err
    assert err.strip().endswith(f"the result is saved in {path}")
    assert cb.load(path).sizes["generation"] >= 2


def test_only_the_same_request_writes_over_a_result(ask, tmp_path):
    for more in ((), (), ("--set", "regime=accumulate"), ("--set", "name=zzz"), ("--seed", "1")):
        assert ask(*SMALL, *more, "--out", str(tmp_path))[0] == 0
    names = sorted(re.sub("[0-9a-f]{8}$", "", path.stem) for path in tmp_path.glob("*.nc"))
    assert names == ["gaussian-", "gaussian-", "gaussian-", "zzz-"]


# --- saving in Python -----------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def result():
    return cb.run(cb.Experiment(metrics=("nll", "variance"), n=10, generations=2, trajectories=2, snapshots=(0,)))


def test_saving_where_nothing_can_be_written_is_one_line_and_leaves_nothing(result, tmp_path):
    folder, file = tmp_path / "folder", tmp_path / "file"
    folder.mkdir()
    file.write_text("")
    before = sorted(tmp_path.rglob("*"))
    for path, kind in ((folder, "Is a directory"), (file / "x.nc", "Not a directory"), ("", "Is a directory")):
        with pytest.raises(OSError, match=kind) as raised:
            cb.save(result, path)
        assert raised.value.result is result
        assert "\n" not in str(raised.value)
    assert sorted(tmp_path.rglob("*")) == before


def test_a_write_that_fails_half_way_leaves_nothing(result, tmp_path, monkeypatch):
    def half(self, path, **options):
        path.write_text("half")
        raise RuntimeError("Unable to flush file\n(no space)")

    monkeypatch.setattr("xarray.Dataset.to_netcdf", half)
    with pytest.raises(results.NotSaved, match=r"Unable to flush file \(no space\)"):
        cb.save(result, tmp_path / "x.nc")
    assert not list(tmp_path.iterdir())


def test_saving_what_is_no_result_is_refused(tmp_path):
    with pytest.raises(cb.RequestError, match="it takes a result"):
        cb.save(3, tmp_path / "x.nc")


def test_variables_say_what_they_are(result):
    assert result.nll.attrs["units"] == result.nll_standard_error.attrs["units"] == "nats"
    assert "units" not in result.variance.attrs
    for name in ("nll", "nll_standard_error", "variance", "sample", "trajectory", "generation"):
        assert result[name].attrs["long_name"], name


# --- classes from files ---------------------------------------------------------------------------------------------


@pytest.fixture
def stranger(tmp_path, monkeypatch):
    path = tmp_path / "stranger_model.py"
    path.write_text(MODEL)
    monkeypatch.delitem(sys.modules, path.stem, raising=False)
    yield path
    sys.modules.pop(path.stem, None)


def test_a_class_comes_from_a_file_once(stranger, monkeypatch):
    found = registry.import_object(f"{stranger}:Wide")
    assert found.__module__ == stranger.stem
    assert sys.modules[stranger.stem].Wide is found
    monkeypatch.chdir(stranger.parent)
    monkeypatch.syspath_prepend(str(stranger.parent))
    assert registry.import_object(f"{stranger.name}:Wide") is found
    assert registry.import_object(f"{stranger.stem}:Wide") is found
    assert repr(found()).startswith("Wide(")


def test_run_takes_a_class_from_a_file(ask, tmp_path, stranger):
    code, out, err = ask(*SMALL, "--set", f"model={stranger}:Wide", "--out", str(tmp_path / "out"))
    assert code == 0, err
    assert "model = wide" in out.split("\n")[0]


def test_another_modules_name_is_not_taken(tmp_path):
    path = tmp_path / "json.py"
    path.write_text(MODEL)
    with pytest.raises(cb.RequestError, match="another module is called json"):
        registry.import_object(f"{path}:Wide")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("x = 1\ndef f(:\n", r"SyntaxError: .*broken_one.py, line 2\)"),
        ("def f():\n    return 1 / 0\n\nf()\n", r"ZeroDivisionError: division by zero \(.*broken_one.py, line 2\)"),
        ("import nobody_at_all\n", r"ModuleNotFoundError: No module named 'nobody_at_all' \(.*broken_one.py, line 1\)"),
        ("raise SystemExit(3)\n", r"SystemExit: 3 \(.*broken_one.py, line 1\)"),
        ("import json\njson.loads('')\n", r"JSONDecodeError: .*broken_one.py, line 2\)"),
    ],
)
@pytest.mark.parametrize("by", ["file", "module"])
def test_a_file_that_cannot_be_imported_is_one_line(ask, tmp_path, monkeypatch, text, expected, by):
    path = tmp_path / "broken_one.py"
    path.write_text(text)
    monkeypatch.syspath_prepend(str(tmp_path))
    code, out, err = ask("check", f"{path}:X" if by == "file" else "broken_one:X")
    assert (code, out) == (2, "")
    assert re.search(expected, err)
    assert err.count("\n") == 1
    assert "metric" not in err
    assert "broken_one" not in sys.modules


# --- what it says ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("line", ["--zzyzx", "run gaussian --zzyzx", "list handovers"])
def test_nothing_far_off_is_suggested(ask, line):
    code, _, err = ask(*line.split())
    assert code == 2
    assert "did you mean" not in err


def test_the_help_of_run_names_every_field_and_the_defaults():
    assert set(FIELDS) == {f.name for f in dataclasses.fields(Experiment)}
    (commands,) = [a for a in cli.make_parser()._actions if isinstance(a, argparse._SubParsersAction)]
    text = commands.choices["run"].format_help()
    model = example(cb.models.Gaussian())
    for field in ("n", "generations", "trajectories", "seed"):
        assert re.search(rf"--{field} \w\s.*a model: {getattr(model, field)}\n", text), field
    assert [type(metric).registry_name for metric in model.metrics] == ["nll"]
    assert "with metric nll" in text
    for word in (*FIELDS, "metrics=variance,kl", "file.py:Class"):
        assert word in text
    for name, command in commands.choices.items():
        assert command.description, name


def test_a_stopped_sweep_says_which_points_were_not_run(capsys, tmp_path, monkeypatch):
    measured, calls = runner.run, []

    def interrupted(*args, **options):
        calls.append(1)
        if len(calls) == 2:
            raise runner.Stopped(None)
        return measured(*args, **options)

    monkeypatch.setattr("collapsebench.runs.sweep.run", interrupted)
    request = cb.Experiment(metrics=("variance",), n=10, generations=2, trajectories=3)
    with pytest.raises(cb.Stopped) as stopped:
        cb.sweep(request, {"n": [10, 20, 30]})
    from collapsebench.cli.output import draw
    from collapsebench.show.results import result_figure
    from collapsebench.show.tables import summary

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        text = summary(stopped.value.result)
        draw(result_figure, stopped.value.result, tmp_path / "stopped")
    assert text.count("not run") == 4
    assert "nan" not in text
    assert "over n = 10, 20, 30" in text.split("\n")[0]
    assert "n = 10," not in text.split(";")[0]
    assert set(np.genfromtxt(tmp_path / "stopped.csv", delimiter=",", dtype=str, skip_header=1)[:, 2]) == {"n=10"}
