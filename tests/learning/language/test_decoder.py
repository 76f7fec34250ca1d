"""The decoder against `transformers`, its derivatives against JAX's own, perplexity against NumPy."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from collapsebench.learning.language import decoder, layers
from collapsebench.learning.language.architecture import PRESETS, Decoder, preset
from collapsebench.specs.errors import RequestError

logits = jax.jit(decoder.logits, static_argnums=0)


@pytest.mark.parametrize("name", ["opt", "gpt2", "llama", "llama_tied"])
def test_logits_are_those_of_transformers(name, tiny, tokens, expected):
    own = tiny[name]
    np.testing.assert_allclose(logits(own.shape, own.params, tokens), expected[name], rtol=0, atol=1e-5)


@pytest.mark.parametrize("name", ["gpt2", "llama"])
def test_shapes_are_those_of_the_weights(name, tiny):
    own = tiny[name]
    assert own.shape.count() == decoder.parameters(own.params)
    made = jax.eval_shape(own.shape.random, jax.random.key(0))
    assert jax.tree.map(jnp.shape, made) == jax.tree.map(jnp.shape, own.params)


def test_own_derivatives_are_those_of_jax():
    rng = np.random.default_rng(0)
    x, scale, bias = (jnp.asarray(rng.normal(size=s), jnp.float32) for s in ((6, 8), 8, 8))
    picked, weight = jnp.array([0, 3, 7, 2, 2, 1]), jnp.arange(6.0)

    def plain_norm(x, scale, bias):
        centred = x if bias is None else x - x.mean(-1, keepdims=True)
        y = centred / jnp.sqrt((centred**2).mean(-1, keepdims=True) + 1e-5) * scale
        return y if bias is None else y + bias

    pairs = [
        (lambda x, s, b: layers.norm(x, {"scale": s, "bias": b}, 1e-5), plain_norm),
        (lambda x, s, b: layers.norm(x, {"scale": s}, 1e-5), lambda x, s, b: plain_norm(x, s, None)),
        (lambda x, s, b: layers.gelu(x * s), lambda x, s, b: jax.nn.gelu(x * s, approximate=True)),
        (lambda x, s, b: layers.softmax(x * s), lambda x, s, b: jax.nn.softmax(x * s)),
        (
            lambda x, s, b: (layers.nats(x * s, picked) * weight)[:, None],
            lambda x, s, b: -(jax.nn.log_softmax(x * s)[jnp.arange(6), picked] * weight)[:, None],
        ),
    ]
    for ours, theirs in pairs:
        a, b = (
            jax.jit(jax.value_and_grad(lambda *v, f=f: jnp.sin(f(*v) + 0.3).sum(), (0, 1, 2)))(x, scale, bias)
            for f in (ours, theirs)
        )
        jax.tree.map(lambda u, v: np.testing.assert_allclose(u, v, rtol=1e-4, atol=1e-5), a, b)


def test_perplexity_is_that_of_numpy(tiny, expected):
    """Windows of 6 tokens, 4 apart, on 20: tokens 1 to 5 in the first window, then the last 4 of each."""
    own, text = tiny["gpt2"], np.random.default_rng(3).integers(0, 41, 20).astype(np.int32)
    total, scored = 0.0, 0
    for start in (0, 4, 8, 12):
        window = text[start : start + 6]
        scores = np.asarray(logits(own.shape, own.params, jnp.asarray(window[None])), np.float64)[0]
        logp = scores - np.log(np.exp(scores).sum(-1, keepdims=True))
        own_nats = -logp[np.arange(5), window[1:]]
        kept = own_nats if start == 0 else own_nats[-4:]
        total, scored = total + kept.sum(), scored + kept.size
    found, count = decoder.perplexity(own.shape, own.params, text, 6, 4)
    assert count == scored == 17
    assert float(found) == pytest.approx(total / scored, abs=1e-6)


@pytest.mark.slow
def test_a_block_has_a_probability():
    """exp(-nats) of all 3^2 blocks of two tokens sum to 1."""
    shape = Decoder(vocabulary=3, context=4, width=8, layers=1, heads=2)
    blocks = jnp.stack(jnp.meshgrid(jnp.arange(3), jnp.arange(3)), -1).reshape(9, 2)
    nats = decoder.block_nats(shape, shape.random(jax.random.key(0), spread=1.0), blocks, start=2)
    assert float(jnp.exp(-nats.sum(1)).sum()) == pytest.approx(1, abs=1e-5)


@pytest.mark.parametrize("size", PRESETS)
def test_presets_have_their_size(size):
    shape = preset(size, 257, 64)
    shape.check()
    body = shape.count() - (257 + 64) * shape.width
    assert body == pytest.approx(float(size[:-1]) * 1e6, rel=0.18)


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"heads": 5}, "model.heads = 5: it must divide width = 48"),
        ({"shared": 2}, "model.shared = 2: it must divide heads = 3"),
        ({"layers": 10**9}, "model.layers = 1000000000: a whole number from 1 to 512"),
        ({"activation": "gelu_new"}, "model.activation = gelu_new: not one of"),
        ({"positions": "rotary", "head_width": 3}, "do not split into pairs"),
    ],
)
def test_an_impossible_architecture_is_refused(fields, words):
    with pytest.raises(RequestError, match=words):
        Decoder(**fields).check()


def test_more_tokens_than_positions_are_refused(tiny):
    own = tiny["opt"]
    with pytest.raises(RequestError, match="context = 20: 21 tokens"):
        decoder.logits(own.shape, own.params, jnp.zeros((1, 21), jnp.int32))
    with pytest.raises(RequestError, match="context = 64: from 2 to 20"):
        decoder.perplexity(own.shape, own.params, np.zeros(100, np.int32), 64)
