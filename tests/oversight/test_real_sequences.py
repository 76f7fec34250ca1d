"""Real data in three loops: an n-gram model of text and a VAE of digits lose, a model with fresh data does not."""

import itertools
import pydoc_data.topics

import numpy as np
import pytest

import collapsebench as cb

pytestmark = pytest.mark.slow


def _sentences():
    """Sentences of Python's own manual, in random order."""
    text = " ".join(" ".join(pydoc_data.topics.topics.values()).split())
    found = [s.strip() for s in text.split(". ") if 5 <= len(s.split()) <= 40]
    return [found[i] for i in np.random.default_rng(0).permutation(len(found))]


def _bigrams(sentences):
    following = {}
    for sentence in sentences:
        words = ["", *sentence.split(), ""]
        for a, b in itertools.pairwise(words):
            following.setdefault(a, []).append(b)
    return following


def _text(following, n, rng):
    made = []
    while len(made) < n:
        words, word = [], ""
        while len(words) < 40 and (word := following[word][rng.integers(len(following[word]))]):
            words.append(word)
        made.append(" ".join(words))
    return made


def _ngram_loop(fresh, generations=12, n=600):
    sentences, rng = _sentences(), np.random.default_rng(1)
    real, rest = sentences[:1500], sentences[1500:]
    train, made = rest[:n], []
    for k in range(generations):
        made.append(_text(_bigrams(train), n, rng))
        train = rest[(k + 1) * 90 % 500 :][:n] if fresh else made[-1]
    return cb.monitor(real, made, horizon=generations - 1, against="generation 0")


def test_an_ngram_model_of_its_own_text_loses():
    assert _ngram_loop(fresh=False).first("losing") is not None


def test_an_ngram_model_of_fresh_text_does_not():
    assert _ngram_loop(fresh=True).first("losing") is None


def test_a_vae_of_digits_loses():
    digits = cb.datasets.load("digits").x / 16
    order = np.random.default_rng(2).permutation(len(digits))
    real, train = digits[order[:800]], digits[order[800:]]
    model = cb.models.VAE(dim=64, latent=4, hidden=(64,), draws="means")
    made = []
    for seed in range(8):
        train = cb.sample(model, cb.fit(model, train, seed), len(train), seed)
        made.append(train)
    assert cb.monitor(real, made, against="generation 0").first("losing") is not None
