"""A user's own file as the target."""

import dataclasses
import json

import jax
import numpy as np
import pytest

import collapsebench as cb
from collapsebench.datasets.own import own
from collapsebench.maths.distributions.rows import split_rows


@pytest.fixture
def rows(random):
    return random.normal(size=(50, 3)).astype(np.float32)


@pytest.mark.parametrize("suffix", ["csv", "named.csv", "npy"])
def test_rows_come_back(tmp_path, rows, suffix):
    path = tmp_path / f"own.{suffix}"
    if suffix == "npy":
        np.save(path, rows)
    else:
        np.savetxt(path, rows, delimiter=",", fmt="%.9g", header="a,b,c" if "named" in suffix else "", comments="")
    table = own(path)
    np.testing.assert_array_equal(table.numbers(tuple(table.columns)).astype(np.float32), rows)
    assert len(table.sha256) == 64


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("a,b\n1,2020-01-01\n", "holds dates"),
        ("a,b\n1,red\n2,blue\n", "columns = a"),
    ],
)
def test_a_file_of_words_is_one_line(tmp_path, text, why):
    path = tmp_path / "bad.csv"
    path.write_text(text)
    with pytest.raises(cb.RequestError, match=why) as error:
        cb.Experiment(target=cb.targets.Dataset(str(path), dim=1), n=1, holdout=1)
    assert "\n" not in str(error.value)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(cb.RequestError, match="no such file"):
        cb.Experiment(target=cb.targets.Dataset(str(tmp_path / "none.csv"), dim=1), n=1, holdout=1)


def test_a_file_runs(tmp_path, rows):
    path = tmp_path / "own.npy"
    np.save(path, rows)
    target, model = cb.targets.Dataset(str(path), dim=2), cb.models.KernelDensity(dim=2)
    experiment = cb.Experiment(target=target, model=model, n=20, holdout=10, generations=2, trajectories=2)
    assert np.isfinite(cb.run(experiment).variance).all()


@pytest.fixture
def table(tmp_path, random):
    """A file of numbers, a column of colours, and one of weights."""
    path = tmp_path / "table.csv"
    x, colours = random.normal(size=(100, 2)), random.choice(["red", "green", "blue"], 100, p=[0.6, 0.3, 0.1])
    lines = [f"{a:.6f},{b:.6f},{c},{i % 3},{i // 5}" for i, ((a, b), c) in enumerate(zip(x, colours, strict=True))]
    path.write_text("a,b,colour,w,batch\n" + "\n".join(lines) + "\n")
    return path


def test_a_file_an_array_and_a_table_are_targets(tmp_path, rows):
    pandas = pytest.importorskip("pandas")
    np.save(tmp_path / "own.npy", rows)
    given = (tmp_path / "own.npy", rows, pandas.DataFrame(rows), {"a": rows[:, 0], "b": rows[:, 1], "c": rows[:, 2]})
    made = [cb.Experiment(target=each, model="gaussian", n=20) for each in given]
    assert {(e.target.dim, e.model.dim, e.holdout, e.target.sha256) for e in made} == {
        (3, 3, 10, made[0].target.sha256)
    }
    assert cb.Experiment(target=rows[:, :1], model=cb.models.KernelDensity(), n=20).model.dim == 1
    with pytest.raises(cb.RequestError, match=r"model\.dim = 2: the target has dim = 3"):
        cb.Experiment(target=rows, model=cb.models.Gaussian(dim=2), n=20)


def test_rows_in_memory_are_asked_for_again(rows):
    target = cb.Experiment(target=rows, n=20, model="gaussian").target
    with pytest.raises(cb.RequestError, match="give them again"):
        cb.Experiment(target=dataclasses.replace(target, name="rows-0123456789abcdef"), n=20)


def test_weights_groups_and_order(table):
    columns = {"columns": ("a", "b")}
    weighted = cb.targets.Dataset(str(table), 2, weight="w", **columns).prepare()
    assert set(np.unique(weighted.weights)) == {0, 1, 2}
    drawn = np.asarray(weighted.sample(jax.random.key(0), 30_000))
    where = {tuple(row): i for i, row in enumerate(np.asarray(weighted.train))}
    counts = np.bincount([where[tuple(row)] for row in drawn], minlength=len(where))
    share = np.asarray(weighted.weights / weighted.weights.sum(), float)
    assert (np.abs(counts - 30_000 * share) <= 5 * np.sqrt(30_000 * share)).all()


def test_splits_keep_groups_whole_and_time_in_order():
    groups = np.repeat(np.arange(20), 5)
    for after in (None, groups):
        train, held = split_rows(100, groups, after)
        assert not set(groups[train]) & set(groups[held])
        assert len(held) == 20
    train, held = split_rows(100, None, groups[::-1])
    assert set(held) == set(range(20))
    assert sorted([*train, *held]) == list(range(100))
    train, held = split_rows(10, np.array([0] * 9 + [1]))  # the large group would be all of the rows
    assert list(held) == [9]


def test_categories(table):
    """A column of words is the target of its categories, which needs no file any more."""
    target = cb.targets.Dataset(str(table), columns=("colour",), weight="w")
    experiment = cb.Experiment(target=target, model="categorical", n=50, handover="summary", metrics=("kl", "support"))
    table.unlink()
    assert experiment.model.classes == experiment.target.classes == 3
    assert experiment.target.labels == ("red", "green", "blue")
    again = cb.Experiment.from_json(json.loads(json.dumps(experiment.to_json())))
    assert again.digest == experiment.digest
    assert cb.Experiment(target=["a", "b", "a"], model="categorical").target.probs == (2 / 3, 1 / 3)


def test_a_result_needs_no_file(table, tmp_path):
    target = cb.targets.Dataset(str(table), columns=("a", "b"))
    experiment = cb.Experiment(target=target, model="gaussian", n=20, generations=5, trajectories=3)
    cb.save(cb.run(experiment), tmp_path / "result.nc")
    table.unlink()
    result = cb.load(tmp_path / "result.nc")
    assert cb.profile(result)
    kept = json.loads(result.attrs["data"])
    assert kept["rows"] == 100
    assert [column["name"] for column in kept["columns"]] == ["a", "b", "colour", "w", "batch"]
