"""Diversity of texts as they stand in files: what a person measures on samples of any language model."""

from __future__ import annotations

import math
import zlib
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import overload

import numpy as np

from collapsebench.analysis.embeddings import Embed, embedded, mean_cosine, vendi_score
from collapsebench.analysis.likeness import Words, grams, longest_copy, mean, near_duplicates
from collapsebench.specs.errors import RequestError, counted, shown

BLEU = 4
"""Longest gram of BLEU."""
COMPARED = 500
"""Texts of which every pair is compared, in self-BLEU and for near-duplicates: the first so many."""


@overload
def diversity(
    texts: Iterable[str], reference: Iterable[str] = ..., *, by: None = ..., words: Callable[[str], Words] = ...,
    budget: int | None = ..., embeddings: str | Embed | None = ...,
) -> dict[str, float]: ...  # fmt: skip


@overload
def diversity(
    texts: Iterable[str], reference: Iterable[str] = ..., *, by: Iterable[str], words: Callable[[str], Words] = ...,
    budget: int | None = ..., embeddings: str | Embed | None = ...,
) -> dict[str, dict[str, float]]: ...  # fmt: skip


def diversity(
    texts: Iterable[str], reference: Iterable[str] = (), *, by: Iterable[str] | None = None,
    words: Callable[[str], Words] = str.split, budget: int | None = None, embeddings: str | Embed | None = None,
) -> dict[str, float] | dict[str, dict[str, float]]:  # fmt: skip
    """Measures of how varied some texts are, by name; with `reference`, training texts, also how much is copied from them.

    distinct_1, _2, _3: distinct over all n-grams of words (within texts). self_bleu: mean BLEU-4 of a text against the
    others, high where they are alike. compression_ratio: bytes over bytes after zlib at level 9. vocabulary: different
    words. repetition_4: mean share of a text's 4-grams that it has had before. zipf_exponent: minus the slope of log count
    on log rank of the 1000 most frequent words. near_duplicates: share of texts that are nearly the same as another
    (Jaccard of 3-grams). With `embeddings`, "all-MiniLM-L6-v2" or a function texts -> vectors, of the whole texts:
    mean_cosine, of pairs of texts, and vendi_score, the effective number of different ones. longest_copy: mean number of
    words in a text's longest span that occurs in `reference`. copied_8: share of 8-grams that do. lost_words: share of the
    reference's words that do not occur.

    by: a label for each text, such as its genre; the measures are then those of each label's texts, by label. words: how
    a text is cut into words. budget: words that are counted, as nearly all measures depend on how many there are; with
    `by` as many as the label with the fewest has, else all. Raises RequestError for what is no texts.
    """
    own = _given("texts", texts)
    theirs = _cut(_given("reference", reference), words)
    if by is None:
        return _measures(own, theirs, words, budget, embeddings)
    labels = _given("by", by)
    if len(labels) != len(own):
        raise RequestError(f"by: {counted(len(labels), 'label')} for {counted(len(own), 'text')}")
    groups: dict[str, list[str]] = {}
    for label, text in zip(labels, own, strict=True):
        groups.setdefault(label, []).append(text)
    sizes = {label: sum(map(len, _cut(group, words))) for label, group in groups.items()}
    if not sizes or not all(sizes.values()):
        raise RequestError(f"texts: there are none of {shown(min(sizes, key=lambda s: sizes[s], default=''))}")
    budget = min(sizes.values()) if budget is None else budget
    return {label: _measures(groups[label], theirs, words, budget, embeddings) for label in sorted(groups)}


def _measures(
    texts: list[str], theirs: list[tuple[str, ...]], words: Callable[[str], Words], budget: int | None,
    embeddings: str | Embed | None,
) -> dict[str, float]:  # fmt: skip
    ours = _first(_cut(texts, words), budget)
    if not ours:
        raise RequestError("texts: there are none")
    found = {f"distinct_{n}": _distinct(ours, n) for n in (1, 2, 3)}
    joined = "\n".join(" ".join(text) for text in ours).encode()
    few = ours[:COMPARED]
    found |= {
        "self_bleu": self_bleu(few),
        "compression_ratio": len(joined) / len(zlib.compress(joined, 9)) if joined else math.nan,
        "vocabulary": float(len({word for text in ours for word in text})),
        "repetition_4": mean([1 - len(set(own)) / len(own) for text in ours if (own := grams(text, 4))]),
        "zipf_exponent": _zipf(Counter(word for text in ours for word in text)),
        "near_duplicates": near_duplicates(few),
    }
    if embeddings is not None:
        vectors = embedded([text for text in texts if text.strip()], embeddings)
        found |= {"mean_cosine": mean_cosine(vectors), "vendi_score": vendi_score(vectors)}
    if theirs:
        known = {gram for text in theirs for gram in grams(text, 8)}
        eights = [gram in known for text in ours for gram in grams(text, 8)]
        vocabulary = {word for text in theirs for word in text}
        found |= {
            "longest_copy": longest_copy(ours, theirs),
            "copied_8": mean(eights),
            "lost_words": len(vocabulary - {word for text in ours for word in text}) / len(vocabulary),
        }
    return found


def _given(field: str, texts: Iterable[str]) -> list[str]:
    if isinstance(texts, str) or not isinstance(texts, Iterable):
        raise RequestError(f"{field} = {shown(texts)}: it must be several texts, such as a list of strings")
    found = list(texts)
    for i, text in enumerate(found):
        if not isinstance(text, str):
            raise RequestError(f"{field}: {i} is no text but a {type(text).__name__}")
    return found


def _cut(texts: list[str], words: Callable[[str], Words]) -> list[tuple[str, ...]]:
    return [cut for text in texts if (cut := tuple(words(text)))]


def _first(texts: list[tuple[str, ...]], budget: int | None) -> list[tuple[str, ...]]:
    """The texts up to a number of words, the last one cut. Raises RequestError for fewer words than that."""
    if budget is None:
        return texts
    total = sum(map(len, texts))
    if not 1 <= budget <= total:
        raise RequestError(f"budget = {shown(budget)}: the texts have {counted(total, 'word')}; from 1 to that")
    found, left = [], budget
    for text in texts:
        if left <= 0:
            break
        found.append(text[:left])
        left -= len(text)
    return found


def _distinct(texts: Sequence[Words], n: int) -> float:
    every = [gram for text in texts for gram in grams(text, n)]
    return len(set(every)) / len(every) if every else math.nan


def _zipf(count: Counter[str]) -> float:
    top = np.array([times for _, times in count.most_common(1000)], float)
    if len(top) < 2:
        return math.nan
    return float(-np.polyfit(np.log(np.arange(1, len(top) + 1)), np.log(top), 1)[0])


def self_bleu(texts: Sequence[Words]) -> float:
    """Mean BLEU-4 of each text against all others, with a count of .1 in place of no match; 0 where not even a word is another's.

    Clipped by the most times that any other text has a gram, so that one pass over the texts is enough. Source: Papineni
    et al. (2002); Zhu et al. (2018), Texygen; smoothing 1 of Chen and Cherry (2014). NaN for fewer than two texts.
    """
    if len(texts) < 2:
        return math.nan
    logs = np.zeros(len(texts))
    for n in range(1, BLEU + 1):
        counts = [Counter(grams(text, n)) for text in texts]
        most: dict[tuple[str, ...], tuple[int, int]] = {}  # the two largest counts of a gram
        for count in counts:
            for gram, times in count.items():
                first, second = most.get(gram, (0, 0))
                most[gram] = (times, first) if times > first else (first, max(second, times))
        for i, count in enumerate(counts):
            matched = 0
            for gram, times in count.items():
                first, second = most[gram]
                matched += min(times, second if times == first else first)
            none = -math.inf if n == 1 else math.log(0.1)
            logs[i] += ((math.log(matched) if matched else none) - math.log(max(1, sum(count.values())))) / BLEU
    lengths = sorted(len(text) for text in texts)
    penalty = [min(0.0, 1 - _closest(lengths, len(text)) / len(text)) for text in texts]
    return float(np.exp(logs + penalty).mean())


def _closest(lengths: list[int], own: int) -> int:
    """The length, of the other texts, that is closest to a text's own; the shorter of two."""
    others = lengths.copy()
    others.remove(own)
    return min(others, key=lambda length: (abs(length - own), length))
