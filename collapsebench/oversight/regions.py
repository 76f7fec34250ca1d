"""Regions learnt on one half of the real rows; every statistic is the number of rows of a sample in one of them."""

from __future__ import annotations

import numpy as np

from collapsebench.oversight import words
from collapsebench.oversight.columns import Columns, Rows

BLOCK = 1024
ANCHORS, CELLS = 200, 8
TAILS = (0.5, 0.2, 0.05, 0.01)
"""Shares of the real rows outside of the ellipsoids of the family `tail`."""
RAREST = (0.1, 0.4)
"""Mass of the rarest categories of a column, at most."""
ENOUGH = 25
"""Expected rows in a region below which it is not tested."""
UNTHREADED = 2**18
"""Multiplications of a matrix product up to which OpenBLAS uses one thread."""
FIRST, REST = 2000, 20_000
"""Most rows among which a new one is sought, and most rows that are looked at so."""


class Regions:
    """Tests by family and name, and their counts. `half`: rows in novelty's first part; `expected`: rows of a sample."""

    def __init__(self, a: Rows, columns: Columns, rows: int, expected: int) -> None:
        self.a, self.columns, d = a, columns, a.x.shape[1]
        self.families: list[str] = []
        self.names: list[str] = []
        self.half = min(min(len(a), rows) // 2, FIRST)
        if d:
            self._learn_numbers(a.x)
        self.rare = [_rarest(columns, j) for j in range(a.codes.shape[1])]
        for name in columns.category_names:
            self.add("rare", *(f"rarest {share:.0%} of {name}" for share in RAREST))
        share = self.inside(a).mean(0) if self.names else np.empty(0)
        self.tested = share * expected >= ENOUGH
        self.families = [f for f, kept in zip(self.families, self.tested, strict=True) if kept]
        self.names = [n for n, kept in zip(self.names, self.tested, strict=True) if kept]
        self.streamed = len(self.names)
        self.add("novelty", "rows unlike any other")
        if a.codes.shape[1]:
            self.add("coverage", "combinations of categories")
        self.add("coverage", *(f"words of {name}" for name in columns.text_names))
        first, second = a.take(np.arange(self.half)), a.take(np.arange(self.half, 2 * self.half))
        self.radius = float(np.median(nearest(first, second))) if d else 0.5

    def add(self, family: str, *names: str) -> None:
        """Name tests of a family, which are counted in this order."""
        self.families += [family] * len(names)
        self.names += names

    def _learn_numbers(self, x: np.ndarray) -> None:
        d = x.shape[1]
        self.low, self.high = np.quantile(x, [0.1, 0.9], axis=0)
        covariance = np.cov(x.T).reshape(d, d) + 1e-6 * np.eye(d)
        self.whiten = np.linalg.cholesky(np.linalg.inv(covariance))
        self.cut = np.quantile(np.square(x @ self.whiten).sum(1), [1 - share for share in TAILS])
        self.anchors = x[: min(ANCHORS, len(x) // 2)]
        self.to_anchors = np.vstack([-2 * self.anchors.T, np.square(self.anchors).sum(1)])
        others = x[len(self.anchors) :]
        self.reach = np.quantile(_squares(others, self.anchors).min(1), 0.95)
        self.add("tail", *(f"outermost {share:.0%}" for share in TAILS))
        self.add("column", *(f"ends of {name}" for name in self.columns.names))
        self.add("inside", "rows near real ones")
        self.add("cell", *(f"cell {i + 1}" for i in range(min(CELLS, len(self.anchors)))))
        for name in self.columns.names:
            if name.endswith((": rare words", ": distinct pairs")):
                self.add("words", f"many {name.split(': ')[1]} in {name.split(': ')[0]}")
        self.wordy = [j for j, n in enumerate(self.columns.names) if n.endswith((": rare words", ": distinct pairs"))]
        self.many = np.median(x[:, self.wordy], axis=0)

    def inside(self, rows: Rows) -> np.ndarray:
        """Whether each row is in each region that can be counted row by row, [rows, regions]."""
        x, parts = rows.x, []
        if x.shape[1]:
            far = _product(
                np.column_stack([x, np.ones(len(x))]), self.to_anchors
            )  # squared distances but for that to 0
            parts += [np.square(_product(x, self.whiten)).sum(1)[:, None] > self.cut, (x < self.low) | (x > self.high)]
            parts += [(far.min(1) + np.square(x).sum(1))[:, None] < self.reach]
            cells = min(CELLS, len(self.anchors))
            parts += [far[:, :cells].argmin(1)[:, None] == np.arange(cells)]
            parts += [x[:, self.wordy] >= self.many]
        for j, masks in enumerate(self.rare):
            parts.append(masks[:, self.columns.places(rows.codes[:, j], j)].T)
        return np.concatenate(parts, axis=1)

    def count(self, rows: Rows) -> np.ndarray:
        """Rows in each tested region, a block at a time so that it stays in cache."""
        total = np.zeros(self.streamed, np.int64)
        if not self.streamed:
            return total
        for start in range(0, len(rows), BLOCK):
            part = slice(start, start + BLOCK)
            block = Rows(rows.x[part], rows.codes[part], rows.texts[part])
            total += self.inside(block).sum(0)[self.tested]
        return total

    def new(self, sample: Rows) -> tuple[int, int]:
        """Rows of a random sample without a neighbour within `radius` among its first half, and how many were tried."""
        if len(sample) <= self.half:
            return 0, 0
        first = sample.take(np.arange(self.half))
        rest = sample.take(np.arange(self.half, min(len(sample), self.half + REST)))
        return int((nearest(first, rest) > self.radius).sum()), len(rest)

    def covered(self, real: Rows, sample: Rows) -> np.ndarray:
        """Whether the first rows of a sample, as many as of A, have what each real row has, [coverings, real rows].

        Its combination of categories; and in each column of texts, for half as many, its `words.key_word`, which the
        other half of A chooses: chosen by all of A, the words would be A's own, and every sample would miss some.
        """
        first, found = sample.take(np.arange(min(len(sample), 2 * self.half))), []
        if real.codes.shape[1]:
            have = {row.tobytes() for row in first.codes}
            found.append([row.tobytes() in have for row in np.ascontiguousarray(real.codes)])
        for j, counts in enumerate(self.columns.vocabulary):
            known = {word for text in first.texts[: self.half, j] for word in words.tokens(text)}
            found.append([words.key_word(text, counts) in known for text in real.texts[:, j]])
        return np.array(found, bool).reshape(len(found), len(real))


def _rarest(columns: Columns, column: int) -> np.ndarray:
    """Masks [RAREST, places] of the rarest categories; what is unknown is rare."""
    counts = columns.counts[column]
    order = np.argsort(counts, kind="stable")
    mass = np.cumsum(counts[order]) / counts.sum()
    masks = np.zeros((len(RAREST), len(counts) + 1), bool)
    for mask, most in zip(masks, RAREST, strict=True):
        mask[order[mass <= most]] = True
        mask[-1] = True
    return masks


def _product(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """x @ y as a stack of products so small that OpenBLAS starts no threads: at each block they cost more than they save."""
    rows = max(1, UNTHREADED // y.size)
    whole = len(x) // rows * rows
    stack = x[:whole].reshape(-1, rows, x.shape[1]) @ y
    return np.concatenate([stack.reshape(whole, y.shape[1]), x[whole:] @ y])


def _squares(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Squared distances [rows of x, rows of y]."""
    out = x @ (-2 * y.T)
    out += np.square(y).sum(1)
    out += np.square(x).sum(1)[:, None]
    return np.maximum(out, 0, out=out)


def nearest(known: Rows, rows: Rows) -> np.ndarray:
    """Distance of each row to the nearest known one; another category counts 1."""
    answer = np.empty(len(rows))
    for start in range(0, len(rows), 1000):
        part = slice(start, start + 1000)
        squares = _squares(rows.x[part], known.x) if known.x.shape[1] else np.zeros((len(rows.codes[part]), len(known)))
        squares = np.where(squares < 1e-12, 0, squares)
        for own, other in zip(rows.codes[part].T, known.codes.T, strict=True):
            squares += own[:, None] != other
        answer[part] = np.sqrt(squares.min(1))
    return answer
