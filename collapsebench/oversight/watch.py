"""One watch: real rows and, one after another, generations; exact tests of every count against real and generation 0."""

from __future__ import annotations

import dataclasses
from collections import Counter

import numpy as np

from collapsebench.datasets.reading import Chunk, Source
from collapsebench.oversight import exact, words
from collapsebench.oversight.columns import Columns, Rows
from collapsebench.oversight.regions import FIRST, REST, Regions, nearest
from collapsebench.specs.errors import RequestError

LEARN = 20_000
"""Most real rows on which regions are learnt."""
FEWEST = 50
AGAINST = ("generation 0", "real")
CERTIFIED = 0.5
"""Odds, as a share of generation 0's, that a certified generation is known to exceed."""
COVERAGE = 0.5
COPIES = "rows as near to training rows as 1% of the real ones"
NEAR = 0.01


@dataclasses.dataclass
class Tally:
    """What is kept of a sample: counts and rows tried by test, places of categories, real rows that it covers, copies."""

    rows: int
    count: np.ndarray
    tried: np.ndarray
    categories: list[np.ndarray]
    covered: np.ndarray
    copies: int = 0
    looked: int = 0


class _Sample:
    """`size` random rows of a stream, in random order: those with the smallest of independent keys."""

    def __init__(self, size: int) -> None:
        self.size, self.keys = size, np.empty(0)
        self.parts: list[Rows] = []

    def add(self, rows: Rows, keys: np.ndarray) -> None:
        if len(self.keys) >= self.size:
            chosen = np.flatnonzero(keys < self.keys.max())
            rows, keys = rows.take(chosen), keys[chosen]
        self.parts.append(rows)
        self.keys = np.concatenate([self.keys, keys])
        if len(self.keys) > self.size:
            kept = np.argpartition(self.keys, self.size)[: self.size]
            self.parts = [self._joined().take(kept)]
            self.keys = self.keys[kept]

    def _joined(self) -> Rows:
        return Rows(*(np.concatenate([getattr(p, f.name) for p in self.parts]) for f in dataclasses.fields(Rows)))

    def rows(self) -> Rows:
        return self._joined().take(np.argsort(self.keys))


class Watch:
    """Counts and tests of a sequence of generations. `real` are rows that no model of the sequence was trained on."""

    def __init__(self, real: Source, seed: int, train: Source | None = None) -> None:
        self.seed, self.real, self.train = seed, real, train
        n = real.size
        if n < 2 * FEWEST:
            raise RequestError(f"{real.name}: row {n} is its last; the real rows must be at least {2 * FEWEST}")
        keys = self._keys(0).random(n)
        learn = min(n // 2, LEARN)
        self.threshold = np.partition(keys, learn)[learn]
        self.columns = Columns(self._learnt(keys), real.schema)
        self.regions: Regions | None = None

    def _keys(self, what: int) -> np.random.Generator:
        return np.random.default_rng([self.seed, what])

    def _learnt(self, keys: np.ndarray) -> Chunk:
        chunks, before = [], 0
        for chunk in self.real.chunks():
            chunks.append(chunk.take(keys[before : before + len(chunk)] < self.threshold))
            before += len(chunk)
        rng = self._keys(0)
        order = rng.permutation(sum(map(len, chunks)))
        joined = [np.concatenate([c.words[i] for c in chunks]) for i in range(len(chunks[0].words))]
        self.learnt = Chunk(np.concatenate([c.numbers for c in chunks])[order], tuple(c[order] for c in joined))
        return self.learnt

    def begin(self, rows: int) -> None:
        """Learn the regions, for generations of about so many rows, and count the other half of the real rows."""
        a = self.columns.encode(self.learnt)
        n = self.real.size - len(a)
        self.regions = Regions(a, self.columns, rows, min(rows, n))
        self.b = a.take(np.arange(0))
        if self.train is not None:
            rng, trained = self._keys(999_999), _Sample(REST)
            for chunk in self.train.chunks():
                trained.add(rows_ := self.columns.encode(chunk), rng.random(len(rows_)))
            self.trained = trained.rows()
            self.near = float(np.quantile(nearest(self.trained, a.take(np.arange(min(len(a), FIRST)))), NEAR))
            self.regions.add("copies", COPIES)
        self.reference = self.tally(self.real, 0, self.threshold, keep=True)
        self.reference.covered = self.regions.covered(self.b, a)
        self.weights = exact.family_weights(self.regions.families)

    def tally(self, source: Source, generation: int, above: float = -1.0, keep: bool = False) -> Tally:
        """Counts of a source's rows whose key is above a threshold; keys are those of the generation (0: real)."""
        assert self.regions is not None
        rng, regions = self._keys(generation), self.regions
        order, sample, n = self._keys(1_000_000 + generation), _Sample(FIRST + REST), 0
        total = np.zeros(regions.streamed, np.int64)
        categories = [np.zeros(len(known) + 1, np.int64) for known in self.columns.known]
        for chunk in source.chunks():
            if above > 0:
                chunk = chunk.take(rng.random(len(chunk)) >= above)
            rows = self.columns.encode(chunk)
            total, n = total + regions.count(rows), n + len(rows)
            sample.add(rows, order.random(len(rows)))
            for j, count in enumerate(categories):
                count += np.bincount(self.columns.places(rows.codes[:, j], j), minlength=len(count))
        drawn = sample.rows()
        if keep:
            self.b = drawn.take(np.arange(min(len(drawn), REST)))
        new, tried = regions.new(drawn)
        covered = regions.covered(self.b, drawn)
        own = Tally(n, np.append(total, new), np.append(np.full(regions.streamed, n), tried), categories, covered)
        if self.train is not None:
            own.looked = min(len(drawn), FIRST)
            own.copies = int((nearest(self.trained, drawn.take(np.arange(own.looked))) <= self.near).sum())
        return own

    def test(self, own: Tally, reference: Tally, tolerance: float) -> np.ndarray:
        """p-value of each test: rows in its region are no fewer than in the reference, within the tolerance."""
        assert self.regions is not None
        rho = np.append(np.full(self.regions.streamed, tolerance), min(tolerance, 0.8))
        p = exact.lower_tails(own.count, own.tried, reference.count, reference.tried, rho)
        enough = own.rows >= 2 * self.regions.half  # fewer rows hold fewer combinations, whatever their model
        for was, now in zip(reference.covered, own.covered, strict=True):
            lost, gained = int((was & ~now).sum()), int((now & ~was).sum())
            p = np.append(p, exact.matched_tail(lost, gained, min(tolerance, COVERAGE)) if enough else 1.0)
        if self.train is not None:  # a rise: the reference has no fewer
            p = np.append(p, exact.lower_tail(reference.copies, reference.looked, own.copies, own.looked, tolerance))
        return p

    def certificate(self, own: Tally, reference: Tally) -> float:
        """Largest p-value, over the regions, of the hypothesis that its odds are at most CERTIFIED times the reference's.

        All regions hold more where it is small, without a share of alpha for each: it takes all tests to say so.
        """
        assert self.regions is not None
        cells = zip(own.count, own.tried, reference.count, reference.tried, strict=True)
        first = list(cells)[: self.regions.streamed]
        return max((exact.upper_tail(*map(int, cell), CERTIFIED) for cell in first), default=1.0)

    def kept(self, own: Tally, reference: Tally) -> np.ndarray:
        """Share of the reference's mass that each region still has; NaN where the reference has none."""
        with np.errstate(divide="ignore", invalid="ignore"):
            share = (own.count / own.tried) / (reference.count / reference.tried)
            share = np.append(share, own.covered.mean(axis=1) / reference.covered.mean(axis=1))
            if self.train is None:
                return share
            return np.append(
                share, np.float64(own.copies / own.looked) / np.float64(reference.copies / reference.looked)
            )

    def lost_words(self, column: str, own: Tally, reference: Tally, most: int = 5) -> tuple[str, ...]:
        """The words of real texts that the reference has and a sample has not, those of most texts first."""
        j = self.columns.text_names.index(column)
        row = j + len(own.covered) - len(self.columns.text_names)
        texts = self.b.texts[reference.covered[row] & ~own.covered[row], j]
        found = Counter(words.key_word(text, self.columns.vocabulary[j]) for text in texts)
        return tuple(word for word, _ in found.most_common(most))
