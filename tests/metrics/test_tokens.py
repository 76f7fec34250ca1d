"""Diversity of text against independent computations over Python's own strings and counters."""

from collections import Counter

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import collapsebench as cb
from collapsebench.maths.estimators import tokens

CLASSES = 30


@pytest.fixture
def texts(random):
    """Two sets of blocks with many repeats, the last rows of the first without weight."""
    p = 1 / np.arange(1, CLASSES + 1)
    ours, theirs = (random.choice(CLASSES, (25, 12), p=p / p.sum()) for _ in range(2))
    ours[3] = theirs[5]
    ours[4, :6] = ours[4, 6:]
    w = np.r_[np.ones(20), np.zeros(5)].astype(np.float32)
    return ours, theirs, cb.Batch(jnp.asarray(ours), jnp.asarray(w)), cb.Batch(jnp.asarray(theirs), jnp.ones(25))


def grams(rows, length):
    return [tuple(row[i : i + length].tolist()) for row in rows for i in range(len(row) - length + 1)]


def entropy(items):
    count = np.array(list(Counter(items).values()))
    share = count / count.sum()
    return -(share * np.log(share)).sum() + (len(count) - 1) / (2 * count.sum())


@pytest.mark.parametrize("length", [pytest.param(1, marks=pytest.mark.slow), 3])
def test_grams_are_those_of_sets(texts, length):
    ours, theirs, data, source = texts
    own = grams(ours[:20], length)
    assert float(tokens.distinct_grams(data, length)) == pytest.approx(len(set(own)) / len(own))
    assert float(tokens.distinct_grams(data, length, 50)) == pytest.approx(len(set(own[:50])) / 50)
    known = set(grams(theirs, length))
    assert float(tokens.copied_grams(data, source, length)) == pytest.approx(np.mean([gram in known for gram in own]))
    rows = [grams([row], length) for row in ours[:20]]
    repeated = np.mean([1 - len(set(row)) / len(row) for row in rows])
    assert float(tokens.repeated_grams(data, length)) == pytest.approx(repeated, abs=1e-6)
    assert float(tokens.gram_entropy(data, length)) == pytest.approx(entropy(own), rel=1e-5)


def test_frequencies_are_those_of_counters(texts):
    ours, theirs, data, _source = texts
    count, real = (np.bincount(x.ravel(), minlength=CLASSES) for x in (ours[:20], theirs))
    np.testing.assert_array_equal(tokens.token_counts(data, CLASSES), count)
    real = real + 1
    p, q = count / count.sum(), real / real.sum()
    plugin = (p[p > 0] * np.log(p[p > 0] / q[p > 0])).sum()
    corrected = plugin - ((count > 0).sum() - 1) / (2 * count.sum())
    found = tokens.kl_of_counts(jnp.asarray(count, float), jnp.asarray(real, float))
    assert float(found) == pytest.approx(corrected, abs=1e-5)
    real[np.argmax(count)] = 0
    assert np.isinf(tokens.kl_of_counts(jnp.asarray(count, float), jnp.asarray(real, float)))
    top = np.sort(count)[::-1][:10]
    slope = np.polyfit(np.log(np.arange(1, 11)), np.log(top), 1)[0]
    assert float(tokens.rank_slope(jnp.asarray(count, float), 10)) == pytest.approx(-slope, rel=1e-4)
    exact = 1e6 * np.arange(1, 21) ** -1.3
    assert float(tokens.rank_slope(jnp.asarray(exact), 20)) == pytest.approx(1.3, rel=1e-4)


def test_the_correction_takes_the_bias_away(random):
    """Of 400 tokens of 30 kinds the plug-in's KL is (30 - 1) / 800 too large in the mean."""
    p = np.full(CLASSES, 1 / CLASSES)
    drawn = jnp.asarray(random.multinomial(400, p, size=4000), jnp.float32)
    found = np.asarray(jax.vmap(lambda c: tokens.kl_of_counts(c, jnp.asarray(p)))(drawn))
    assert abs(found.mean()) < 5 * found.std() / np.sqrt(4000) + 1e-3  # the next term is of order 1 / total^2
    assert found.mean() + 29 / 800 > 10 * found.std() / np.sqrt(4000)


METRICS = ("distinct_n", "repetition", cb.metrics.Copied(length=4), "unigram_kl", "entropy_rate", "zipf_exponent")


@pytest.mark.slow
def test_a_loop_of_bigrams_loses_its_variety():
    target = cb.targets.Text(tokenizer="bytes", block=16)
    experiment = cb.Experiment(
        target=target,
        model=cb.models.NGram(smoothing="maximum_likelihood"),
        n=100,
        generations=8,
        trajectories=8,
        metrics=METRICS,
        holdout=64,
    )
    result = cb.run(experiment)
    last = result.mean("trajectory").isel(generation=[0, -1])
    for name, falls in (("distinct_n", True), ("entropy_rate", True), ("unigram_kl", False)):
        first, end = last[name].values
        assert np.isfinite([first, end]).all()
        assert (end < first) == falls, name


def test_what_is_refused():
    for changes, why in (
        ({}, "it measures text"),
        ({"target": "text", "model": cb.models.NGram(order=1), "handover": "summary"}, "single rows"),
        ({"target": cb.targets.Text(block=1), "model": "ngram"}, "a block has 1 token"),
    ):
        with pytest.raises(cb.RequestError, match=why):
            cb.Experiment(metrics="distinct_n", **changes)
