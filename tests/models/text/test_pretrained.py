"""Pretrained weights in the loop: named by digest, fine-tuned whole or by adapters, and refused where they do not fit."""

import dataclasses
import json
from functools import partial
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import collapsebench as cb
from collapsebench.learning.language import weights
from collapsebench.learning.language.decoder import token_nats
from collapsebench.learning.training import Training
from collapsebench.specs.errors import RequestError
from tests.learning.language.conftest import MODELS, write

SHORT = Training(steps=2, batch=4, rate=1e-2, decay=0.01, decoupled=True)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder of GPT-2 with 41 tokens and random weights."""
    return str(write(tmp_path_factory.mktemp("pretrained") / "gpt2", MODELS["gpt2"]))


def loop(folder, small_text, first_token=0, tokenizer="characters", **fields):
    target = cb.targets.Text(small_text, tokenizer=tokenizer, block=4)
    model = cb.models.Pretrained(folder, training=SHORT, first_token=first_token, **fields)
    return cb.Experiment(
        name="own", target=target, model=model, n=8, trajectories=2, generations=2, holdout=8, metrics=("perplexity",)
    )


def own_end(folder):
    return json.loads((Path(folder) / "config.json").read_text()).get("eos_token_id", 0)


def test_the_record_names_the_weights_by_their_digest(folder, small_text, tmp_path):
    made = loop(folder, small_text)
    assert made.model.sha256 == weights.load(folder).sha256
    assert made.model.start is None
    again = cb.Experiment.from_json(made.to_json())
    assert again == made
    other = write(tmp_path / "other", MODELS["opt"])
    with pytest.raises(RequestError, match=f"not {made.model.sha256}: other weights"):
        dataclasses.replace(made, model=dataclasses.replace(made.model, path=str(other)))


def test_density_is_that_of_the_weights_and_adapters_begin_at_nothing(folder, small_text):
    own = weights.load(folder)
    rows = jnp.asarray([[1, 2, 3, 4], [5, 6, 7, 25]], jnp.int32)
    end = own_end(folder)
    theirs = jnp.where(rows == 25, end, rows)  # the text's end of a document is the weights' own
    before = jnp.concatenate([jnp.zeros((2, 1), jnp.int32), theirs[:, :-1]], axis=1)
    nats = jax.jit(partial(token_nats, own.shape))(own.params, before, theirs)
    wanted = -np.asarray(nats).sum(axis=1)
    for rank in (0, 2):
        model = loop(folder, small_text, rank=rank).model
        params = model.init(jax.random.key(0))
        np.testing.assert_allclose(np.asarray(jax.jit(model.log_prob)(params, rows)), wanted, atol=1e-4)
    assert sum(a.size for a in jax.tree.leaves(params)) < own.shape.count() / 2


@pytest.mark.slow
@pytest.mark.parametrize("fields", [{"prompted": True}, {"rank": 2}])
def test_a_loop_fine_tunes_from_the_same_weights(folder, small_text, fields):
    """Whole weights or adapters; compiled and on the host: the same numbers. A step at rate 0 changes nothing."""
    made = loop(folder, small_text, **fields)
    result = cb.run(made)
    host = cb.run(dataclasses.replace(made, host=True))
    np.testing.assert_allclose(host.perplexity.values, result.perplexity.values, rtol=1e-4)
    still = dataclasses.replace(made.model, training=dataclasses.replace(SHORT, rate=0.0))
    fixed = cb.run(dataclasses.replace(made, model=still)).perplexity.values
    np.testing.assert_allclose(fixed[:, 1], fixed[:, 0], rtol=1e-5)
    assert not np.allclose(fixed[:, 0], result.perplexity.values[:, 0], rtol=1e-3)


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"tokenizer": "bytes"}, "model.classes = 257: .* has 41 tokens"),
        ({"first_token": 41}, "model.first_token = 41: from 0 to 40"),
        ({"rank": -1}, "model.rank = -1"),
        ({"rank": 1, "adapts": ("head",)}, "model.adapts = head: not one of qkv"),
        ({"path": "/no/such/place"}, "model.path = /no/such/place: no such file"),
    ],
)
def test_what_does_not_fit_is_refused(folder, small_text, fields, words):
    with pytest.raises(RequestError, match=words):
        loop(fields.pop("path", folder), small_text, **fields)
