"""What a person gives: read in float64, refused in one line with row and column; data sets give way to what they have."""

import dataclasses
import datetime

import numpy as np
import pytest

import collapsebench as cb
from collapsebench.datasets.given import as_numbers
from collapsebench.specs.errors import RequestError

REFUSED = {
    "complex": ("gaussian", [1 + 1j, 2], "complex numbers"),
    "complex64": ("gaussian", np.ones(3, np.complex64), "complex numbers"),
    "dates": ("gaussian", np.array(["2020-01-01", "2020-01-02"], "datetime64[D]"), "dates"),
    "durations": ("gaussian", np.array([1, 2], "timedelta64[s]"), "durations"),
    "a date object": ("gaussian", [datetime.date(2020, 1, 1), datetime.date(2020, 1, 2)], "is of type date"),
    "digits as words": ("gaussian", ["1", "2"], "words"),
    "bytes": ("gaussian", np.array([b"1", b"2"]), "words"),
    "a gap": ("gaussian", [1.0, None, 2.0], "row 2 is missing"),
    "nan": ("gaussian", [[1.0, 2.0], [3.0, np.nan]], "row 2, column 2 is nan"),
    "infinite": ("gaussian", [1.0, -np.inf], "row 2 is -inf"),
    "ragged": ("gaussian", [[1.0], [2.0, 3.0]], "different lengths"),
    "one number": ("gaussian", 5.0, "no rows"),
    "no rows": ("gaussian", [], "no rows"),
    "too large": ("gaussian", [1.0, 1e20, 3.0], "row 2 is 1e+20"),
    "too small": ("gaussian", [1e-50, 2e-50, 3e-50], "column 1 varies by"),
    "times": ("gaussian", 1.7e9 + np.arange(50), "column 1 varies by"),
    "large counts": ("poisson", [1, 2**31], "row 2 is"),
    "huge counts": ("poisson", np.array([1, 2**63], np.uint64), "row 2 is"),
    "negative counts": ("poisson", [3, -1], "row 2 is -1"),
    "fractions of counts": ("poisson", [3, 1.5], "row 2 is 1.5"),
    "counts as ones": ("bernoulli", [0, 1, 2], "row 3 is 2"),
    "symbols from 1": ("categorical", [1, 10], "row 2 is 10"),
    "negative symbols": ("categorical", [-1, 2], "row 1 is -1"),
    "negative waits": ("exponential", [1.0, -0.5], "row 2 is -0.5"),
    "labels of -1": ("logistic_regression", {"x": np.ones((2, 3)), "y": [1, -1]}, "y: row 2 is -1"),
    "labels of another length": ("linear_regression", {"x": np.ones((2, 3)), "y": [1.0]}, "as many rows"),
    "no labels": ("linear_regression", np.ones((2, 3)), "a dict of x and y"),
    "columns": ("gaussian", np.ones((3, 2)), "2 columns"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_rows_that_cannot_be_fitted_are_one_line(name):
    model, data, why = REFUSED[name]
    with pytest.raises(RequestError) as refusal:
        cb.fit(cb.models.Gaussian(dim=2) if name == "nan" else model, data)
    text = str(refusal.value)
    assert text.startswith("data: ")
    assert why in text
    assert "\n" not in text


@pytest.mark.parametrize(
    "weights", [[1, np.inf], [1, np.nan], [1, -1], [0, 0], [1], [1e-60] * 2, [1e38, 3e38], ["a", "b"], [1j, 1]]
)
def test_weights_that_count_no_rows_are_one_line(weights):
    with pytest.raises(RequestError, match=r"^weights: "):
        cb.fit("gaussian", [1.0, 2.0], weights=weights)


def test_whole_numbers_stay_whole():
    for given in ([1, 2], np.array([1, 2], np.uint8), np.array([True, False]), np.array([2**62])):
        assert as_numbers(given).dtype == np.int64
    assert as_numbers(np.array([2**63], np.uint64))[0] == 2**63
    assert as_numbers(np.float16([0.5])).dtype == np.float64


def test_a_file_is_known_by_its_rows(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    rows = np.random.default_rng(0).normal(size=(50, 2))
    digests = []
    for folder, shift in (("a", 0.0), ("b", 1.0)):
        (tmp_path / folder).mkdir()
        np.save(tmp_path / folder / "own.npy", rows * [1, 1 + shift])
    for folder in "ab":
        target = cb.targets.Dataset(name=f"{folder}/own.npy", dim=2)
        experiment = cb.Experiment(target=target, model=cb.models.Gaussian(dim=2), n=20, generations=2, trajectories=2)
        assert experiment.holdout == 10  # a fifth of 50: nobody named another number
        digests.append(experiment.target.sha256)
    assert len({*digests}) == 2
    assert all(len(digest) == 64 for digest in digests)
    with pytest.raises(RequestError, match="they changed"):
        dataclasses.replace(experiment, target=cb.targets.Dataset(name="a/own.npy", dim=2, sha256=digests[1]))
    with pytest.raises(RequestError, match="holdout = 11"):
        dataclasses.replace(experiment, holdout=11)


@pytest.mark.parametrize("name", ["iris", "wine", "breast_cancer", "digits"])
def test_small_data_sets_need_no_holdout_named(name):
    pytest.importorskip("sklearn")
    experiment = cb.Experiment(target=cb.targets.Dataset(name=name, dim=2), model=cb.models.Gaussian(dim=2), n=20)
    assert 0 < experiment.holdout < 1024
    back = dataclasses.replace(experiment, target="normal", model="gaussian")
    assert back.holdout == 1024
    assert cb.Experiment(target="normal").digest == cb.Experiment(target="normal", holdout=1024).digest
