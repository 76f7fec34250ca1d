"""GGUF files written byte by byte: every type against its formula, whole models, and damage."""

import struct

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from collapsebench.learning.language import decoder, gguf, weights
from collapsebench.specs.errors import RequestError
from tests.learning.language.conftest import MODELS, golden

logits = jax.jit(decoder.logits, static_argnums=0)

KINDS = {int: (4, "<I"), float: (6, "<f")}


def text(value):
    data = value.encode()
    return struct.pack("<Q", len(data)) + data


def entry(name, value):
    if isinstance(value, str):
        return text(name) + struct.pack("<I", 8) + text(value)
    if isinstance(value, list):
        return text(name) + struct.pack("<IIQ", 9, 8, len(value)) + b"".join(map(text, value))
    kind, code = KINDS[type(value)]
    return text(name) + struct.pack("<I", kind) + struct.pack(code, value)


def file(path, metadata, tensors, *, version=3, counts=None, magic=b"GGUF", offset=0):
    """A file of float32 tensors."""
    counts = (len(tensors), len(metadata)) if counts is None else counts
    head = magic + struct.pack("<IQQ", version, *counts) + b"".join(entry(k, v) for k, v in metadata.items())
    body = b""
    for name, a in tensors.items():
        body += b"\0" * (-len(body) % 32)
        head += text(name) + struct.pack("<I", a.ndim) + struct.pack(f"<{a.ndim}Q", *a.shape[::-1])
        head += struct.pack("<IQ", 0, len(body) + offset)
        body += a.astype("<f4").tobytes()
    path.write_bytes(head + b"\0" * (-len(head) % 32) + body)
    return path


METADATA = {
    "general.architecture": "llama", "llama.context_length": 20, "llama.embedding_length": 16, "llama.block_count": 2,
    "llama.attention.head_count": 4, "llama.attention.head_count_kv": 2, "llama.feed_forward_length": 24,
    "llama.rope.dimension_count": 4, "llama.rope.freq_base": 10000.0, "llama.attention.layer_norm_rms_epsilon": 1e-6,
}  # fmt: skip
RENAMED = {
    "embed_tokens": "token_embd", "model.norm": "output_norm", "lm_head": "output", "input_layernorm": "attn_norm",
    "post_attention_layernorm": "ffn_norm", "q_proj": "attn_q", "k_proj": "attn_k", "v_proj": "attn_v",
    "o_proj": "attn_output", "gate_proj": "ffn_gate", "up_proj": "ffn_up", "down_proj": "ffn_down",
}  # fmt: skip


def llama():
    """The golden Llama's weights under ggml's names, queries and keys in pairs as ggml wants them."""
    found = {}
    for name, a in golden.draw(MODELS["llama"]["shapes"]).items():
        layer = f"blk.{name.split('.')[2]}." if ".layers." in name else ""
        own = next(new for old, new in RENAMED.items() if old in name)
        if own in ("attn_q", "attn_k"):
            heads = 4 if own == "attn_q" else 2
            a = a.reshape(heads, 2, len(a) // heads // 2, -1).swapaxes(1, 2).reshape(a.shape)
        found[f"{layer}{own}.weight"] = a
    return found


def test_a_file_is_the_folder(tmp_path, tokens, expected):
    own = weights.load(file(tmp_path / "tiny.gguf", METADATA, llama()))
    found = logits(own.shape, own.params, tokens)
    np.testing.assert_allclose(found, expected["llama"], rtol=0, atol=1e-5)


def test_blocks_by_their_formula():
    """Q8_0: d q; Q4_1: d q + m, of which q[i] and q[i + 16] share a byte."""
    rng = np.random.default_rng(0)
    d, m = np.float16([0.5, 0.25]), np.float16([-2.0, 0.125])
    q = rng.integers(-128, 128, (2, 32))
    data = b"".join(d[i].tobytes() + q[i].astype(np.int8).tobytes() for i in range(2))
    found = gguf.dequantised(8, np.frombuffer(data, np.uint8))
    np.testing.assert_array_equal(found, (d[:, None].astype(np.float32) * q).ravel())
    q = rng.integers(0, 16, (2, 32))
    data = b"".join(
        d[i].tobytes() + m[i].tobytes() + bytes(int(q[i, j] | q[i, j + 16] << 4) for j in range(16)) for i in range(2)
    )
    found = gguf.dequantised(3, np.frombuffer(data, np.uint8))
    np.testing.assert_array_equal(found, (d[:, None].astype(np.float32) * q + m[:, None]).ravel())
    halves = rng.normal(size=5).astype(np.float16)
    np.testing.assert_array_equal(gguf.dequantised(1, np.frombuffer(halves.tobytes(), np.uint8)), halves)


HEAD = b"GGUF" + struct.pack("<IQQ", 3, 0, 1)
BAD = {
    "magic": ({"magic": b"GGML"}, "it begins with b'GGML'"),
    "version": ({"version": 1}, "version 1; 2 and 3 are read"),
    "tensors": ({"counts": (2**60, 10)}, f"{2**60} tensors, at most"),
    "entries": ({"counts": (1, 2**63)}, f"{2**63} entries, at most"),
    "offset": ({"offset": 2**62}, "ends behind the file"),
    "short": (HEAD[:20], "it has 20 bytes"),
    "empty": (b"", "it has 0 bytes"),
    "long name": (HEAD + struct.pack("<Q", 2**62), f"{2**62} bytes of text, at most"),
    "long list": (HEAD + text("a") + struct.pack("<IIQ", 9, 4, 2**50), f"{2**50} items, at most"),
    "list of lists": (HEAD + text("a") + struct.pack("<IIQIQ", 9, 9, 1, 9, 1), "unknown type 9"),
    "short list": (HEAD + text("a") + struct.pack("<IIQ", 9, 10, 1000), "8000 bytes are asked for and 0 are left"),
    "type": (HEAD + text("a") + struct.pack("<I", 77) + b"\0" * 8, "unknown type 77 of a value"),
    "twice": (b"GGUF" + struct.pack("<IQQ", 3, 0, 2) + 2 * entry("a", 1), "a stands in it twice"),
}


def refused(path, words):
    with pytest.raises(RequestError, match=words) as caught:
        weights.load(path)
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 400


@pytest.mark.parametrize("case", BAD)
def test_damaged_files_are_refused_in_one_line(case, tmp_path):
    spoiled, words = BAD[case]
    path = tmp_path / "bad.gguf"
    if isinstance(spoiled, bytes):
        path.write_bytes(spoiled)
    else:
        file(path, METADATA, llama(), **spoiled)
    refused(path, words)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"general.architecture": "qwen2"}, "general.architecture = qwen2: only llama is supported"),
        ({"llama.block_count": 3}, "tensor blk.2.attn_norm.weight is missing"),
        ({"llama.block_count": 2**31}, "layers = 513: a whole number from 1 to 512"),
        ({"llama.embedding_length": 32}, "token_embd.weight has shape"),
        ({"llama.attention.head_count": "4"}, "head_count is '4', where a int has to stand"),
        ({"general.alignment": 0}, "general.alignment = 0"),
        ({"llama.rope.scaling.type": "yarn"}, "llama.rope.scaling.type: only none"),
    ],
)
def test_what_cannot_be_is_refused_in_one_line(changes, words, tmp_path):
    refused(file(tmp_path / "bad.gguf", METADATA | changes, llama()), words)


def test_wherever_a_file_is_cut_it_is_refused(tmp_path):
    data = file(tmp_path / "whole.gguf", METADATA, llama()).read_bytes()
    path = tmp_path / "cut.gguf"
    for size in np.linspace(0, len(data) - 1, 60).astype(int):
        path.write_bytes(data[:size])
        refused(path, "damaged or no GGUF file")


def test_types_that_are_not_read_are_named(tmp_path):
    data = file(tmp_path / "a.gguf", METADATA, {"token_embd.weight": np.zeros((41, 16))}).read_bytes()
    place = data.index(b"token_embd.weight") + 17 + 4 + 16
    (tmp_path / "b.gguf").write_bytes(data[:place] + struct.pack("<I", 12) + data[place + 4 :])
    refused(tmp_path / "b.gguf", "token_embd.weight has ggml type 12; only F32, F16, Q4_1, Q8_0 are read")


def test_loading_keeps_half_precision(tmp_path):
    own = weights.load(file(tmp_path / "tiny.gguf", METADATA, llama()), dtype="bfloat16")
    assert own.params["layers"][1]["qkv"]["w"].dtype == jnp.bfloat16
