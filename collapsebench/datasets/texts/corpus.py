"""Corpus: documents of a text, split by document into a training part and a held-out part, overlap measured."""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Sequence

import numpy as np

from collapsebench.specs.errors import counted

HELD_OUT = 0.2
"""Share of the characters that only metrics see; the same documents on every machine."""
WINDOW = 64
"""Bytes of a passage that counts as common to both parts."""
KEPT = 8
"""One passage in so many is compared, the same ones wherever they stand."""
CHUNK = 1 << 14
MOST_OVERLAP = 0.5
"""Share of common passages above which the held-out part tells nothing that the training part does not."""
MOST_BYTES = 2**28
"""Bytes of text that are read at most; its tokens take four times as much memory, and a word table comes on top."""


@dataclasses.dataclass(frozen=True)
class Document:
    """A document: its text, its name, and a class such as its genre ("" where there is none)."""

    text: str
    name: str = ""
    genre: str = ""


@dataclasses.dataclass(frozen=True, eq=False)
class Corpus:
    """Documents of a text in two parts, by document; a text of a single document is cut at a line's end.

    overlap: share of the held-out part's passages of WINDOW bytes that stand in the training part too, from a sample of
    one in KEPT (0 for a text shorter than that). repeated: documents that were left out as copies of an earlier one.
    sha256: of the documents in their order, copies included, each in UTF-8 with a zero byte after it.
    """

    name: str
    train: tuple[Document, ...]
    held_out: tuple[Document, ...]
    sha256: str
    overlap: float
    repeated: int
    source: str
    licence: str

    @property
    def documents(self) -> tuple[Document, ...]:
        """Documents of both parts."""
        return self.train + self.held_out

    def __repr__(self) -> str:
        sizes = f"{len(self.train)} + {len(self.held_out)} documents"
        return f"Corpus({self.name!r}, {sizes}, source={self.source!r}, sha256={self.sha256!r})"


def corpus(documents: Sequence[Document], *, name: str, source: str, licence: str) -> Corpus:
    """Corpus of documents: copies left out, split, digested, overlap measured.

    Raises ValueError, half a line, where nothing is left to read or both parts say the same.
    """
    digest, seen, own = hashlib.sha256(), set(), []
    for document in documents:
        data = document.text.encode()
        digest.update(data + b"\0")
        fingerprint = hashlib.sha256(" ".join(document.text.split()).encode()).digest()
        if document.text.strip() and fingerprint not in seen:
            own.append(document)
        seen.add(fingerprint)
    if not own:
        raise ValueError("it holds no text")
    train, held_out = _cut(own[0]) if len(own) == 1 else _split(own)
    common = overlap(train, held_out)
    if common > MOST_OVERLAP:
        raise ValueError(
            f"{common:.0%} of its held-out passages stand in its training documents too: it repeats itself"
        )
    repeated = len(documents) - len(own)
    return Corpus(name, tuple(train), tuple(held_out), digest.hexdigest(), common, repeated, source, licence)


def _split(documents: list[Document]) -> tuple[list[Document], list[Document]]:
    """Documents in a random order that is the same everywhere are held out until they are HELD_OUT of the text."""
    wanted = HELD_OUT * sum(len(document.text) for document in documents)
    held: set[int] = set()
    size = 0
    for i in np.random.default_rng(0).permutation(len(documents))[:-1].tolist():
        if held and size + len(documents[i].text) / 2 > wanted:
            break
        held.add(i)
        size += len(documents[i].text)
    parts: tuple[list[Document], list[Document]] = ([], [])
    for i, document in enumerate(documents):
        parts[i in held].append(document)
    return parts


def _cut(document: Document) -> tuple[list[Document], list[Document]]:
    """The last HELD_OUT of a single document, from the end of a line or of a word on."""
    text = document.text
    at = max(1, round(len(text) * (1 - HELD_OUT)))
    for mark in ("\n", " "):
        if (found := text.find(mark, at, at + len(text) // 10)) >= 0:
            at = found + 1
            break
    if not text[at:]:
        raise ValueError(f"it holds {counted(len(text), 'character')}, too few for a part to hold out")
    return [dataclasses.replace(document, text=text[:at])], [dataclasses.replace(document, text=text[at:])]


def overlap(train: Sequence[Document], held_out: Sequence[Document]) -> float:
    """Share of the sampled passages of `held_out` that stand in `train` too."""
    ours = [_passages(document) for document in held_out]
    passages = np.concatenate(ours) if ours else np.zeros(0, np.uint64)
    if not passages.size:
        return 0.0
    known = np.unique(passages)
    common = np.zeros(known.size, bool)
    for document in train:
        common |= np.isin(known, _passages(document))
    return float(common[np.searchsorted(known, passages)].mean())


def _passages(document: Document) -> np.ndarray:
    """Hashes of the passages of a document that are compared: a polynomial's value modulo 2^64, one in KEPT of them."""
    data = np.frombuffer(document.text.encode(), np.uint8)
    base = np.uint64(0x9E3779B97F4A7C15)
    powers = np.cumprod(np.full(WINDOW, base, np.uint64))
    kept = [np.zeros(0, np.uint64)]
    for start in range(
        0, data.size - WINDOW + 1, CHUNK
    ):  # pieces that stay in a cache, each with its last passage whole
        piece = data[start : start + CHUNK + WINDOW - 1].astype(np.uint64) + np.uint64(1)
        value = np.zeros(piece.size - WINDOW + 1, np.uint64)
        for i in range(WINDOW):
            value += piece[i : i + value.size] * powers[i]
        value ^= value >> np.uint64(32)
        kept.append(value[value * base >> np.uint64(40) & np.uint64(KEPT - 1) == 0])
    return np.concatenate(kept)
