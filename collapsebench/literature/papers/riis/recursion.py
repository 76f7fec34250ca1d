"""Exact recursion of Riis (2026), theorem 2: laws of five tokens, of which a model sees three, under a selection."""

from __future__ import annotations

from functools import cache

import numpy as np

from collapsebench.literature.papers.riis.settings import LONG, SELECTED, SHORT, STEPS, SYMBOLS


def windows(law: np.ndarray, k: int) -> np.ndarray:
    """Law of k tokens in a row, at any place of a law of r tokens, [symbols] * r."""
    r = law.ndim
    places = [tuple(i for i in range(r) if not start <= i < start + k) for start in range(r - k + 1)]
    return np.asarray(sum(law.sum(axis=others) for others in places) / len(places))


def lifted(law: np.ndarray) -> np.ndarray:
    """Law of LONG tokens that the model of SHORT-grams says, which cuts a context that never occurred shorter."""
    grams = windows(law, SHORT)
    rows = [windows(grams, 1)]
    for k in range(2, SHORT + 1):
        own = windows(grams, k)
        total = own.sum(axis=-1, keepdims=True)
        rows.append(np.divide(own, total, out=np.broadcast_to(rows[-1], own.shape).copy(), where=total > 0))
    said = rows[0]
    for place in range(1, LONG):
        known = min(place, SHORT - 1)
        said = said[..., None] * rows[known].reshape((1,) * (place - known) + (SYMBOLS,) * (known + 1))
    return said


def gap(law: np.ndarray) -> float:
    """Bits of KL divergence of a law from what its own SHORT-grams say."""
    said, seen = lifted(law), law > 0
    return float((law[seen] * np.log2(law[seen] / said[seen])).sum())


def _grams(random: np.random.Generator, size: int, length: int) -> list[tuple[int, ...]]:
    """Different grams in the order of a set, which is that of the paper's weights."""
    found = set[tuple[int, ...]]()
    while len(found) < size:
        found.add(tuple(random.integers(0, SYMBOLS, size=length).tolist()))
    return list(found)


def _law(grams: list[tuple[int, ...]], weights: np.ndarray) -> np.ndarray:
    law = np.zeros((SYMBOLS,) * len(grams[0]))
    law[tuple(np.array(grams).T)] = weights
    return law


@cache
def gaps() -> dict[str, np.ndarray]:
    """Bits at each generation: of a corpus that is published as it is, and of one where a fixed law is selected.

    Settings, seeds and the order of the draws are those of the paper's code.
    """
    start = _law(_grams(np.random.default_rng(1), 25, SHORT), np.full(25, 1 / 25))
    random = np.random.default_rng(124)
    grams = _grams(random, 30, LONG)
    norm = _law(grams, random.dirichlet(np.ones(30)))
    found = {}
    for name, wanted in (("descriptive", None), ("normative", norm)):
        law, bits = lifted(start), []
        for _ in range(STEPS):
            bits.append(gap(law))
            law = (1 - SELECTED) * lifted(law) + SELECTED * (law if wanted is None else wanted)
        found[name] = np.array([*bits, gap(law)])
    return found
