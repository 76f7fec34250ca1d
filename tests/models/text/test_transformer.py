"""Transformer in the loop: its density, its sizes, what it learns, and its side by side trajectories."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import collapsebench as cb
from collapsebench.learning.language.decoder import block_nats, logits
from collapsebench.learning.language.decoding import Decoding
from collapsebench.learning.training import Training
from collapsebench.parts.data import Batch
from collapsebench.specs.errors import RequestError

TINY = cb.models.Transformer(
    width=8,
    layers=1,
    heads=2,
    classes=5,
    block=4,
    training=Training(steps=150, batch=8, rate=3e-2, schedule="cosine", pieces=2),
)


@pytest.mark.slow
def test_it_learns_a_cycle_and_says_it_again():
    """Rows 0 1 2 3 from a random start of the cycle: log 4 nats of the first token, none of the others; alone and in a `vmap`."""
    starts = np.arange(64) % 4
    rows = jnp.asarray((starts[:, None] + np.arange(4)) % 4, jnp.int32)
    keys = jax.random.split(jax.random.key(0, impl="threefry2x32"), 2)

    def fit(key):
        return TINY.fit(key, TINY.init(key), Batch(rows, jnp.ones(64)))

    both = jax.jit(jax.vmap(fit))(keys)
    alone = jax.jit(fit)(keys[1])
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a[1], b, atol=1e-4), both, alone)
    nats = -np.asarray(jax.jit(TINY.log_prob)(alone, rows[:4])).mean()
    assert np.log(4) <= nats < np.log(4) + 0.3  # their entropy is the least that any model has
    drawn = np.asarray(TINY.sample(keys[0], alone, 40))
    assert ((drawn[:, 1:] - drawn[:, :-1]) % 4 == 1).mean() > 0.9
    assert set(drawn[:, 0]) == {0, 1, 2, 3}


def test_it_takes_the_sizes_of_the_text():
    text = cb.targets.Text(tokenizer="bytes", block=16)
    own = cb.Experiment(
        name="own", target=text, model=cb.models.Transformer(size="0.1M"), n=8, holdout=8, metrics=("nll",)
    )
    assert (own.model.shape.vocabulary, own.model.shape.context, own.model.shape.width) == (257, 16, 48)


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"heads": 3}, "model.heads = 3: it must divide width = 32"),
        ({"size": "0.8m"}, "model.size = 0.8m: not one of 0.1M"),
        ({"decoding": Decoding(temperature=0.0)}, "model.decoding.temperature = 0.0"),
        ({"decoding": 0.5}, "model.decoding = 0.5: it must be a Decoding"),
        ({"norm": "batch"}, "model.norm = batch: not one of layer, rms"),
    ],
)
def test_what_cannot_be_is_refused(fields, words):
    with pytest.raises(RequestError, match=words):
        cb.Experiment(
            name="own",
            target=cb.targets.Text(block=16),
            model=cb.models.Transformer(**fields),
            n=8,
            holdout=8,
            metrics=("nll",),
        ).check()


@pytest.mark.slow
def test_prompts_are_continued_within_the_context():
    """Greedy: each half block is the likeliest behind the end token and the half block before it; and in a loop of rows."""
    own = dataclasses.replace(TINY, decoding=Decoding(top_k=1), prompted=True)
    key = jax.random.key(0, impl="threefry2x32")
    params = own.init(key)
    prompts = jnp.asarray([[0, 1, 2, 3], [3, 3, 1, 0]], jnp.int32)
    made = np.asarray(own.sample_from(key, params, 3, Batch(prompts, jnp.ones(2))))
    for row, prompt in zip(made, np.asarray(prompts)[[0, 1, 0]], strict=True):
        text = list(prompt)
        for half in range(2):
            known = text[-2:]
            for _ in range(2):
                before = jnp.asarray([[4, *known]], jnp.int32)
                known.append(int(np.asarray(logits(own.shape, params, before))[0, -1].argmax()))
            text += known[2:]
            assert list(row[2 * half : 2 * half + 2]) == text[-2:]


@pytest.mark.slow
@pytest.mark.parametrize("regime", [cb.regimes.Replace(), cb.regimes.Mix(0.25)])
def test_a_prompted_loop_runs_with_and_without_real_data(regime):
    text = cb.targets.Text(tokenizer="bytes", block=8)
    model = cb.models.Transformer(width=8, layers=1, prompted=True, training=Training(steps=3, batch=4))
    loop = cb.Experiment(
        name="own", target=text, model=model, regime=regime, n=12, trajectories=2, generations=3, holdout=8,
        metrics=("perplexity",), snapshots=(0, 2),
    )  # fmt: skip
    result = cb.run(loop)
    assert np.isfinite(result.perplexity.values).all()
    assert (result.sample_x.values[:, 0, :, :2] == result.sample_x.values[:, 1, :, :2]).all()
    with pytest.raises(RequestError, match="n_real = 13: a prompted draw continues a row of the last data set"):
        dataclasses.replace(loop, n_real=13).check()


@pytest.mark.slow
def test_a_truncated_loss_leaves_out_what_is_sure():
    """Two tokens: where the model gives the right one more than the threshold, nothing counts and nothing is learned."""
    model = cb.models.Transformer(width=8, layers=1, classes=3, block=2)
    params = model.init(jax.random.key(0))
    rows = jnp.asarray([[0, 1], [1, 1]], jnp.int32)
    nats = np.asarray(block_nats(model.shape, params, rows, model.first))
    middle = float(np.exp(-np.median(nats)))
    found = model.replace(truncation=middle).loss(params, jax.random.key(1), rows)
    np.testing.assert_allclose(found, np.where(np.exp(-nats) > middle, 0, nats).mean(), rtol=1e-6)
    nothing = jax.grad(model.replace(truncation=1e-9).loss)(params, jax.random.key(1), rows)
    assert not any(np.asarray(leaf).any() for leaf in jax.tree.leaves(nothing))
    np.testing.assert_allclose(model.loss(params, jax.random.key(1), rows), nats.mean(), rtol=1e-6)
