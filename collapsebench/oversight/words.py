"""Numbers of a text: length, shares of distinct words and pairs, share of rare words, and a sketch of its words."""

from __future__ import annotations

import re
import zlib
from collections import Counter
from collections.abc import Sequence

import numpy as np

NAMES = ("length", "distinct words", "distinct pairs", "rare words", *(f"sketch {i + 1}" for i in range(6)))
RARE = 0.1
"""Share of the mass of words that the rarest hold."""


def tokens(text: str) -> list[str]:
    """Words and marks of a text, in lower case."""
    return re.findall(r"\w+|[^\w\s]", text.lower())


def distinct(words: Sequence[str], n: int) -> float:
    """Distinct-n: different runs of n words over all of them; 1 where there are none (Li et al., 2016)."""
    runs = list(zip(*(words[i:] for i in range(n)), strict=False))
    return len(set(runs)) / len(runs) if runs else 1.0


def word_counts(texts: Sequence[str]) -> Counter[str]:
    """How often each word is in these texts."""
    return Counter(word for text in texts for word in tokens(text))


def common_words(counts: Counter[str]) -> frozenset[str]:
    """The words without the rarest, which hold RARE of the mass."""
    left, common = RARE * sum(counts.values()), set(counts)
    for word, count in sorted(counts.items(), key=lambda item: (item[1], item[0])):
        left -= count
        if left < 0:
            break
        common.discard(word)
    return frozenset(common)


def key_word(text: str, counts: Counter[str]) -> str:
    """The word of a text that is rarest among those with a count of at least 2; empty where none has."""
    return min((w for w in tokens(text) if counts[w] > 1), key=lambda w: (counts[w], w), default="")


def numbers(texts: Sequence[str], common: frozenset[str]) -> np.ndarray:
    """NAMES of each text, [texts, names]; unknown words are rare."""
    table = np.zeros((len(texts), len(NAMES)))
    for row, text in zip(table, texts, strict=True):
        words = tokens(text)
        rare = sum(word not in common for word in words) / max(len(words), 1)
        row[:4] = np.log1p(len(words)), distinct(words, 1), distinct(words, 2), rare
        for word in words:
            place = zlib.crc32(word.encode())
            row[4 + place % 6] += (1 - 2 * (place >> 16 & 1)) / len(words) ** 0.5
    return table
