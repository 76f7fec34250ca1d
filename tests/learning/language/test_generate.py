"""Generation over a cache against full evaluation, beam search against all continuations, draws against their law."""

import itertools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from collapsebench.learning.language import decoder
from collapsebench.learning.language.architecture import Decoder
from collapsebench.learning.language.decoding import Decoding, draw, nucleus, penalised
from collapsebench.learning.language.generate import beam_search, generate
from collapsebench.specs.errors import RequestError
from tests.learning.language.conftest import MODELS

KEY = jax.random.key(5)
logits = jax.jit(decoder.logits, static_argnums=0)


def by_hand(own, prompts, steps, decoding):
    """Draws with the same uniform numbers and no cache: everything is evaluated anew for every token."""
    uniforms = jax.random.uniform(KEY, (len(prompts), steps))
    text = jnp.concatenate([prompts, jnp.zeros((len(prompts), steps), prompts.dtype)], axis=1)
    for i in range(steps):
        place = prompts.shape[1] + i
        seen = jax.nn.one_hot(text[:, :place], own.shape.vocabulary).max(1) > 0
        token = decoding.choose(logits(own.shape, own.params, text)[:, place - 1], uniforms[:, i], seen)
        text = text.at[:, place].set(token)
    return np.asarray(text[:, prompts.shape[1] :])


@pytest.mark.slow
@pytest.mark.parametrize("name", [pytest.param("opt", marks=pytest.mark.slow), "llama"])
@pytest.mark.parametrize("length", [1, pytest.param(5, marks=pytest.mark.slow)])
def test_a_cache_gives_the_draws_of_full_evaluation(name, length, tiny, tokens):
    """Three sequences in groups of two, and two open caches one after the other."""
    own = tiny[name]
    prompts = jnp.concatenate([tokens, tokens[:1, ::-1]])[:, :length]
    decoding = Decoding(temperature=0.8, top_p=0.95, repetition=1.2)
    found = generate(own.shape, own.params, KEY, prompts, 8, decoding, group=2)
    np.testing.assert_array_equal(found, by_hand(own, prompts, 8, decoding))


@pytest.mark.slow
def test_several_open_caches_follow_each_other(monkeypatch):
    from collapsebench.learning.language import generate as module

    monkeypatch.setattr(module, "CHUNK", 3)
    shape = Decoder(vocabulary=7, context=12, width=8, layers=1, heads=2, positions="rotary")
    own = type("Own", (), {"shape": shape, "params": shape.random(KEY, spread=1.0)})
    prompts = jnp.array([[1], [4]])
    found = generate(shape, own.params, KEY, prompts, 11, Decoding(top_k=5))
    np.testing.assert_array_equal(found, by_hand(own, prompts, 11, Decoding(top_k=5)))


@pytest.mark.parametrize("name", [pytest.param(n, marks=[] if n == "gpt2" else pytest.mark.slow) for n in MODELS])
def test_greedy_and_beams_are_those_of_transformers(name, tiny, tokens):
    own, told = tiny[name], MODELS[name]
    greedy = generate(own.shape, own.params, KEY, tokens, 6, Decoding(top_k=1, repetition=1.7))
    np.testing.assert_array_equal(greedy, told["penalised"])
    np.testing.assert_array_equal(beam_search(own.shape, own.params, tokens, 6, 3)[0], told["beams"])


@pytest.mark.slow
@pytest.mark.parametrize("name", ["gpt2", pytest.param("llama", marks=pytest.mark.slow)])
def test_a_padded_prompt_is_the_prompt(name, tiny, tokens):
    own = tiny[name]
    short = generate(own.shape, own.params, KEY, tokens[:1, 3:8], 4, Decoding())
    junk = jnp.concatenate([jnp.full((1, 3), 9), tokens[:1, 3:8]], axis=1)
    found = generate(own.shape, own.params, KEY, junk, 4, Decoding(), pads=jnp.array([3]))
    np.testing.assert_array_equal(found, short)
    beams = [
        beam_search(own.shape, own.params, p, 3, 2, pads)
        for p, pads in ((tokens[:1, 3:8], None), (junk, jnp.array([3])))
    ]
    np.testing.assert_array_equal(beams[0][0], beams[1][0])
    np.testing.assert_allclose(beams[0][1], beams[1][1], rtol=1e-5)


@pytest.mark.slow
@pytest.mark.parametrize("stop", [None, 2])
def test_beams_enough_find_the_likeliest_continuation(stop):
    """Vocabulary 4, three steps: 16 beams hold every beginning, so that nothing is lost."""
    shape = Decoder(vocabulary=4, context=6, width=8, layers=1, heads=2)
    params = shape.random(KEY, spread=1.5)
    prompt = jnp.array([[1, 3, 0]])
    every = np.array(list(itertools.product(range(4), repeat=3)), np.int32)
    whole = np.concatenate([np.repeat(prompt, len(every), 0), every], axis=1)
    logp = jax.nn.log_softmax(logits(shape, params, jnp.asarray(whole)))[:, 2:-1]
    own = np.array(jnp.take_along_axis(logp, jnp.asarray(every)[..., None], 2)[..., 0])
    valid = np.ones(len(every), bool)
    if stop is not None:
        for row, text in enumerate(every):
            ends = np.flatnonzero(text == stop)
            if len(ends):
                own[row, ends[0] + 1 :] = 0
                valid[row] = (text[ends[0] :] == stop).all()
    total = np.where(valid, own.sum(1), -np.inf)
    found, score = beam_search(shape, params, prompt, 3, 16, stop=stop)
    np.testing.assert_array_equal(found[0], every[total.argmax()])
    assert float(score[0]) == pytest.approx(total.max(), abs=1e-5)


def test_draws_have_their_law():
    """40000 draws of 23 tokens, within 5 standard errors; the law of a neighbouring token is over 10 away."""
    weights = np.arange(23.0) ** 2
    p = weights / weights.sum()
    uniforms = jax.random.uniform(KEY, (40000,))
    found = np.bincount(draw(jnp.log(jnp.asarray(weights))[None].repeat(40000, 0), uniforms), minlength=23) / 40000
    errors = np.sqrt(p * (1 - p) / 40000)
    assert (np.abs(found - p) <= 5 * errors).all()
    assert np.abs(np.roll(p, 1) - p).max() > 10 * errors.max()
    assert found[0] == 0


def test_filters_by_hand():
    p = jnp.log(jnp.array([[0.1, 0.4, 0.2, 0.3]]))
    kept = [np.isfinite(nucleus(p, share))[0].tolist() for share in (0.05, 0.4, 0.41, 0.75, 1.0)]
    assert kept == [[0, 1, 0, 0], [0, 1, 0, 0], [0, 1, 0, 1], [0, 1, 1, 1], [1, 1, 1, 1]]
    np.testing.assert_allclose(
        penalised(jnp.array([[2.0, -2.0, 2.0]]), jnp.array([[True, True, False]]), 2.0), [[1, -4, 2]]
    )
    tokens = Decoding(top_k=2).choose(p.repeat(200, 0), jax.random.uniform(KEY, (200,)), None)
    assert set(np.asarray(tokens).tolist()) == {1, 3}


def test_after_its_end_a_text_is_its_end(tiny):
    own = tiny["gpt2"]
    found = np.asarray(
        generate(own.shape, own.params, KEY, jnp.zeros((8, 1), jnp.int32), 19, Decoding(temperature=9.0, stop=3))
    )
    ended = np.maximum.accumulate(found == 3, axis=1)
    assert ended.any()
    assert (found[ended] == 3).all()


@pytest.mark.parametrize(
    ("decoding", "words"),
    [
        (Decoding(temperature=0.0), "decoding.temperature = 0.0: it must be above 0; top_k = 1 is its limit"),
        (Decoding(top_k=42), "decoding.top_k = 42: from 1 to the 41 tokens"),
        (Decoding(top_p=0.0), "decoding.top_p = 0.0: above 0, at most 1"),
        (Decoding(beams=3, top_p=0.5), "a beam search has no top_k, top_p and repetition"),
        (Decoding(stop=41), "decoding.stop = 41: from 0 to 40"),
    ],
)
def test_impossible_decoding_is_refused(decoding, words):
    with pytest.raises(RequestError, match=words):
        decoding.check(41)


def test_a_text_beyond_the_context_is_refused(tiny, tokens):
    own = tiny["opt"]
    with pytest.raises(RequestError, match="context = 20: 11 tokens and 11 more are longer"):
        generate(own.shape, own.params, KEY, tokens, 11, Decoding())
