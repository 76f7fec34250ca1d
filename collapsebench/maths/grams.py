"""N-grams of a large vocabulary: the places of token blocks sorted by the tokens before them.

No table of counts is made. A context of any length is a stretch of the sorted places, and what follows a random place of
the stretch is a draw of the maximum-likelihood model. Sums are over stretches, so that no digits are lost to a total.
"""

from __future__ import annotations

from collections.abc import Callable

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int

from collapsebench.maths import samplers
from collapsebench.maths.bisection import first_true
from collapsebench.maths.smoothing import smoothed
from collapsebench.maths.streams import part
from collapsebench.parts.data import Batch
from collapsebench.specs.pytree import Key, Number, spec, static


@spec
class SortedGrams:
    """Sorted places [size] of weighted blocks: before each token, and behind the last one of each block.

    keys[a - 1]: the token a before the place (`classes` before the block begins), by which places are sorted, the nearest
    first. token: what follows. after: the place behind that. Running sums within the stretch of an equal context of m
    tokens, m = 0 .. order: follows (weight that has a next token), held (weight), kinds (different next tokens).
    """

    keys: tuple[Int[Array, " size"], ...]
    token: Int[Array, " size"]
    after: Int[Array, " size"]
    follows: tuple[Float[Array, " size"], ...]
    held: tuple[Float[Array, " size"], ...]
    kinds: tuple[Float[Array, " size"], ...]
    classes: int = static()

    @property
    def order(self) -> int:
        """Length of the longest gram."""
        return len(self.keys)

    @property
    def size(self) -> int:
        """Number of places."""
        return self.token.shape[-1]

    @property
    def seen(self) -> Bool[Array, " classes"]:
        """Tokens that occur in the blocks."""
        return jnp.zeros(self.classes, bool).at[self.keys[0]].set(True, mode="drop")

    def stretches(self, context: Int[Array, "n length"]) -> list[tuple[Int[Array, " n"], Int[Array, " n"]]]:
        """Stretches [low, high) of the places behind a context's last m tokens, m = 0, 1, ... context: nearest first."""
        low, high = jnp.zeros(context.shape[0], jnp.int32), jnp.full(context.shape[0], self.size, jnp.int32)
        found = [(low, high)]
        for a in range(context.shape[1]):
            key, wanted = self.keys[a], context[:, a]
            first = first_true(lambda i, k=key, w=wanted: k[i] >= w, low, high, self.size)
            high = first_true(lambda i, k=key, w=wanted: k[i] > w, first, high, self.size)
            low = first
            found.append((low, high))
        return found

    def token_log_prob(self, x: Int[Array, "n block"], smoothing: str, strength: Number) -> Float[Array, "n block"]:
        """Log probability of each token after the ones before it in its block."""
        n, block = x.shape
        contexts = jnp.stack(_contexts(x, self.order, self.classes), axis=-1)
        found = self.stretches(contexts.reshape(n * (block + 1), self.order))
        dtype = self.follows[0].dtype
        lower = jnp.full((n, block), 1 / self.classes, dtype)
        place = jnp.arange(block)[None]
        for m in range(self.order):
            total = _total(self.follows[m], *found[m]).reshape(n, block + 1)[:, :-1]
            kinds = _total(self.kinds[m], *found[m]).reshape(n, block + 1)[:, :-1]
            count = _total(self.held[m + 1], *found[m + 1]).reshape(n, block + 1)[:, 1:]
            here = smoothed(count, total, kinds, lower, smoothing, strength, self.classes)
            lower = jnp.where(place >= m, here, lower)
        return jnp.where(lower > 0, jnp.log(jnp.where(lower > 0, lower, 1)), -jnp.inf)

    def tilted(self, temperature: Number) -> tuple[Float[Array, " size"], ...]:
        """`follows` with every token's count to the power 1 / temperature; at temperature 1 as it is."""

        def tilt(follows: tuple[Array, ...]) -> tuple[Array, ...]:
            own = jnp.diff(follows[-1], prepend=0)
            own = jnp.where(_starts(self.keys, self.order - 1), follows[-1], own)
            powers = []
            for m in range(self.order):
                begins = _starts(self.keys, m + 1)
                count = _last(self.held[m + 1], begins)[self.after]
                power = jnp.where(own > 0, jnp.exp(jnp.log(jnp.where(own > 0, count, 1)) * (1 / temperature - 1)), 0)
                powers.append(own * power)
            return _sums(powers, [_starts(self.keys, m) for m in range(self.order)])

        return jax.lax.cond(temperature == 1, lambda follows: follows, tilt, self.follows)

    def draw(
        self,
        key: Key,
        context: Int[Array, "n length"],
        block: int,
        smoothing: str,
        strength: Number,
        temperature: Number,
    ) -> Int[Array, "n block"]:
        """One block for each context (the last token last), of which the last order - 1 tokens count."""
        n, longest = context.shape[0], self.order - 1
        known = min(context.shape[1], longest)
        near = jnp.flip(context[:, context.shape[1] - known :], axis=1)
        near = jnp.pad(near, ((0, 0), (0, longest - known)), constant_values=self.classes)
        weights = self.tilted(temperature)

        def step(near: Array, i: Array) -> tuple[Array, Array]:
            found = self.stretches(near)
            own = part(key, i)
            low, high, m, uniform = self._level(part(own, 0), found, known + i, smoothing, strength)
            sums = [_at(w, high - 1) for w in weights]
            total = jnp.select([m == k for k in range(self.order)], sums, jnp.ones(n, sums[0].dtype))
            value = samplers.uniform(part(own, 1), (n,), total.dtype) * total

            def reached(at: Array) -> Array:
                here = [w[jnp.clip(at, 0, self.size - 1)] for w in weights]
                return jnp.select([m == k for k in range(self.order)], here, total) >= value

            place = jnp.minimum(first_true(reached, low, high, self.size), self.size - 1)
            drawn = jnp.where(uniform, self._any(part(own, 2), n), self.token[place])
            return jnp.concatenate([drawn[:, None], near], axis=1)[:, :longest], drawn

        return jax.lax.scan(step, near, jnp.arange(block))[1].T

    def _any(self, key: Key, n: int) -> Int[Array, " n"]:
        """n tokens, all alike."""
        value = samplers.uniform(key, (n,), self.follows[0].dtype)
        return jnp.minimum((value * self.classes).astype(jnp.int32), self.classes - 1)

    def _level(
        self, key: Key, found: list[tuple[Array, Array]], known: Array, smoothing: str, strength: Number
    ) -> tuple[Array, Array, Array, Bool[Array, " n"]]:
        """Stretch to draw from, the length of its context, and whether any token is drawn instead."""
        totals = [_total(self.follows[m], *found[m]) for m in range(self.order)]
        n = totals[0].shape[0]
        coins = samplers.uniform(key, (self.order, n), totals[0].dtype)
        m = jnp.full(n, -1, jnp.int32)
        for length in range(self.order):  # the longest context that occurs, or that a coin lets pass
            most = jnp.minimum(known, self.order - 1)
            if smoothing == "additive":
                stays = coins[length] * (totals[length] + strength * self.classes) <= totals[length]
                m = jnp.where((length == most) & (totals[length] > 0) & stays, length, m)
            else:
                kinds = _total(self.kinds[length], *found[length]) if smoothing == "witten_bell" else 0.0
                stays = coins[length] * (totals[length] + kinds) <= totals[length]
                m = jnp.where((length <= most) & (totals[length] > 0) & stays, length, m)
        low, high = (
            jnp.select([m == k for k in range(self.order)], [f[i] for f in found[: self.order]], 0) for i in (0, 1)
        )
        return low, high, m, m < 0


def sort_grams(data: Batch, order: int, classes: int) -> SortedGrams:
    """Sorted places of weighted blocks x [capacity, block]; rows of weight 0 are never found."""
    live = data.w > 0
    x = jnp.where(live[:, None], data.x, classes)
    rows, block = x.shape
    contexts = [jnp.where(live[:, None], key, classes).reshape(-1) for key in _contexts(x, order, classes)]
    size = rows * (block + 1)
    *keys, index = jax.lax.sort((*contexts, jnp.arange(size, dtype=jnp.int32)), num_keys=order + 1)
    place = index % (block + 1)
    weight = jnp.where(live, data.w, 0)[index // (block + 1)]
    follows = jnp.where(place < block, weight, 0)
    rank = jnp.zeros(size, jnp.int32).at[index].set(jnp.arange(size, dtype=jnp.int32))
    after = rank[jnp.where(place < block, index + 1, index)]
    token = jnp.pad(x, ((0, 0), (0, 1)))[index // (block + 1), place]
    own = tuple(keys)
    starts = [_starts(own, m) for m in range(order + 1)]
    kinds = [jnp.where(follows > 0, starts[m + 1][after], False).astype(weight.dtype) for m in range(order)]
    values = [follows] * order + [weight] * (order + 1) + kinds
    sums = _sums(values, [*starts[:-1], *starts, *starts[:-1]])
    token = jnp.where(token < classes, token, 0)
    return SortedGrams(own, token, after, sums[:order], sums[order : 2 * order + 1], sums[2 * order + 1 :], classes)


def _contexts(x: Int[Array, "n block"], order: int, classes: int) -> list[Int[Array, "n places"]]:
    """The token a before each place, a = 1 .. order, also behind the last token; `classes` before the block begins."""
    places = x.shape[1] + 1
    return [jnp.pad(x, ((0, 0), (a, 0)), constant_values=classes)[:, :places] for a in range(1, order + 1)]


def _starts(keys: tuple[Int[Array, " size"], ...], m: int) -> Bool[Array, " size"]:
    """Whether a place begins a stretch of equal contexts of m tokens."""
    first = jnp.arange(keys[0].shape[0]) == 0
    for key in keys[:m]:
        first = first | (key != jnp.roll(key, 1))
    return first


def _sums(values: list[Float[Array, " size"]], starts: list[Bool[Array, " size"]]) -> tuple[Float[Array, " size"], ...]:
    """Running sums of each that begin anew where its own `starts`."""

    def add(a: tuple[Array, Array], b: tuple[Array, Array]) -> tuple[Array, Array]:
        return jnp.where(b[1], b[0], a[0] + b[0]), a[1] | b[1]

    combine: Callable[..., tuple[Array, Array]] = add
    return tuple(jax.lax.associative_scan(combine, (jnp.stack(values), jnp.stack(starts)), axis=1)[0])


def _last(sums: Float[Array, " size"], starts: Bool[Array, " size"]) -> Float[Array, " size"]:
    """Of every place the last running sum of its stretch."""
    size = sums.shape[0]
    begin = jnp.where(starts, jnp.arange(size), size)
    following = jnp.append(jax.lax.cummin(begin, reverse=True)[1:], size)
    return sums[following - 1]


def _at(sums: Float[Array, " size"], place: Int[Array, " n"]) -> Float[Array, " n"]:
    return sums[jnp.clip(place, 0, sums.shape[0] - 1)]


def _total(sums: Float[Array, " size"], low: Int[Array, " n"], high: Int[Array, " n"]) -> Float[Array, " n"]:
    """Sum over a stretch, 0 over an empty one."""
    return jnp.where(high > low, _at(sums, high - 1), 0)
