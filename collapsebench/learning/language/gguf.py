"""GGUF files: their metadata, and tensors of types F32, F16, Q8_0 and Q4_1; every count is checked before it is used.

Source: the GGUF specification and the block types of ggml (ggml-org/ggml, docs/gguf.md, src/ggml-common.h).
"""

from __future__ import annotations

import dataclasses
import math
import mmap
import struct
from pathlib import Path
from typing import Any

import numpy as np

from collapsebench.learning.language.architecture import MOST_LAYERS, Decoder
from collapsebench.learning.language.names import Reader
from collapsebench.specs.errors import RequestError, printable

NUMBERS = {0: "B", 1: "b", 2: "H", 3: "h", 4: "I", 5: "i", 6: "f", 7: "?", 10: "Q", 11: "q", 12: "d"}
STRING, ARRAY = 8, 9
MOST_ENTRIES, MOST_ITEMS, MOST_TENSORS = 2**12, 2**20, 2**16
BLOCKS = {0: ("F32", 1, 4), 1: ("F16", 1, 2), 3: ("Q4_1", 32, 20), 8: ("Q8_0", 32, 34)}
"""Name, numbers in a block and its bytes, by type."""


class _Cursor:
    """Reader of a buffer that never leaves it."""

    def __init__(self, data: mmap.mmap, path: Path) -> None:
        self.data, self.path, self.at = data, path, 0

    def wrong(self, why: str) -> RequestError:
        return RequestError(f"{self.path}: damaged or no GGUF file ({why}, at byte {self.at})")

    def take(self, size: int) -> bytes:
        if size > len(self.data) - self.at:
            raise self.wrong(f"{size} bytes are asked for and {len(self.data) - self.at} are left")
        self.at += size
        return bytes(self.data[self.at - size : self.at])

    def number(self, code: str) -> Any:
        return struct.unpack(f"<{code}", self.take(struct.calcsize(f"<{code}")))[0]

    def count(self, most: int, what: str) -> int:
        if (value := self.number("Q")) > most:
            raise self.wrong(f"{value} {what}, at most {most}")
        return int(value)

    def string(self) -> str:
        return self.take(self.count(len(self.data), "bytes of text")).decode("utf-8", "replace")

    def value(self, kind: int, nested: bool = False) -> object:
        if kind == STRING:
            return self.string()
        if kind == ARRAY and not nested:
            inner, count = self.number("I"), self.count(MOST_ITEMS, "items")
            if inner in NUMBERS:
                size = struct.calcsize(f"<{NUMBERS[inner]}")
                return np.frombuffer(self.take(count * size), np.dtype(f"<{NUMBERS[inner]}")).tolist()
            return [self.value(inner, nested=True) for _ in range(count)]
        if kind not in NUMBERS:
            raise self.wrong(f"unknown type {kind} of a value")
        return self.number(NUMBERS[kind])


@dataclasses.dataclass(frozen=True, eq=False)
class File:
    """A GGUF file: its metadata, and type, shape [rows, columns] or [columns] and first byte of each tensor."""

    path: Path
    metadata: dict[str, object]
    tensors: dict[str, tuple[int, tuple[int, ...], int]]
    data: mmap.mmap

    def tensor(self, name: str, shape: tuple[int, ...]) -> np.ndarray:
        """A tensor as float32, or float16 as it is. Raises RequestError for another shape than `shape`."""
        kind, found, at = self.tensors[name]
        if found != shape:
            raise RequestError(f"{self.path}: {name} has shape {found}, where the metadata ask for {shape}")
        values = dequantised(kind, np.frombuffer(self.data, np.uint8, _size(kind, shape), at)).reshape(shape)
        heads = {"attn_q": "head_count", "attn_k": "head_count_kv"}.get(name.split(".")[-2])
        return (
            values
            if heads is None
            else _unpaired(values, Reader(self.metadata, self.path).get(f"llama.attention.{heads}", int))
        )


def _size(kind: int, shape: tuple[int, ...]) -> int:
    _, numbers, size = BLOCKS[kind]
    return math.prod(shape) // numbers * size


def dequantised(kind: int, data: np.ndarray) -> np.ndarray:
    """Numbers of a tensor's bytes, one axis. Q8_0: d q; Q4_1: d q + m with q from 0 to 15, low half bytes first."""
    name, _, size = BLOCKS[kind]
    if name in ("F32", "F16"):
        return data.view("<f4" if name == "F32" else "<f2")
    rows = data.reshape(-1, size)
    scale = rows[:, :2].copy().view("<f2").astype(np.float32)
    if name == "Q8_0":
        return (scale * rows[:, 2:].view(np.int8)).ravel()
    least = rows[:, 2:4].copy().view("<f2").astype(np.float32)
    halves = np.concatenate([rows[:, 4:] & 15, rows[:, 4:] >> 4], axis=1)
    return (scale * halves + least).ravel()


def _unpaired(matrix: np.ndarray, heads: int) -> np.ndarray:
    """Rows of a query or key matrix with the pairs that turn together in two halves again, as Llama has them."""
    rows, columns = matrix.shape
    return matrix.reshape(heads, rows // heads // 2, 2, columns).swapaxes(1, 2).reshape(rows, columns)


def read(path: Path) -> File:
    """Metadata and places of the tensors of a GGUF file, of which nothing else is read yet.

    Raises RequestError for a file that is cut short, not GGUF, or says what cannot be.
    """
    if path.stat().st_size < 24:
        raise RequestError(f"{path}: damaged or no GGUF file (it has {path.stat().st_size} bytes)")
    with path.open("rb") as file:
        data = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    cursor = _Cursor(data, path)
    if (magic := cursor.take(4)) != b"GGUF":
        raise cursor.wrong(f"it begins with {magic!r}")
    if (version := cursor.number("I")) not in (2, 3):
        raise cursor.wrong(f"version {version}; 2 and 3 are read")
    tensors, entries = cursor.count(MOST_TENSORS, "tensors"), cursor.count(MOST_ENTRIES, "entries")
    metadata: dict[str, object] = {}
    for _ in range(entries):
        name = cursor.string()
        if name in metadata:
            raise cursor.wrong(f"{printable(name, 60)} stands in it twice")
        metadata[name] = cursor.value(cursor.number("I"))
    return File(path, metadata, _places(cursor, tensors, metadata), data)


def _places(cursor: _Cursor, count: int, metadata: dict[str, object]) -> dict[str, tuple[int, tuple[int, ...], int]]:
    found: dict[str, tuple[int, tuple[int, ...], int]] = {}
    for _ in range(count):
        name = cursor.string()
        shape = tuple(cursor.number("Q") for _ in range(_axes(cursor)))[::-1]
        kind, offset = cursor.number("I"), cursor.number("Q")
        if name in found:
            raise cursor.wrong(f"tensor {printable(name, 60)} stands in it twice")
        found[name] = kind, shape, offset
    align = metadata.get("general.alignment", 32)
    if not isinstance(align, int) or not 1 <= align <= 2**16:
        raise cursor.wrong(f"general.alignment = {printable(str(align), 40)}")
    start = -(-cursor.at // align) * align
    total = 0
    for name, (kind, shape, offset) in found.items():
        if kind not in BLOCKS:
            known = ", ".join(block[0] for block in BLOCKS.values())
            raise RequestError(f"{cursor.path}: {printable(name, 60)} has ggml type {kind}; only {known} are read")
        if 0 in shape or shape[-1] % BLOCKS[kind][1]:
            raise cursor.wrong(f"tensor {printable(name, 60)} of shape {shape} has no whole blocks")
        size = _size(kind, shape)
        total += size
        if start + offset + size > len(cursor.data) or total > len(cursor.data):
            raise cursor.wrong(f"tensor {printable(name, 60)} of shape {shape} ends behind the file")
        found[name] = kind, shape, start + offset
    return found


def _axes(cursor: _Cursor) -> int:
    axes = cursor.number("I")
    if not 1 <= axes <= 4:
        raise cursor.wrong(f"a tensor of {axes} axes")
    return int(axes)


def architecture(own: File) -> Decoder:
    """Architecture that a file's metadata give. Raises RequestError for another than Llama's."""
    read = Reader(own.metadata, own.path)
    if (family := read.get("general.architecture", str)) != "llama":
        raise RequestError(f"{own.path}: general.architecture = {family[:40]}: only llama is supported")
    if (own.metadata.get("llama.rope.scaling.type", "none")) != "none":
        raise RequestError(f"{own.path}: llama.rope.scaling.type: only none is supported")
    heads, width = read.get("llama.attention.head_count", int), read.get("llama.embedding_length", int)
    tokens = own.tensors.get("token_embd.weight")
    if tokens is None:
        raise RequestError(f"{own.path}: tensor token_embd.weight is missing")
    shape = Decoder(
        vocabulary=tokens[1][0], context=read.get("llama.context_length", int), width=width,
        layers=min(read.get("llama.block_count", int), MOST_LAYERS + 1), heads=heads,
        shared=read.get("llama.attention.head_count_kv", int, heads),
        head_width=read.get("llama.rope.dimension_count", int, 0), inner=read.get("llama.feed_forward_length", int),
        positions="rotary", theta=read.get("llama.rope.freq_base", float, 10000.0), activation="swiglu", norm="rms",
        epsilon=read.get("llama.attention.layer_norm_rms_epsilon", float), bias=False,
        tied="output.weight" not in own.tensors,
    )  # fmt: skip
    shape.check(str(own.path))
    return shape
