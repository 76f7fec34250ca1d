"""Calls that make no sense: RequestError, one line, with nothing run and nothing written."""

import dataclasses
from functools import partial

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import collapsebench as cb
from collapsebench import datasets
from collapsebench.analysis.ablation import ablate
from collapsebench.experiment.experiment import Experiment
from collapsebench.experiment.sweep import Sweep, set_field, set_fields
from collapsebench.literature import catalogue
from collapsebench.literature.reproduce import find
from tests.requests.conftest import check_line
from tests.requests.strategies import NOUNS, PATHS, keywords, things

FEW = settings(
    max_examples=300, derandomize=True, deadline=None, database=None, suppress_health_check=list(HealthCheck)
)
MANY = settings(FEW, max_examples=5000, derandomize=False)
SMALL = {"n": 10, "generations": 2, "trajectories": 2, "holdout": 16}
CLASSES = [(noun, cls) for noun, registry in NOUNS.items() for _, cls in registry.items()]
ROWS = [[0.5], [1.0], [2.0], [4.0]]


def built(noun, cls, fields):
    """An experiment with a part whose fields are these."""
    return Experiment(**SMALL, **{noun: cls(**fields)})


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
    base = Experiment(**SMALL)
    options = {"rich", "divergence", "learner", "statistic", "doses", "population", "checks", "resamples"}
    swept = st.one_of(things(), st.dictionaries(st.sampled_from(PATHS), st.lists(things(), max_size=3), max_size=2))
    return st.one_of(
        parts(),
        parts(),
        keywords(names).map(lambda fields: partial(Experiment, **fields)),
        keywords(names).map(lambda fields: partial(dataclasses.replace, base, **fields)),
        keywords(names).map(lambda fields: partial(Experiment.from_json, {"record": 2, **fields})),
        st.builds(lambda path, value: partial(set_field, base, path, value), st.sampled_from(PATHS), things()),
        st.builds(lambda path, value: partial(set_fields, base, {path: value}), st.sampled_from(PATHS), things()),
        st.builds(lambda e, v: partial(cb.sweep, e, v), st.one_of(st.just(base), things()), swept),
        st.builds(lambda e, v: partial(Sweep, e, v), st.just(base), swept),
        st.builds(lambda e, o: partial(ablate, e, **o), st.one_of(st.just(base), things()), options_of(options)),
        things().map(lambda value: partial(cb.run, value)),
        things().map(lambda value: partial(cb.profile, value)),
        things().filter(fits_a_file_name).map(lambda value: partial(cb.load, value)),
        things().map(lambda value: partial(cb.save, value, "x.nc")),
        things().map(lambda value: partial(cb.fit, "gaussian", value)),
        st.builds(lambda m, w: partial(cb.fit, m, ROWS, weights=w), things(), things()),
        things().map(lambda seed: partial(cb.fit, "gaussian", ROWS, seed)),
        st.builds(lambda p, n: partial(cb.sample, "gaussian", p, n), things(), things()),
        st.builds(lambda p, x: partial(cb.log_prob, "gaussian", p, x), things(), things()),
        things().map(lambda name: partial(cb.MODELS.get, name)),
        things().map(lambda name: partial(catalogue.request, name)),
        things().map(lambda name: partial(find, [name])),
        things().map(lambda name: partial(datasets.describe, name)),
        st.builds(lambda n, s: partial(datasets.load, n, source=s), st.one_of(st.just("iris"), things()), things()),
        things().map(lambda path: partial(datasets.read_idx, path)),
    )


def fits_a_file_name(value):
    """Whether a value, if it is a word, can be a file's name."""
    return not isinstance(value, str) or len(value.encode(errors="replace")) < 200


def options_of(names):
    """Some of a function's options."""
    return st.dictionaries(st.sampled_from(sorted(names)), things(), max_size=2)


def check(call, unrun, nothing_left):
    """Raise AssertionError where a call ends in anything but a value, a run that could begin, or one line of ours."""
    try:
        call()
    except unrun:
        pass
    except cb.RequestError as refusal:
        check_line(str(refusal))
    except ValueError as refusal:
        if call.func not in (datasets.describe, datasets.load, datasets.read_idx):  # which know nothing of ours
            raise
        check_line(str(refusal))
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
