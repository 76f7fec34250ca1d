"""What each column is, learnt from real rows: numbers, categories, texts, or the components of a wide table."""

from __future__ import annotations

import dataclasses
import hashlib

import numpy as np

from collapsebench.datasets.reading import Chunk, Schema
from collapsebench.oversight import words

WIDE = 40
"""Numbers of more columns (images, embeddings) are read by their COMPONENTS."""
COMPONENTS = 16
REPEATED = 0.6
"""A column whose distinct values are at most this share of its rows has categories."""


@dataclasses.dataclass(frozen=True)
class Rows:
    """Encoded rows: numbers [rows, d], shifted and scaled by the real rows' median and spread, codes [rows, c], texts."""

    x: np.ndarray
    codes: np.ndarray
    texts: np.ndarray

    def __len__(self) -> int:
        return len(self.x)

    def take(self, rows: np.ndarray) -> Rows:
        """The rows of an index."""
        return Rows(self.x[rows], self.codes[rows], self.texts[rows])


class Columns:
    """Encoder of chunks into `Rows`. names: of the numbers; categories: (name, codes, labels, counts) by column."""

    def __init__(self, real: Chunk, schema: Schema) -> None:
        numeric = [n for n, word in zip(schema.names, schema.words, strict=True) if not word]
        wordy = [n for n, word in zip(schema.names, schema.words, strict=True) if word]
        most = REPEATED * len(real)
        few = [len(set(column)) <= most for column in real.words]
        prose = [
            not f and np.mean([" " in text.strip() for text in c]) > 0.5 for f, c in zip(few, real.words, strict=True)
        ]
        self.common = [
            words.common_words(words.word_counts(list(column))) if p else None
            for p, column in zip(prose, real.words, strict=True)
        ]
        rest = (len(real) + 1) // 2  # not the rows whose words are compared: they would hold all of their own
        self.vocabulary = [
            words.word_counts(list(column[rest:]))
            for c, column in zip(self.common, real.words, strict=True)
            if c is not None
        ]
        self.text_names = [name for name, c in zip(wordy, self.common, strict=True) if c is not None]
        self.labelled = [i for i, f in enumerate(few) if f]
        self.left_out = [name for name, f, c in zip(wordy, few, self.common, strict=True) if not f and c is None]
        x = real.numbers
        whole = [
            j for j in range(x.shape[1]) if (x[:, j] == np.round(x[:, j])).all() and 1 < len(np.unique(x[:, j])) <= most
        ]
        self.whole = whole if x.shape[1] <= WIDE else []
        self.names = [
            *numeric,
            *(f"{n}: {f}" for n, c in zip(wordy, self.common, strict=True) if c for f in words.NAMES),
        ]
        raw = self._raw(real)
        self.kept = np.flatnonzero(np.ptp(raw, axis=0) > 0) if len(raw) else np.arange(raw.shape[1])
        self.names = [self.names[j] for j in self.kept]
        self.centre = np.median(raw[:, self.kept], axis=0)
        shifted = raw[:, self.kept] - self.centre
        self.axes = None
        if len(self.kept) > WIDE:
            _, _, v = np.linalg.svd(shifted - shifted.mean(0), full_matrices=False)
            self.axes = v[:COMPONENTS].T
            shifted = shifted @ self.axes
            self.names = [f"component {i + 1}" for i in range(shifted.shape[1])]
        self.scale = shifted.std(0)
        self.category_names = [numeric[j] for j in self.whole] + [wordy[i] for i in self.labelled]
        codes = self.encode(real).codes
        self.known, self.counts, self.labels = [], [], []
        values = [real.numbers[:, j] for j in self.whole] + [real.words[i] for i in self.labelled]
        for column, own in zip(codes.T, values, strict=True):
            known, first, count = np.unique(column, return_index=True, return_counts=True)
            self.known.append(known)
            self.counts.append(count)
            self.labels.append([f"{own[i]:g}" if isinstance(own[i], float) else str(own[i]) for i in first])

    def _raw(self, chunk: Chunk) -> np.ndarray:
        texts = [
            words.numbers(list(c), own) for c, own in zip(chunk.words, self.common, strict=True) if own is not None
        ]
        return np.column_stack([chunk.numbers, *texts]) if texts else chunk.numbers

    def encode(self, chunk: Chunk) -> Rows:
        """Rows of a chunk."""
        raw = self._raw(chunk)
        x = (raw if len(self.kept) == raw.shape[1] else raw[:, self.kept]) - self.centre
        x = (x if self.axes is None else x @ self.axes) / self.scale
        codes = [(chunk.numbers[:, j] + 0.0).view(np.int64) for j in self.whole]
        codes += [_hashed(chunk.words[i]) for i in self.labelled]
        texts = [column for column, own in zip(chunk.words, self.common, strict=True) if own is not None]
        return Rows(
            x,
            np.column_stack(codes) if codes else np.empty((len(chunk), 0), np.int64),
            np.column_stack(texts) if texts else np.empty((len(chunk), 0), object),
        )

    def places(self, codes: np.ndarray, column: int) -> np.ndarray:
        """Place of each code among the known ones of a column; their number for one that is not known."""
        known = self.known[column]
        place = np.minimum(np.searchsorted(known, codes), len(known) - 1)
        return np.where(known[place] == codes, place, len(known))


def _hashed(column: np.ndarray) -> np.ndarray:
    import pandas as pd

    codes, unique = pd.factorize(column)
    table = [
        int.from_bytes(hashlib.blake2b(str(u).encode(), digest_size=8).digest(), "little", signed=True) for u in unique
    ]
    return np.array(table, np.int64)[codes]
