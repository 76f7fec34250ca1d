"""Loops of n-grams on text: survival of words against its law, every regime, and hard replacement of tokens."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import collapsebench as cb

UNIGRAM = cb.models.NGram(order=1, smoothing="maximum_likelihood")


def words_of(path, **fields):
    return cb.targets.Text(path, tokenizer="words", block=16, **fields).pinned()


def check_survival(target, assert_law, trajectories, generations):
    """By class of real count: the exact chain of one word, told from the law at one fit more."""
    classes = ((1, 1), (2, 2), (3, 5))
    experiment = cb.Experiment(
        target=target, model=UNIGRAM, handover="summary", n=target.blocks, trajectories=trajectories,
        generations=generations, holdout=1, metrics=tuple(cb.metrics.Survivors(*c) for c in classes),
    )  # fmt: skip
    result = cb.run(experiment)
    counts, n = np.asarray(target.prepare().token_counts), target.blocks * target.block
    fits = np.arange(1, generations)
    for name, (low, high) in zip(experiment.metric_names, classes, strict=True):
        own = counts[(counts >= low) & (counts <= high)]
        share = result[name].values
        np.testing.assert_allclose(share[:, 0], 1, rtol=2e-7)
        exact, late = (cb.theory.survival_law(n, fits[:, None] + more, own / n).mean(axis=1) for more in (0, 1))
        assert_law(share[:, 1:].astype(float), exact, late)
        branching = 1 - np.exp(-own * np.asarray(cb.theory.branching_rate_law(fits))[:, None])
        assert_law(share[:, 1:].astype(float), branching.mean(axis=1))


def test_words_survive_by_the_law_of_their_own_counts(small_text, assert_law):
    """Generation 0 holds the text's counts, so that generation g is g fits to draws away from them."""
    check_survival(words_of(small_text), assert_law, 400, 5)


@pytest.mark.slow
def test_words_of_the_python_documentation_survive_by_the_law(assert_law):
    check_survival(words_of("pydoc"), assert_law, 1000, 10)


@pytest.mark.slow
def test_counts_and_rows_lose_the_same_words(small_text, apart):
    """`samples` draws blocks, `summary` their counts; within 5 standard errors, and 10 from a generation later."""
    target = words_of(small_text)
    experiment = cb.Experiment(
        target=target, model=UNIGRAM, n=target.blocks, trajectories=200, generations=3, holdout=1, metrics=("distinct",)
    )
    shares = [cb.run(dataclasses.replace(experiment, handover=h)).distinct.values for h in ("samples", "summary")]
    for g in range(3):
        assert apart(shares[0][:, g], shares[1][:, g]) < 5
    assert apart(shares[0][:, 1], shares[1][:, 2]) > 10


@pytest.mark.slow
@pytest.mark.parametrize("regime", cb.REGIMES.names())
def test_every_regime_runs_on_text(small_text, regime):
    """Tables and sorted places, unconditional and prompted: a finite likelihood in every generation."""
    target = cb.targets.Text(small_text, tokenizer="characters", block=8)
    experiment = cb.Experiment(
        target=target,
        model="ngram",
        regime=regime,
        n=40,
        trajectories=2,
        generations=3,
        holdout=8,
        metrics=("nll", "bits_per_byte"),
    )
    for order, prompted in ((2, False), (4, True)):
        model = cb.models.NGram(order=order, prompted=prompted)
        try:
            rows = int(experiment.regime.capacity(40, 3)) if prompted else None
            result = cb.run(dataclasses.replace(experiment, model=model, n_real=rows))
        except cb.RequestError as refusal:
            pytest.fail(f"{regime}: {refusal}")
        assert np.isfinite(result.nll.values).all()
        assert (result.nll.values < np.log(30)).all()


def test_hard_replacement_has_the_variance_of_its_own_law(assert_law):
    """One step of M = 40 tokens, share .5: told from the soft mixture's a^2 and from half of a (2 - a)."""
    share, m, p, runs = 0.5, 40, 0.3, 40_000
    regime = cb.regimes.Turnover(share)
    ones = round(p * m)
    old = cb.Batch((jnp.arange(m) < ones).astype(jnp.int32).reshape(4, 10), jnp.ones(4))

    def step(key):
        new = cb.samplers.bernoulli(jax.random.fold_in(key, 1), p, (4, 10)).astype(jnp.int32)
        return regime.update(key, old, cb.Batch(new, jnp.ones(4)), None, 1)[1].x.mean()

    mean = np.asarray(jax.jit(jax.vmap(step))(jax.random.split(jax.random.key(3), runs)), float)
    law = (share + share * (1 - share) * m / (m - 1)) * p * (1 - p) / m
    wrong = share**2 * p * (1 - p) / m, share * (2 - share) / 2 * p * (1 - p) / m
    assert_law((mean - p) ** 2, law, *wrong)
    assert_law(mean, p)


def test_the_profile_tells_when_half_of_the_rare_words_are_gone(small_text):
    """By the law .632 are left after one refit and .469 after two."""
    target = words_of(small_text)
    experiment = cb.Experiment(
        target=target, model=UNIGRAM, handover="summary", n=target.blocks, trajectories=400, generations=5, holdout=1,
        metrics=tuple(cb.metrics.Survivors(*c) for c in ((1, 1), (2, 2), (3, 5))),
    )  # fmt: skip
    found = cb.profile(cb.run(experiment)).sel(event="rare tokens half lost")
    assert float(found["median"]) == 2
    assert (float(found.median_low), float(found.median_high)) == (2, 2)
    assert float(found.lost.sel(generation=1)) < 0.05


def test_perplexity_and_bits_per_byte_are_numpys(small_text):
    """To 1e-10, in float64: unigrams smoothed by Witten-Bell on all held-out blocks."""
    target = words_of(small_text)
    experiment = cb.Experiment(
        target=target, model=cb.models.NGram(order=1), handover="summary", n=target.blocks, trajectories=1, generations=1,
        metrics=("perplexity", "nll", "bits_per_byte"), holdout=target.held_out_rows(), x64=True,
    )  # fmt: skip
    result, own = cb.run(experiment), target.tokenised()
    with jax.enable_x64(True):
        held, train = (np.asarray(a) for a in (target.prepare().held_out, target.prepare().train))
    counts = np.bincount(train.ravel(), minlength=own.size).astype(float)
    kinds = (counts > 0).sum()
    nats = -np.log((counts + kinds / own.size) / (counts.sum() + kinds))[held]
    size = sum(len(own.piece(token)) for token in held.ravel())
    laws = {"nll": nats.mean(), "perplexity": np.exp(nats.mean()), "bits_per_byte": nats.sum() / np.log(2) / size}
    for name, law in laws.items():
        np.testing.assert_allclose(result[name].values, [[law]], rtol=1e-10)
