"""Blocks of tokens by a Markov chain of fixed order in dense tables, and weighted counts of n-grams.

A block x_1 .. x_B has probability p(x_1) p(x_2 | x_1) ...: each token given the `order` - 1 before it, or as many as the
block has. Table m, [classes] * (m + 1), is indexed by m tokens of context, the oldest first, and the next token.
"""

from __future__ import annotations

import dataclasses
from typing import Self

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int

from collapsebench.maths import samplers
from collapsebench.maths.bisection import first_true
from collapsebench.maths.distributions.totals import whole_rows
from collapsebench.maths.numerics import deviance, divide, safe_log, xlogy
from collapsebench.maths.streams import part
from collapsebench.maths.sums import counts
from collapsebench.parts.data import POPULATION, Batch, Summary
from collapsebench.parts.distribution import Distribution
from collapsebench.specs.pytree import Key, Number, spec, static

Tables = tuple[Float[Array, "..."], ...]


@spec
class GramCounts(Summary):
    """Weighted counts of the grams of 1 to `order` tokens within blocks, and the weight of the blocks."""

    tables: Tables
    rows: Float[Array, ""]

    @property
    def weight(self) -> Float[Array, ""]:
        """Total weight, as a number of blocks."""
        return self.rows

    def scale(self, factor: Number) -> GramCounts:
        """The same statistics with every weight times `factor`."""
        return GramCounts(tuple(table * factor for table in self.tables), self.rows * factor)

    def concat(self, other: Self) -> GramCounts:
        """Statistics of both samples together."""
        pairs = zip(self.tables, other.tables, strict=True)
        return GramCounts(tuple(ours + theirs for ours, theirs in pairs), self.rows + other.rows)


@dataclasses.dataclass(frozen=True)
class GramCounter:
    """Maker of GramCounts for a fixed number of tokens and order, which the blocks themselves do not tell."""

    classes: int
    order: int
    block: int

    def of(self, data: Batch | GramCounts) -> GramCounts:
        """Counts of weighted blocks x [capacity, block]."""
        if isinstance(data, GramCounts):
            return data
        x = jnp.where((data.w > 0)[:, None], data.x, 0)
        tables = []
        for m in range(self.order):
            index = gram_index(x, m + 1, self.classes)
            w = jnp.broadcast_to(data.w[:, None], index.shape)
            table = counts(index.reshape(-1), w.reshape(-1), self.classes ** (m + 1))
            tables.append(table.reshape((self.classes,) * (m + 1)))
        return GramCounts(tuple(tables), data.w.sum())

    def draw(self, key: Key, distribution: Chain | Corpus, n: Number) -> GramCounts:
        """Counts of n blocks of order 1, drawn directly from the multinomial distribution of their tokens.

        Of a Corpus: its own counts where n is all of its blocks, for they are drawn without replacement; else as above,
        which is with replacement. For n that is not whole: the counts of `whole_rows(n)` blocks, scaled to weigh n.
        """
        own = distribution.counts if isinstance(distribution, Corpus) else distribution.probs[0]
        n = jnp.asarray(n, own.dtype)
        rows = whole_rows(n)
        drawn = lambda: samplers.multinomial(key, rows * self.block, own) * divide(n, rows)  # noqa: E731
        if isinstance(distribution, Corpus):
            return GramCounts((jax.lax.cond(n == distribution.blocks, lambda: own, drawn),), n)
        return GramCounts((drawn(),), n)

    def expect(self, distribution: Chain, n: Number) -> GramCounts:
        """Counts of an infinite sample with a weight of n blocks among infinite samples."""
        weight = jnp.asarray(n * POPULATION, distribution.probs[0].dtype)
        return GramCounts(tuple(table * weight for table in distribution.gram_means()), weight)


@spec
class Corpus(Distribution):
    """The tokens of a finite text: counts [classes] of its `blocks` blocks; a truth to no metric, only to draw from."""

    counts: Float[Array, " classes"]
    blocks: Float[Array, ""]
    block: int = static()

    @property
    def classes(self) -> int:
        return self.counts.shape[-1]

    @property
    def summary(self) -> GramCounter:
        return GramCounter(self.classes, 1, self.block)


@spec
class Chain(Distribution):
    """Markov chain of order len(probs) over blocks of `block` tokens; probs: conditional tables 0 .. order - 1.

    seen [classes]: tokens that occur in what it was fitted to, for whoever smooths them over; None: not known.
    """

    probs: Tables
    block: int = static()
    seen: Bool[Array, " classes"] | None = None

    @property
    def classes(self) -> int:
        return self.probs[0].shape[-1]

    @property
    def order(self) -> int:
        """Length of the longest gram: 1 for independent tokens."""
        return len(self.probs)

    @property
    def summary(self) -> GramCounter:
        return GramCounter(self.classes, self.order, self.block)

    @classmethod
    def uniform(cls, classes: int, order: int, block: int) -> Chain:
        """Independent tokens, all alike, in the tables of a chain of `order`."""
        tables = (jnp.full((classes,) * (m + 1), 1 / classes, jnp.result_type(float)) for m in range(order))
        return cls(tuple(tables), block, jnp.zeros(classes, bool))

    def sharpen(self, temperature: Number) -> Chain:
        """Every conditional distribution as p^(1/T) / Z at temperature T; T = 1 changes nothing."""

        def tilt(table: Array) -> Array:
            most = table.max(axis=-1, keepdims=True)
            tilted = jnp.where(table > 0, jnp.exp(safe_log(divide(table, most)) / temperature), 0)
            return tilted / tilted.sum(axis=-1, keepdims=True)

        probs = jax.lax.cond(temperature == 1, lambda t: t, lambda t: tuple(map(tilt, t)), self.probs)
        return Chain(probs, self.block, self.seen)

    def sample(self, key: Key, n: int) -> Int[Array, "n block"]:
        return self.continue_from(key, jnp.zeros((n, 0), jnp.int32))

    def continue_from(self, key: Key, context: Int[Array, "n length"]) -> Int[Array, "n block"]:
        """One block for each context of any length, of which the last order - 1 tokens count."""
        n, length = context.shape
        known = min(length, self.order - 1)
        if self.order == 1:
            return samplers.categorical_rows(key, self.probs[0], n * self.block).reshape(n, self.block)
        state, tokens = index_of(context[:, length - known :], self.classes), list[Array]()
        for m in range(known, self.order - 1):  # while the context grows
            token = _pick(part(key, m), _sums(self.probs[m]), state, self.classes)
            state, tokens = state * self.classes + token, [*tokens, token]
        tokens, last, sums = tokens[: self.block], self.classes ** (self.order - 2), _sums(self.probs[-1])

        def step(state: Array, i: Array) -> tuple[Array, Array]:
            token = _pick(part(key, self.order + i), sums, state, self.classes)
            return (state % last) * self.classes + token, token

        rest = jax.lax.scan(step, state, jnp.arange(self.block - len(tokens)))[1]
        return jnp.concatenate([jnp.stack(tokens, 1) if tokens else jnp.zeros((n, 0), jnp.int32), rest.T], axis=1)

    def log_prob(self, x: Int[Array, "n block"]) -> Float[Array, " n"]:
        """Log probability of each block; -inf where a token has probability 0 after its context."""
        return self.token_log_prob(x).sum(axis=1)

    def token_log_prob(self, x: Int[Array, "n block"]) -> Float[Array, "n block"]:
        """Log probability of each token after the ones before it in its block."""
        first = [self._log(m, x[:, : m + 1]) for m in range(min(self.order, x.shape[1]) - 1)]
        return jnp.concatenate([*first, self._log(min(self.order, x.shape[1]) - 1, x)], axis=1)

    def _log(self, m: int, x: Int[Array, "n length"]) -> Float[Array, "n places"]:
        return safe_log(self.probs[m].reshape(-1)[gram_index(x, m + 1, self.classes)])

    def _uses(self) -> Tables:
        """Expected number of times in a block that table m is drawn from, by context and token."""
        uses, joint = [], self.probs[0]
        for table in self.probs[1:]:
            uses.append(joint)
            joint = joint[..., None] * table

        def step(state: tuple[Array, Array], _: None) -> tuple[tuple[Array, Array], None]:
            joint, total = state
            joint = joint.sum(axis=0)[..., None] * self.probs[-1] if self.order > 1 else joint
            return (joint, total + joint), None

        more = max(0, self.block - self.order)
        return (*uses, jax.lax.scan(step, (joint, joint), None, length=more)[0][1])

    def gram_means(self) -> Tables:
        """Expected counts in a block of every gram of 1 to `order` tokens."""
        uses = self._uses()
        means = []
        for m in range(self.order):
            longer = (use.sum(axis=tuple(range(use.ndim - m - 1))) for use in uses[m:])
            means.append(sum(longer, jnp.zeros_like(self.probs[m])))
        return tuple(means)

    def entropy(self) -> Float[Array, ""]:
        """Entropy of a block in nats."""
        terms = (-divide(use, table) * xlogy(table, table) for use, table in zip(self._uses(), self.probs, strict=True))
        return sum((term.sum() for term in terms), jnp.zeros((), self.probs[0].dtype))

    def support(self) -> Float[Array, ""]:
        """Number of tokens that can be drawn without a context."""
        return (self.probs[0] > 0).sum(dtype=self.probs[0].dtype)

    def _longer(self, order: int) -> Chain:
        """The same chain with the tables of a higher order."""
        shapes = ((self.classes,) * (m + 1) for m in range(self.order, order))
        return Chain((*self.probs, *(jnp.broadcast_to(self.probs[-1], shape) for shape in shapes)), self.block)

    def kl(self, other: Chain) -> Float[Array, ""]:
        """KL(self || other) of a block in nats; inf if `other` cannot draw what `self` can."""
        order = max(self.order, other.order)
        ours, theirs = self._longer(order), other._longer(order)
        total = jnp.zeros((), self.probs[0].dtype)
        for use, p, q in zip(ours._uses(), ours.probs, theirs.probs, strict=True):
            context = use.sum(axis=-1)
            total += jnp.where(context > 0, context * deviance(p, q).sum(axis=-1), 0).sum()
        return total


def index_of(tokens: Int[Array, "n length"], classes: int) -> Int[Array, " n"]:
    """Place of each gram in a flat table, the oldest token first."""
    index = jnp.zeros(tokens.shape[0], jnp.int32)
    for i in range(tokens.shape[1]):
        index = index * classes + tokens[:, i]
    return index


def gram_index(x: Int[Array, "n block"], length: int, classes: int) -> Int[Array, "n places"]:
    """Place in a flat table of every gram of `length` tokens within each block."""
    places = max(0, x.shape[1] - length + 1)
    index = jnp.zeros((x.shape[0], places), jnp.int32)
    for i in range(length):
        index = index * classes + x[:, i : i + places]
    return index


def _sums(table: Float[Array, ...]) -> Float[Array, " places"]:
    """Running sums of every row of a table, in one row."""
    return jnp.cumsum(table, axis=-1).reshape(-1)


def _pick(key: Key, sums: Float[Array, " places"], state: Int[Array, " n"], classes: int) -> Int[Array, " n"]:
    """A token from the table's row of each state, by bisection of the row's running sums."""
    low = state * classes
    value = samplers.uniform(key, state.shape, sums.dtype) * sums[low + classes - 1]
    return jnp.minimum(first_true(lambda i: sums[i] >= value, low, low + classes, classes) - low, classes - 1)
