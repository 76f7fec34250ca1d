"""Text as a target: blocks, ends, pins, and one line for what cannot be."""

import dataclasses

import jax
import numpy as np
import pytest

import collapsebench as cb
from collapsebench.experiment.sweep import set_fields


@pytest.fixture
def path(tmp_path):
    """Two documents a part, in words that differ."""
    random = np.random.default_rng(1)
    for i in range(10):
        (tmp_path / f"{i}.txt").write_text(" ".join(f"w{j}" for j in random.integers(0, 30, 50)) + f" last{i}")
    return str(tmp_path)


def test_blocks_hold_the_documents_with_their_ends(path):
    target = cb.targets.Text(path, tokenizer="words", block=16)
    own, corpus = target.tokenised(), target.corpus()
    stream = np.asarray(target.prepare().train).ravel()
    text = own.decode(stream, end="|")
    assert "|".join(document.text for document in corpus.train).startswith(text.rstrip("|"))
    assert (stream == target.pinned().end).sum() >= len(corpus.train) - 1
    rows = np.asarray(target.prepare().sample(jax.random.key(0), target.blocks))
    assert sorted(map(tuple, rows)) == sorted(map(tuple, stream.reshape(-1, 16)))
    assert rows.dtype == np.int32


def test_a_record_pins_text_and_tokenizer_and_the_model_takes_their_sizes(path, tmp_path):
    experiment = cb.Experiment(
        target=cb.targets.Text(path, tokenizer="words", block=16), model="ngram", n=5, metrics=("nll",)
    )
    target, model = experiment.target, experiment.model
    assert (model.classes, model.block) == (target.classes, 16)
    assert target.vocabulary == target.tokenised().size
    again = cb.Experiment.from_json(experiment.to_json())
    assert again == experiment
    bytewise = dataclasses.replace(experiment, target=cb.targets.Text(path))
    assert bytewise.model.classes == 257
    with pytest.raises(cb.RequestError, match=r"model.classes = 300: the target has classes = 257"):
        cb.Experiment(target=cb.targets.Text(path), model=cb.models.NGram(classes=300), n=5, metrics=("nll",))
    with pytest.raises(cb.RequestError, match=r"target.sha256 = 00: the text of .* it changed"):
        cb.run(dataclasses.replace(experiment, target=dataclasses.replace(target, sha256="00")))


def test_a_tokenizer_file_of_another_text_is_one_line(path, tmp_path_factory):
    other = tmp_path_factory.mktemp("other") / "words.json"
    other.write_text(cb.targets.Text("pydoc", tokenizer="words").tokenised().to_json())
    with pytest.raises(cb.RequestError, match=r"target.tokenizer: .* of another text\?") as error:
        cb.Experiment(target=cb.targets.Text(path, tokenizer=str(other)), model="ngram", n=5, metrics=("nll",))
    assert "\n" not in str(error.value)


REFUSED = [
    ({"tokenizer": "words", "vocabulary": 10**6}, "target.vocabulary = 1000000: the text has"),
    ({"tokenizer": "word"}, "target.tokenizer = word: .*did you mean 'words'"),
    ({"name": "/nowhere/at/all"}, "neither a text of the list"),
    ({"block": 0}, "target.*block|dim = 0"),
]


@pytest.mark.parametrize(("fields", "why"), REFUSED)
def test_what_cannot_be_is_one_line(path, fields, why):
    with pytest.raises(cb.RequestError, match=why) as error:
        cb.Experiment(target=cb.targets.Text(**{"name": path, **fields}), model="ngram", n=5, metrics=("nll",))
    assert "\n" not in str(error.value)


def test_more_rows_than_blocks_is_one_line(path):
    with pytest.raises(cb.RequestError, match=r"n_real = 1000: .* has \d+ blocks of 64 tokens"):
        cb.Experiment(target=cb.targets.Text(path), model="ngram", n=1000, metrics=("nll",))


def test_one_symbol_is_a_text(tmp_path):
    """Nothing but the letter a: every model gives it probability 1, but for the end."""
    (tmp_path / "a.txt").write_text("a" * 3000)
    model = cb.models.NGram(order=2, smoothing="maximum_likelihood")
    experiment = cb.Experiment(
        target=cb.targets.Text(str(tmp_path / "a.txt"), tokenizer="characters", block=8), model=model, n=20,
        trajectories=2, generations=2, holdout=4, metrics=("nll",),
    )  # fmt: skip
    assert experiment.target.classes == 2
    assert np.abs(cb.run(experiment).nll.values).max() < 0.1


def test_bits_per_byte_need_all_words(path):
    with pytest.raises(cb.RequestError, match="stands for many words"):
        cb.Experiment(
            target=cb.targets.Text(path, tokenizer="words", vocabulary=20),
            model="ngram",
            n=5,
            metrics=("bits_per_byte",),
        )


def test_what_an_experiment_found_gives_way_to_another_text(tmp_path):
    """As the command line and a sweep change fields of an experiment that has been made; what was named does not."""
    (tmp_path / "own.txt").write_text("".join(f"line {i} {i * i % 97}\n" for i in range(900)))
    made = cb.Experiment(target="text", model="ngram", metrics="nll")
    other = set_fields(made, {"target.name": str(tmp_path / "own.txt"), "target.tokenizer": "characters"})
    assert other.target.vocabulary == other.model.classes == len(set("line 0123456789\n")) + 1
    assert other.target.sha256 != made.target.sha256
    again = set_fields(other, {"target.name": "pydoc", "target.tokenizer": "bytes"})
    assert again.target == made.target
    for field in ("sha256", "tokens"):
        named = dataclasses.replace(made.target, **{field: str(getattr(made.target, field))})
        with pytest.raises(cb.RequestError, match="it changed"):
            cb.Experiment(
                target=dataclasses.replace(named, name=str(tmp_path / "own.txt"), tokenizer="words"), model="ngram"
            )
    read = cb.Experiment.from_json(made.to_json())
    assert type(read.target.sha256) is str
