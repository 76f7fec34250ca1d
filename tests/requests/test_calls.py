"""Calls that make no sense: RequestError, one line, with nothing run and nothing written."""

import contextlib
import dataclasses
from functools import cache, partial

import jax
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import collapsebench as cb
from collapsebench import datasets
from collapsebench.analysis.ablation import ablate
from collapsebench.experiment.example import example
from collapsebench.experiment.experiment import Experiment
from collapsebench.experiment.sweep import Sweep, set_field, set_fields
from collapsebench.literature import catalogue
from collapsebench.literature.reproduce import find
from collapsebench.maths.numerics import as_leaves
from tests.requests.conftest import check_line
from tests.requests.strategies import NOUNS, PATHS, keywords, things

FEW = settings(
    max_examples=300, derandomize=True, deadline=None, database=None, suppress_health_check=list(HealthCheck)
)
MANY = settings(FEW, max_examples=5000, derandomize=False)
SMALL = {"n": 10, "generations": 2, "trajectories": 2, "holdout": 16}
CLASSES = [(noun, cls) for noun, registry in NOUNS.items() for _, cls in registry.items()]
ROWS = [[0.5], [1.0], [2.0], [4.0]]


@cache
def base(noun, cls):
    """An experiment that has the part, with its defaults, where a model's example or the default one can."""
    small = [Experiment(**SMALL)] if noun != "model" else []
    for _, model in cb.MODELS.items():
        small += [dataclasses.replace(example(model()), **SMALL)] if noun != "model" or model is cls else []
    for experiment in small:
        with contextlib.suppress(cb.RequestError):
            return dataclasses.replace(experiment, **{noun: cls()})
    return Experiment(**SMALL)


def built(noun, cls, fields):
    """An experiment with a part whose fields are these."""
    return dataclasses.replace(base(noun, cls), **{noun: cls(**fields)})


def parts():
    """A part of any class with wrong fields, in an experiment."""
    return st.sampled_from(CLASSES).flatmap(
        lambda pair: st.builds(
            lambda fields: partial(built, *pair, fields),
            keywords({field.name for field in dataclasses.fields(pair[1])}),
        )
    )


def calls():
    """A call without arguments of its own."""
    names = {field.name for field in dataclasses.fields(Experiment)}
    plain = Experiment(**SMALL)
    options = {"rich", "divergence", "learner", "statistic", "doses", "population", "checks", "resamples"}
    swept = st.one_of(things(), st.dictionaries(st.sampled_from(PATHS), st.lists(things(), max_size=3), max_size=2))
    kinds = [
        *[parts() for _ in range(12)],
        *[keywords(names).map(lambda fields: partial(Experiment, **fields)) for _ in range(3)],
        keywords(names).map(lambda fields: partial(dataclasses.replace, plain, **fields)),
        keywords(names).map(lambda fields: partial(Experiment.from_json, {"record": 2, **fields})),
        st.builds(lambda path, value: partial(set_field, plain, path, value), st.sampled_from(PATHS), things()),
        st.builds(lambda path, value: partial(set_fields, plain, {path: value}), st.sampled_from(PATHS), things()),
        st.builds(lambda e, v: partial(cb.sweep, e, v), st.one_of(st.just(plain), things()), swept),
        st.builds(lambda e, v: partial(Sweep, e, v), st.just(plain), swept),
        st.builds(lambda e, o: partial(ablate, e, **o), st.one_of(st.just(plain), things()), options_of(options)),
        st.builds(lambda m, w: partial(cb.fit, m, ROWS, weights=w), things(), things()),
        st.builds(lambda p, n: partial(cb.sample, "gaussian", p, n), things(), things()),
        st.builds(lambda p, x: partial(cb.log_prob, "gaussian", p, x), things(), things()),
        st.builds(lambda n, s: partial(datasets.load, n, source=s), st.one_of(st.just("iris"), things()), things()),
        *[st.builds(partial, st.sampled_from(ONE), things()) for _ in range(3)],
        things().filter(fits_a_file_name).map(lambda value: partial(cb.load, value)),
    ]
    return st.integers(0, len(kinds) - 1).flatmap(kinds.__getitem__)


def save_as_x(value):
    return cb.save(value, "x.nc")


def fit_rows(value):
    return cb.fit("gaussian", value)


def fit_seed(value):
    return cb.fit("gaussian", ROWS, value)


def find_one(value):
    return find([value])


ONE = [cb.run, cb.profile, save_as_x, fit_rows, fit_seed, cb.MODELS.get, catalogue.request, find_one, find,
       datasets.describe, datasets.read_idx]  # fmt: skip
"""Functions of one argument."""


def fits_a_file_name(value):
    """Whether a value, if it is a word, can be a file's name."""
    return not isinstance(value, str) or len(value.encode(errors="replace")) < 200


def options_of(names):
    """Some of a function's options."""
    return st.dictionaries(st.sampled_from(sorted(names)), things(), max_size=2)


def is_what_it_says(own, value):
    """Whether a field's value is of the type that its annotation says, and within its bounds."""
    low, high = own.metadata.get("within", (-np.inf, np.inf))
    match own.type:
        case "float":
            return np.ndim(value) == 0 and low <= float(value) <= high
        case "int":
            return np.ndim(value) == 0 and float(value).is_integer() and max(low, 0) <= value < 2**31
        case "bool":
            return value in (True, False)
        case "str":
            return isinstance(value, str)
        case "tuple[int, ...]":
            return isinstance(value, tuple) and all(isinstance(entry, int | np.integer) for entry in value)
    return True


def check(call, unrun, nothing_left):
    """Raise AssertionError where a call ends in anything but a value, a run that could begin, or one line of ours."""
    made = None
    try:
        made = call()
    except unrun:
        pass
    except cb.RequestError as refusal:
        check_line(str(refusal))
    except ValueError as refusal:
        if call.func not in (datasets.describe, datasets.load, datasets.read_idx):  # which know nothing of ours
            raise
        check_line(str(refusal))
    if isinstance(made, Experiment):  # what is accepted can be written and read, and its numbers become arrays
        arrays = {}
        assert Experiment.from_json(made.to_json(arrays), arrays).digest == made.digest
        for part in (made.target, made.model, made.regime, made.curator, *made.metrics):
            assert all(isinstance(leaf, jax.Array) for leaf in jax.tree.leaves(as_leaves(part))), part
            for own in dataclasses.fields(part) if part is not None else ():
                assert is_what_it_says(own, getattr(part, own.name)), (part, own.name)
    assert nothing_left(), call


@FEW
@given(call=calls())
def test_300_calls(call, unrun, nothing_left):
    check(call, unrun, nothing_left)


@pytest.mark.slow
@MANY
@given(call=calls())
def test_5000_calls(call, unrun, nothing_left):
    check(call, unrun, nothing_left)
