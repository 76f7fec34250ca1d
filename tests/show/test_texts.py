"""What a person reads of a language model: a prompt, its continuations, and the words that are lost."""

import dataclasses
import json

import numpy as np
import pytest
import xarray as xr

import collapsebench as cb
from collapsebench.runs.results import experiment_of
from collapsebench.show.tables import summary
from collapsebench.show.texts import lost, passages, returned, rising, text_summary


@pytest.fixture(scope="module")
def result(tmp_path_factory):
    """A unigram loop on forty words, saved and loaded."""
    folder = tmp_path_factory.mktemp("text")
    random = np.random.default_rng(3)
    for i in range(12):
        (folder / f"{i:02}.txt").write_text(" ".join(f"word{j}" for j in random.zipf(1.5, 60) % 40) + f" \x1b[31m{i}")
    experiment = cb.Experiment(
        name="shown", target=cb.targets.Text(str(folder), tokenizer="words", block=12), n=30, trajectories=2, generations=4,
        model=cb.models.NGram(order=1, smoothing="maximum_likelihood"), metrics=("nll",), holdout=4, snapshots=(0, 1, 3),
    )  # fmt: skip
    path = cb.save(cb.run(experiment), folder / "result.nc")
    return cb.load(path)


def test_every_generation_continues_the_same_prompt(result):
    prompt, said = passages(result, row=2)
    assert list(said) == [0, 1, 3]
    assert len(set(said.values())) == 3
    start = result.sample_x.values[:, :, 2, :3]
    assert (start == start[0, 0]).all()
    assert prompt


def test_lost_words_are_those_that_were_seen_and_are_not(result):
    seen = result.sample_seen.values[0].astype(bool)
    found = lost(result)
    assert found[0] == (0, [])
    for i, g in ((1, 1), (2, 3)):
        assert found[g][0] == (seen[0] & ~seen[i]).sum()
    assert 0 < found[1][0] < found[3][0]  # by maximum likelihood no word comes back
    assert len(found[3][1]) > 0


def test_the_terminal_shows_it_on_plain_lines(result):
    text = text_summary(result)
    assert text in summary(result)
    assert "\x1b" not in text
    assert len([line for line in text.splitlines() if line.startswith("generation")]) == 3 + 2


def test_a_result_without_text_shows_none():
    assert text_summary(xr.Dataset()) == ""


def test_words_that_come_back_are_explained(result):
    """None does by maximum likelihood; the same numbers under another model, or another regime, are called what they are."""
    assert not any(returned(result).values())
    assert "come back" not in text_summary(result)
    changed = result.copy(deep=True)
    changed["sample_seen"][0, 1] = 0
    about = experiment_of(result)
    smooth = dataclasses.replace(about, model=dataclasses.replace(about.model, smoothing="witten_bell"))
    for experiment, why in (
        (
            smooth,
            "words come back: ngram gives every token of the vocabulary some probability: they return as noise; by",
        ),
        (dataclasses.replace(about, regime="mix"), "words come back: mix adds other data than the last model's draws"),
    ):
        changed.attrs["experiment"] = json.dumps(experiment.to_json({}))
        assert why in text_summary(changed)
        assert "are back) " in text_summary(changed)


def test_survivors_that_rise_are_explained():
    experiment = cb.Experiment(
        target=cb.targets.Text(), model=cb.models.NGram(order=1), metrics=("survivors",), generations=3, trajectories=2
    )
    counts = np.array([[1.0, 0.5, 0.6], [1.0, 0.5, 0.4]])
    for values, said in ((counts, False), (counts[:1], True)):
        found = xr.Dataset({"survivors": (("trajectory", "generation"), values)})
        found.attrs["experiment"] = json.dumps(experiment.to_json({}))
        assert bool(rising(found)) == said
