"""Surroundings that are seldom tried: closed and full streams, no HOME, an ASCII locale, 20 columns."""

import os
import subprocess
import sys

import pytest

import collapsebench as cb

RUN = [
    "run",
    "gaussian",
    "--n",
    "20",
    "--generations",
    "2",
    "--trajectories",
    "2",
    "--set",
    "metrics=variance",
    "--out",
    "out",
]
WRONG = ["run", "gaussian", "--set", "regime=ß\x1b"]


def shell(folder, words, redirect="", **environment):
    """(exit code, standard output, standard error) of a command in a shell, where the rest of the environment is ours."""
    line = f'exec "$0" -m collapsebench.cli "$@" {redirect}'
    env = {key: value for key, value in {**os.environ, **environment}.items() if value is not None}
    env["PYTHONPATH"] = os.pathsep.join(path for path in sys.path if path)
    done = subprocess.run(
        ["sh", "-c", line, sys.executable, *words], cwd=folder, env=env, capture_output=True, check=False
    )
    return done.returncode, done.stdout.decode(errors="replace"), done.stderr.decode(errors="replace")


@pytest.mark.parametrize(
    ("redirect", "code"),
    [("2>&-", 2), (">&-", 2), (">&- 2>&-", 2), ("<&- >&- 2>&-", 2), ("2>/dev/full", 2), ("</dev/null >/dev/full", 2)],
)
def test_a_refusal_has_its_exit_code_whatever_its_streams(tmp_path, redirect, code):
    found, out, err = shell(tmp_path, WRONG, redirect)
    assert found == code
    assert out == ""
    assert err.count("\n") == ("2>" not in redirect)
    assert not list(tmp_path.iterdir())


@pytest.mark.slow
@pytest.mark.parametrize("redirect", ["2>&-", ">&-", "<&- >&- 2>&-", "2>/dev/full"])
def test_a_run_is_saved_whole_with_closed_streams(tmp_path, redirect):
    code, _, _ = shell(tmp_path, RUN, redirect)
    assert code == 0
    (path,) = (tmp_path / "out").glob("*.nc")
    assert cb.load(path).sizes["generation"] == 2


@pytest.mark.slow
def test_a_run_whose_output_is_full_is_saved_and_says_so(tmp_path):
    code, _, err = shell(tmp_path, RUN, ">/dev/full")
    assert code == 4
    assert err.splitlines()[-1].startswith("collapsebench: standard output: No space left")
    assert "Traceback" not in err
    (path,) = (tmp_path / "out").glob("*.nc")
    assert cb.load(path).sizes["generation"] == 2


ASCII = {"LANG": "C", "LC_ALL": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"}


def test_an_ascii_locale_escapes(tmp_path):
    code, out, err = shell(tmp_path, WRONG, **ASCII)
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert err.isascii()
    assert "\\x1b" in err


@pytest.mark.slow
@pytest.mark.parametrize(
    "environment",
    [{"LANG": "C", "LC_ALL": "C"}, {"HOME": None}, {"HOME": "/nowhere"}, {"COLUMNS": "20"}, {"TERM": None}],
)
def test_a_run_in_other_surroundings(tmp_path, environment):
    code, out, err = shell(tmp_path, [*RUN, "--set", "name=ß"], **environment)
    assert code == 0, err
    assert "Traceback" not in err
    assert out.startswith("ß: ")
    assert len(list((tmp_path / "out").glob("*.nc"))) == 1


@pytest.mark.parametrize("command", ["", "run", "ablate", "compare"])
def test_help_in_20_columns(ask, monkeypatch, command):
    monkeypatch.setenv("COLUMNS", "20")
    with pytest.raises(SystemExit) as end:
        ask(*filter(None, [command]), "--help")
    assert end.value.code == 0
