"""How much texts have in common: spans of words that are copied, near-duplicates, and edit distances."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence

import numpy as np

Words = Sequence[str]
NEAR = 0.8
"""Jaccard similarity of the sets of 3-grams from which on two texts are nearly the same."""


def grams(text: Words, n: int) -> list[tuple[str, ...]]:
    """The n-grams of a text, in order."""
    return [tuple(text[i : i + n]) for i in range(len(text) - n + 1)]


def mean(values: Sequence[float]) -> float:
    """Mean, NaN for none."""
    return float(np.mean(values)) if len(values) else math.nan


def near_duplicates(texts: Sequence[Words], similarity: float = NEAR) -> float:
    """Share of the texts whose set of 3-grams has a Jaccard similarity of at least `similarity` with another's."""
    sets = [frozenset(grams(text, 3)) or frozenset([tuple(text)]) for text in texts]
    where: dict[tuple[str, ...], list[int]] = {}
    for i, own in enumerate(sets):
        for gram in own:
            where.setdefault(gram, []).append(i)
    near = np.zeros(len(sets), bool)
    for i, own in enumerate(sets):
        shared = Counter(j for gram in own for j in where[gram] if j != i)
        near[i] = any(times / (len(own) + len(sets[j]) - times) >= similarity for j, times in shared.items())
    return float(near.mean())


def longest_copy(texts: Sequence[Words], reference: Sequence[Words]) -> float:
    """Mean over texts of the number of words in the longest span that occurs within one text of `reference`.

    Spans of 2^k words get a number each, from the numbers of their halves, so that any two spans compare by two numbers.
    Source: Karp, Miller and Rosenberg (1972).
    """
    numbers: dict[object, int] = {}
    every = [*reference, *texts]
    ends = np.cumsum([len(text) + 1 for text in every])  # after each text a sign of its own, which is in no other
    signs = (sign for i, text in enumerate(every) for sign in (*text, i))
    spans = [np.array([numbers.setdefault(sign, len(numbers)) for sign in signs], np.int64)]
    while 2 ** len(spans) <= max(map(len, texts), default=0):
        half, number = 2 ** (len(spans) - 1), spans[-1]
        spans.append(np.unique(_paired(number, number, half), return_inverse=True)[1].astype(np.int64))

    def of(n: int, start: int, end: int) -> np.ndarray:
        level = n.bit_length() - 1
        number = spans[level][start : end - 2**level + 1]
        return _paired(number, number, n - 2**level, len(spans[0]))

    border = int(ends[len(reference) - 1]) if reference else 0
    known: dict[int, np.ndarray] = {}
    found = []
    for text, end in zip(texts, ends[len(reference) :].tolist(), strict=True):
        longest = 0
        for step in 2 ** np.arange(len(text).bit_length())[::-1]:  # a span that is copied has shorter ones that are
            n = longest + int(step)
            if n <= min(len(text), border):
                known[n] = known[n] if n in known else of(n, 0, border)
                longest = n if np.isin(of(n, end - len(text) - 1, end - 1), known[n]).any() else longest
        found.append(longest)
    return mean(found)


def _paired(first: np.ndarray, second: np.ndarray, apart: int, most: int | None = None) -> np.ndarray:
    """One number for each two that stand `apart` from each other."""
    most = int(second.max(initial=0)) + 1 if most is None else most
    return first[: len(first) - apart] * most + second[apart:]


def edit_distance(first: Sequence[str], second: Sequence[str]) -> int:
    """Levenshtein distance: fewest insertions, deletions and substitutions that make one sequence the other."""
    row = np.arange(len(second) + 1)
    for i, sign in enumerate(first, 1):
        changed = row[:-1] + np.array([sign != other for other in second], int)
        least = np.minimum(changed, row[1:] + 1)
        # What an insertion after another one costs runs along the row: a minimum over all that come before.
        line = np.concatenate([[i], least]) - np.arange(len(second) + 1)
        row = np.minimum.accumulate(line) + np.arange(len(second) + 1)
    return int(row[-1])


def edit_diversity(texts: Sequence[str]) -> float:
    """Mean over pairs of the Levenshtein distance over the longer length. Source: Briesch et al. (2023)."""
    pairs = [(a, b) for i, a in enumerate(texts) for b in texts[:i]]
    return mean([edit_distance(a, b) / max(len(a), len(b), 1) for a, b in pairs])
