"""Diversity of texts in files, against brute force and against numbers that NLTK gave."""

import itertools
import math
import zlib

import numpy as np
import pytest

import collapsebench as cb
from collapsebench.analysis import diversity

TEXTS = [
    "the cat sat on the mat", "the cat sat on the mat today", "a dog ate the cat on the mat",
    "the the the the", "nothing of that is here at all",
]  # fmt: skip
SELF_BLEU = 0.3772798726978291


def test_self_bleu_is_that_of_nltk():
    """NLTK 3.9: sentence_bleu with SmoothingFunction().method1, each text against the others."""
    assert diversity.self_bleu([t.split() for t in TEXTS]) == pytest.approx(SELF_BLEU, rel=1e-12)


def test_measures_by_hand():
    found = cb.diversity(TEXTS, ["the cat sat on a mat", "at all"])
    words = [t.split() for t in TEXTS]
    every = [w for t in words for w in t]
    assert found["distinct_1"] == len(set(every)) / len(every)
    assert found["vocabulary"] == len(set(every))
    joined = "\n".join(TEXTS).encode()
    assert found["compression_ratio"] == len(joined) / len(zlib.compress(joined, 9))
    assert found["longest_copy"] == np.mean([4, 4, 2, 1, 2])
    assert found["lost_words"] == 0
    assert found["near_duplicates"] == pytest.approx(2 / 5)  # 4 of 5 grams are shared
    assert math.isnan(cb.diversity(["one"])["self_bleu"])


def test_edit_distance_is_that_of_the_recursion(random):
    def slow(a, b):
        if not a or not b:
            return len(a) + len(b)
        return min(slow(a[1:], b) + 1, slow(a, b[1:]) + 1, slow(a[1:], b[1:]) + (a[0] != b[0]))

    for _ in range(40):
        a, b = ("".join(random.choice(list("ab&"), random.integers(0, 6))) for _ in range(2))
        assert diversity.edit_distance(a, b) == slow(a, b)
    texts = ["abc", "abd", "xyz"]
    pairs = [diversity.edit_distance(a, b) / 3 for a, b in itertools.combinations(texts, 2)]
    assert diversity.edit_diversity(texts) == pytest.approx(np.mean(pairs))


@pytest.mark.parametrize("wrong", ["one text", 3, [1], [], ["", " "]])
def test_what_is_no_texts_is_refused(wrong):
    with pytest.raises(cb.RequestError, match="texts"):
        cb.diversity(wrong)
