"""Folders of weights: whole, in shards, and damaged."""

import json

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from collapsebench.learning.language import weights
from collapsebench.specs.errors import RequestError
from tests.learning.language.conftest import MODELS, write


def test_shards_are_the_whole(tmp_path, tiny):
    own = weights.load(write(tmp_path / "shards", MODELS["gpt2"], shards=3))
    assert own.shape == tiny["gpt2"].shape
    jax.tree.map(np.testing.assert_array_equal, own.params, tiny["gpt2"].params)


def test_weights_are_named_by_their_digest(tmp_path, tiny):
    folder = write(tmp_path / "own", MODELS["opt"])
    again = weights.load(folder, sha256=tiny["opt"].sha256, dtype="bfloat16")
    assert again.params["tokens"].dtype == jnp.bfloat16
    with pytest.raises(RequestError, match="not 0123: other weights"):
        weights.load(folder, sha256="0123")


def config(**changes):
    return lambda folder: (folder / "config.json").write_text(json.dumps(MODELS["gpt2"]["config"] | changes))


def cut(size):
    def act(folder):
        path = folder / "model.safetensors"
        path.write_bytes(path.read_bytes()[:size])

    return act


def header(text, size=None):
    def act(folder):
        data = text.encode()
        (folder / "model.safetensors").write_bytes((len(data) if size is None else size).to_bytes(8, "little") + data)

    return act


def index(places):
    return lambda folder: (folder / "model.safetensors.index.json").write_text(json.dumps(places))


BAD = {
    "cut": (cut(3000), "damaged or no safetensors file"),
    "empty": (cut(0), "damaged or no safetensors file"),
    "huge header": (header("{}", 2**62), "damaged or no safetensors file"),
    "nested header": (header("[" * 100_000), "damaged or no safetensors file"),
    "offsets": (
        header('{"transformer.wte.weight": {"dtype": "F32", "shape": [41, 16], "data_offsets": [0, 9999999]}}'),
        "damaged or no safetensors file",
    ),
    "no tensors": (header("{}"), "tensor transformer.wte.weight is missing"),
    "family": (config(model_type="gpt3"), "model_type = gpt3: not one of opt, gpt2, llama, did you mean 'gpt2'"),
    "no family": (config(model_type=None), "model_type is missing"),
    "layers": (config(n_layer=10**9), "n?layers = 1000000000: a whole number from 1 to 512"),
    "more layers": (config(n_layer=3), "tensor transformer.h.2.ln_1.weight is missing"),
    "shape": (config(n_positions=21), r"wpe.weight has shape \(20, 16\), where config.json asks for \(21, 16\)"),
    "heads": (config(n_head=5), "heads = 5: it must divide width = 16"),
    "word": (config(n_embd="wide"), "n_embd is 'wide', where a int has to stand"),
    "activation": (config(activation_function="mish"), "activation_function = mish: only relu"),
    "scaled": (config(scale_attn_by_inverse_layer_idx=True), "only False is supported"),
    "no JSON": (lambda folder: (folder / "config.json").write_text("{" * 10), "it is no JSON"),
    "bomb": (lambda folder: (folder / "config.json").write_text("[" * 10**6), "it is no JSON"),
    "list": (lambda folder: (folder / "config.json").write_text("[]"), "it is no JSON object"),
    "no config": (lambda folder: (folder / "config.json").unlink(), "config.json: No such file"),
    "no weights": (lambda folder: (folder / "model.safetensors").unlink(), "it has no .*safetensors file"),
    "way out": (index({"weight_map": {"a": "../other.safetensors"}}), "is no name of a .safetensors file"),
    "no map": (index({"weight_map": 3}), "weight_map is no object of file names"),
    "no shard": (index({"weight_map": {"a": "b.safetensors"}}), "b.safetensors"),
}


@pytest.mark.parametrize("case", BAD)
def test_damaged_folders_are_refused_in_one_line(case, tmp_path):
    spoil, words = BAD[case]
    folder = write(tmp_path, MODELS["gpt2"])
    spoil(folder)
    with pytest.raises(RequestError, match=words) as caught:
        weights.load(folder)
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 400


def test_no_folder_is_refused(tmp_path):
    with pytest.raises(RequestError, match="no such file or folder"):
        weights.load(tmp_path / "none")
    with pytest.raises(RequestError, match="dtype = int8: not one of float32"):
        weights.load(write(tmp_path / "own", MODELS["gpt2"]), dtype="int8")
