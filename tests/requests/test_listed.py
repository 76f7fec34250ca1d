"""Requests that once ended in a traceback, one of each kind, and what is now said of them."""

import collections
import dataclasses
import json
import sys

import numpy as np
import pytest

import collapsebench as cb
from collapsebench.experiment.sweep import Sweep
from collapsebench.literature import catalogue
from collapsebench.specs.errors import RequestError, printable
from tests.requests.conftest import check_line
from tests.requests.test_command_lines import answer

HUGE = "9" * 5000
BASE = cb.Experiment(n=10, generations=2, trajectories=2)
LINES = {
    "name.x: name = 'gaussian' has no fields": "name.x=1",
    "regime = {}: not one of accumulate": "regime={}",
    "curator = a value of type function: a curator derives": "curator=json:loads",
    "model = a value of type builtin_function_or_method": "model=sys:exit",
    "model = subprocess:Popen: a model derives": "model=subprocess:Popen",
    "tests.requests.raising:X: RuntimeError: no import": "model=tests.requests.raising:X",
    "tests.requests.leaving:X: SystemExit": "model=tests.requests.leaving:X",
    "tests.requests.lazy:X: RuntimeError: no X at all": "model=tests.requests.lazy:X",
    "model = tests.requests.strange:Needs: it cannot be built without": "model=tests.requests.strange:Needs",
    "model = tests.requests.strange:Raises: it cannot be built": "model=tests.requests.strange:Raises",
    "model = tests.requests.strange:Plain: a model derives": "model=tests.requests.strange:Plain",
    "model = tests.requests.strange:Asks: it raised OSError: \\x1b[2J": "model=tests.requests.strange:Asks",
    "n = '1+1+1": "n=" + "+".join("1" * 3000),
    "n = '((((": "n=" + "(" * 3000,
    "n = '9999": f"n={HUGE}",
    "seed = 9999": f"seed={'9' * 300}",
    "generations = 999999999999999999999999999999: at most": f"generations={'9' * 30}",
    "holdout = 10000000000: at most 2147483647": "holdout=10000000000",
    "model.dim = 1.5: it must be a whole number": "model.dim=1.5",
    "target.mean = (1, 2): it must be a number": "target.mean=1,2",
    "model = \\x1b[2J: not one of": "model=\x1b[2J",
    "name = ": "name=a\0b",
}


@pytest.mark.parametrize("line", LINES)
def test_a_listed_change_is_one_line(line, unrun, nothing_left):
    code, _, err = answer(["run", "gaussian", "--set", LINES[line], "--out", "deep/out"])
    assert err.startswith(f"collapsebench: {line}"), err
    assert (code, err.count("\n")) == (2, 1)
    check_line(err[:-1])
    assert nothing_left()


def test_a_model_that_fails_when_it_is_asked_is_one_line(unrun, nothing_left):
    code, _, err = answer(["run", "tests.requests.strange:Asks", "--out", "deep/out"])
    assert err.startswith("collapsebench: model = tests.requests.strange:Asks: it raised OSError"), err
    assert (code, err.count("\n")) == (2, 1)
    assert nothing_left()


MORE = {
    "regime = Grow(power=20, used=1.0): that makes 1.05e+28 rows": "regime=grow regime.power=20",
    "regime.power = 1e+300: it must lie between -64 and 64": "regime=grow regime.power=1e300",
    "holdout = 1024: that makes 1.02e+03 rows of 100000000 numbers": "model.dim=100000000 target.dim=100000000",
    "target.model = a value of type function: a model derives": "target=truth target.model=json:loads",
    "target = gaussian_mixture: its fields do not go together": "target=gaussian_mixture target.means=abc",
    "model.training.steps = 'abc': it must be a whole number": "model=vae target=moons model.training.steps=abc",
    "model.layers = -3: it must lie between 1 and 1000": "model=flow target=moons model.layers=-3",
    "model = ridge_regression: handover = summary: its inputs": (
        "model=ridge_regression target=logistic handover=summary"
    ),
    "model.dim = 3: logistic labels have quadrature nodes": (
        "model=ridge_regression target=logistic handover=population"
    ),
    "model.model = a value of type function": "model=early_stopped model.model=json:loads",
}


@pytest.mark.parametrize("line", MORE)
def test_listed_changes_are_one_line(line, unrun, nothing_left):
    sets = [word for change in MORE[line].split() for word in ("--set", change)]
    code, _, err = answer(["run", "gaussian", *sets, "--out", "deep/out"])
    assert err.startswith(f"collapsebench: {line}"), err
    assert (code, err.count("\n")) == (2, 1)
    assert nothing_left()


CALLS = {
    "Experiment: no field 'generation'; ": lambda: cb.Experiment(generation=3),
    "Mix: no field 'fraction'; there are real_fraction, did you mean 'real_fraction'?": lambda: cb.regimes.Mix(
        fraction=0.5
    ),
    "sweep = [1, 2]: it must be a dict": lambda: cb.sweep(BASE, [1, 2]),
    "sweep: it takes an Experiment": lambda: cb.sweep(3, {"n": [1]}),
    "sweep = n: <generator": lambda: cb.sweep(BASE, {"n": (i for i in range(3))}),
    "sweep = n: 1000000000 values": lambda: Sweep(BASE, {"n": range(10**9)}),
    "ablate: it takes an Experiment": lambda: cb.ablate(3),
    "resamples = -1": lambda: cb.ablate(BASE, resamples=-1),
    "doses: statistical = 3": lambda: cb.ablate(BASE, doses={"statistical": 3}),
    "path: it must be a file's name": lambda: cb.load([]),
    "profile: result: it must be a result": lambda: cb.profile(3),
    "seed = 'x': it must be": lambda: cb.fit("gaussian", [1.0, 2.0], "x"),
    "params = 3: they are no parameters of gaussian": lambda: cb.sample("gaussian", 3, 2),
    "target.mean = array([0., 0.]): it must be a number": lambda: cb.Experiment(
        target=cb.targets.Normal(mean=np.zeros(2))
    ),
    "n = a value of type int: at most": lambda: cb.Experiment(n=10**5000),
    "999: too large a number": lambda: cb.Experiment(target=cb.targets.Normal(mean=10**400 - 1)),
    "handover = ['samples']": lambda: cb.Experiment(handover=["samples"]),
    "model = 3: it must be a name": lambda: cb.MODELS.get(3),
    "name = 3: it must be a word": lambda: catalogue.request(3),
}


@pytest.mark.parametrize("line", CALLS)
def test_a_listed_call_is_one_line(line, unrun, nothing_left):
    with pytest.raises(RequestError) as refused:
        CALLS[line]()
    assert line in str(refused.value)
    check_line(str(refused.value))


def test_a_call_with_a_wrong_name_is_a_type_error_too():
    with pytest.raises(TypeError, match="real_fraction"):
        cb.regimes.Mix(fraction=0.5)


def test_parts_within_parts_are_walked():
    deep = cb.models.EarlyStopped(model=cb.models.EarlyStopped(model=cb.models.Gaussian(bias=-1.0)))
    with pytest.raises(RequestError, match=r"model\.model\.model\.bias = -1\.0: it must be at least 0"):
        cb.Experiment(model=deep)
    for _ in range(60):
        deep = cb.models.EarlyStopped(model=deep)
    with pytest.raises(RequestError, match="nested more than 50 levels"):
        cb.Experiment(model=deep)


def test_a_message_is_short_and_keeps_its_end():
    text = str(RequestError(f"n = {'9' * 10_000}: it must be\na whole \x1b number"))
    assert text.startswith("n = 999")
    assert text.endswith("99: it must be a whole \\x1b number")
    assert len(text) < 400
    assert str(RequestError(text)) == text
    assert len(printable("a b " * 5000, 1000)) == 1000


def test_no_recursion_of_json(tmp_path):
    path = tmp_path / "deep.json"
    for text in ("[" * 10_000, "[" * 10_000 + "]" * 10_000, '{"a":' * 10_000, json.dumps("x") * 10_000):
        path.write_text(text)
        code, _, err = answer(["compare", str(path), str(path)])
        assert (code, err.count("\n")) == (2, 1)
        with pytest.raises(RequestError):
            cb.Experiment.from_json(collections.OrderedDict(record=2, n=[text]))


def test_every_field_of_every_part_refuses_what_it_cannot_be():
    """The one validation: an object that no annotation takes is refused in every field that a record holds."""
    sizes = dataclasses.asdict(BASE).keys() & {"n"}
    assert sizes
    for noun, registry in (
        ("regime", cb.REGIMES),
        ("model", cb.MODELS),
        ("target", cb.TARGETS),
        ("metrics", cb.METRICS),
    ):
        for _, cls in registry.items():
            for own in dataclasses.fields(cls):
                if own.init and own.metadata.get("recorded", True):
                    with pytest.raises(RequestError, match=rf"{own.name} = |{own.name}: "):
                        cb.Experiment(**{noun: cls(**{own.name: sys})})
