"""Diversity of texts in files, against brute force and against numbers that NLTK gave."""

import itertools
import math
import zlib

import numpy as np
import pytest

import collapsebench as cb
from collapsebench.analysis import diversity, likeness
from collapsebench.datasets.texts import brown, local

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


def test_the_longest_copy_is_that_of_every_length_tried(random):
    """40 pairs of small sets of texts over three words, of up to 20 words each; nothing to copy from gives 0."""
    for _ in range(40):
        texts, reference = (
            [tuple(random.choice(list(signs), random.integers(1, 20))) for _ in range(random.integers(1, 4))]
            for signs in ("abcd", "abc")
        )
        known = [{gram for own in reference for gram in likeness.grams(own, n)} for n in range(21)]
        longest = [max(n for n in range(21) if n == 0 or known[n] & set(likeness.grams(t, n))) for t in texts]
        assert likeness.longest_copy(texts, reference) == np.mean(longest)
    assert likeness.longest_copy(texts, []) == 0


def test_edit_distance_is_that_of_the_recursion(random):
    def slow(a, b):
        if not a or not b:
            return len(a) + len(b)
        return min(slow(a[1:], b) + 1, slow(a, b[1:]) + 1, slow(a[1:], b[1:]) + (a[0] != b[0]))

    for _ in range(40):
        a, b = ("".join(random.choice(list("ab&"), random.integers(0, 6))) for _ in range(2))
        assert likeness.edit_distance(a, b) == slow(a, b)
    texts = ["abc", "abd", "xyz"]
    pairs = [likeness.edit_distance(a, b) / 3 for a, b in itertools.combinations(texts, 2)]
    assert likeness.edit_diversity(texts) == pytest.approx(np.mean(pairs))


@pytest.mark.parametrize("wrong", ["one text", 3, [1], [], ["", " "]])
def test_what_is_no_texts_is_refused(wrong):
    with pytest.raises(cb.RequestError, match="texts"):
        cb.diversity(wrong)


def test_a_budget_and_labels():
    """By label every group is cut to the words of the smallest, so that their numbers compare."""
    found = cb.diversity(TEXTS, by=["b", "a", "b", "a", "b"])
    assert list(found) == ["a", "b"]
    first = cb.diversity([TEXTS[1], TEXTS[3]])  # 7 and 4 words
    assert {k: found["a"][k] for k in first} == pytest.approx(first, nan_ok=True)
    assert found["b"] == pytest.approx(cb.diversity([TEXTS[0], "a dog ate the cat"]), nan_ok=True)
    assert cb.diversity(TEXTS, budget=6)["vocabulary"] == 5
    for wrong, why in (
        ({"by": ["a"]}, "by: 1 label for 5 texts"),
        ({"by": "abcde"}, "by = 'abcde': it must be several"),
        ({"budget": 99}, "budget = 99: the texts have 32 words"),
        ({"budget": 0}, "budget = 0"),
    ):
        with pytest.raises(cb.RequestError, match=why):
            cb.diversity(TEXTS, **wrong)
    with pytest.raises(cb.RequestError, match="none of 'b'"):
        cb.diversity(["one", " "], by=["a", "b"])


def test_brown_is_told_apart_by_genre(tmp_path):
    """Labels are the genres of its documents, here of a folder with two of its files each in two genres."""
    for name, words in (
        ("ca01", "The/at jury/nn"),
        ("ca02", "said/vbd so/rb"),
        ("cb01", "No/rb no/rb"),
        ("cb02", "a/b a/b"),
    ):
        (tmp_path / "brown").mkdir(exist_ok=True)
        (tmp_path / "brown" / name).write_text(words)
    documents = local.TextFolder(("brown",), reader=brown._members).read(cb.datasets.where(tmp_path))
    found = cb.diversity([d.text for d in documents], by=[d.genre for d in documents])
    assert {genre: numbers["distinct_1"] for genre, numbers in found.items()} == {"editorial": 0.75, "news": 1}


def test_embeddings_against_numpy(random):
    """The Vendi score is that of the n x n matrix of cosines, whichever side is shorter; 1 for copies, n at right angles."""
    for n, d in ((6, 3), (4, 9)):
        x = random.normal(size=(n, d))
        numbers = cb.diversity([f"text {i}" for i in range(n)], embeddings=lambda texts, x=x: x)
        unit = x / np.linalg.norm(x, axis=1, keepdims=True)
        cosine = unit @ unit.T
        values = np.linalg.eigvalsh(cosine / n).clip(1e-300)
        assert numbers["vendi_score"] == pytest.approx(np.exp(-(values * np.log(values)).sum()), rel=1e-10)
        assert numbers["mean_cosine"] == pytest.approx(cosine[np.triu_indices(n, 1)].mean(), rel=1e-10)
    assert cb.diversity(["a"] * 3, embeddings=lambda t: np.ones((3, 2)))["vendi_score"] == pytest.approx(1)
    found = cb.diversity(["a", "b", "c"], embeddings=lambda t: 5 * np.eye(3))
    assert (found["vendi_score"], found["mean_cosine"]) == pytest.approx((3, 0))
    assert math.isnan(cb.diversity(["a"], embeddings=lambda t: np.ones((1, 2)))["mean_cosine"])


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        ("all-MiniLM-L12", "did you mean 'all-MiniLM-L6-v2'"),
        (lambda texts: np.zeros((5, 2)), "length 0"),
        (lambda texts: np.ones(5), r"shape \(5,\)"),
        (lambda texts: np.full((5, 2), np.nan), "not finite"),
    ],
)
def test_what_is_no_embedding_is_refused(wrong, why):
    with pytest.raises(cb.RequestError, match=why):
        cb.diversity(TEXTS, embeddings=wrong)
