"""A user's own file as the target."""

import numpy as np
import pytest

import collapsebench as cb
from collapsebench.datasets.local import load_file


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
    table = load_file(path)
    np.testing.assert_array_equal(table.x.astype(np.float32), rows)
    assert table.source == "file"
    assert len(table.sha256) == 64


@pytest.mark.parametrize(
    ("text", "why"),
    [("a,b\n1,x\n", "cannot be read"), ("1,2\n3\n", "cannot be read"), ("1,2\n3,nan\n", "row 2"), ("a,b\n", "no rows")],
)
def test_a_bad_file_is_one_line(tmp_path, text, why):
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
