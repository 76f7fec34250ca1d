"""Riis (2026): the exact recursion by brute force over sequences, and what is read off the small loops."""

import itertools

import numpy as np
import pytest

from collapsebench.literature.papers.riis import Riis, recursion
from collapsebench.literature.papers.riis.claims import BOUND, frequency, trigrams_left, words_left
from collapsebench.literature.papers.riis.settings import COUNT, GAP, TOKENS


def test_the_recursion_is_that_of_sequences_one_by_one(random):
    """A sparse law of five tokens: its trigrams counted in dictionaries, and a text said from them token by token."""
    law = np.zeros((5,) * 5)
    for _ in range(12):
        law[tuple(random.integers(0, 5, 5))] += random.random()
    law /= law.sum()
    grams = {}
    for x in itertools.product(range(5), repeat=5):
        for start in range(3):
            grams[x[start : start + 3]] = grams.get(x[start : start + 3], 0) + law[x] / 3
    counts = {k: {} for k in (1, 2, 3)}
    for gram, weight in grams.items():
        for k in (1, 2, 3):
            for start in range(4 - k):
                own = gram[start : start + k]
                counts[k][own] = counts[k].get(own, 0) + weight / (4 - k)

    def chance(past, token):
        for known in range(min(2, len(past)), -1, -1):
            context = past[len(past) - known :]
            row = [counts[known + 1].get((*context, other), 0) for other in range(5)]
            if sum(row) > 0:
                return row[token] / sum(row)
        return None

    said = recursion.lifted(law)
    assert said.sum() == pytest.approx(1)
    for _ in range(200):
        x = tuple(random.integers(0, 5, 5))
        assert said[x] == pytest.approx(np.prod([chance(x[:i], x[i]) for i in range(5)]), abs=1e-12)


def test_the_published_gap_and_its_bound():
    found = recursion.gaps()
    assert found["normative"][-1] == pytest.approx(GAP, abs=0.005)
    assert found["normative"].max() < BOUND == pytest.approx(4.64, abs=0.005)
    assert (np.diff(found["descriptive"]) < 0).all()


@pytest.mark.slow
def test_what_is_read(run_smoke, verdicts_of, panels_of):
    results = run_smoke(Riis)
    p = frequency(results, 0.5)
    np.testing.assert_allclose(p * TOKENS, np.round(p * TOKENS), atol=1e-3)
    assert abs(p[:, 0].mean() - COUNT / TOKENS) < 5 * p[:, 0].std() / np.sqrt(len(p))
    for name in ("replaced", "kept", "original"):
        share = words_left(results, name)
        assert (share[:, 0] == 1).all()
        assert (share[:, 1] < 1).all()
    grams = trigrams_left(results)
    assert ((grams[:, 1:] > 0.2) & (grams[:, 1:] < 1)).all()
    verdicts = verdicts_of(Riis, results)
    assert verdicts["selection-keeps-bits"]["verdict"] == "reproduced"
    assert verdicts["two-protocols"]["verdict"] == "not run"
    assert len(panels_of(Riis, results)["riis"]) == 4
