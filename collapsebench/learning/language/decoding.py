"""How the next token is chosen from logits: temperature, top-k, top-p, repetition penalty, and an exact draw."""

from __future__ import annotations

import math

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, Int

from collapsebench.specs.errors import RequestError
from collapsebench.specs.pytree import Number, spec, static, within

Logits = Float[Array, "batch vocabulary"]


@spec
class Decoding:
    """How tokens are chosen: draws at a `temperature`, or the likeliest continuation by beam search.

    top_k: only the k likeliest tokens (None: all; 1: always the likeliest). top_p: only the likeliest that together have
    that probability, after temperature and top_k (Holtzman et al., 2020; None: all; equally likely ones go together).
    repetition: logits of tokens that have occurred, prompt included, are divided by it if positive, else multiplied
    (Keskar et al., 2019; None: not). beams: width of a beam search, which draws nothing (None: draws). stop: token that
    ends a text, after which only it follows (None: none).
    """

    temperature: float = within(1.0, low=0)
    top_k: int | None = static(None)
    top_p: float | None = None
    repetition: float | None = None
    beams: int | None = static(None)
    stop: int | None = static(None, within=(0, math.inf))

    def check(self, vocabulary: int, name: str = "decoding") -> None:
        """Raise RequestError for a number out of range, or for a beam search with what only draws have."""
        if _known(self.temperature) and np.any(np.asarray(self.temperature) <= 0):
            raise RequestError(f"{name}.temperature = {self.temperature}: it must be above 0; top_k = 1 is its limit 0")
        for field in ("top_k", "beams"):
            value = getattr(self, field)
            if value is not None and not 1 <= value <= vocabulary:
                raise RequestError(f"{name}.{field} = {value}: from 1 to the {vocabulary} tokens")
        if _known(self.top_p) and not np.all((np.asarray(self.top_p) > 0) & (np.asarray(self.top_p) <= 1)):
            raise RequestError(f"{name}.top_p = {self.top_p}: above 0, at most 1")
        if _known(self.repetition) and np.any(np.asarray(self.repetition) <= 0):
            raise RequestError(f"{name}.repetition = {self.repetition}: it must be above 0")
        if self.stop is not None and not 0 <= self.stop < vocabulary:
            raise RequestError(f"{name}.stop = {self.stop}: from 0 to {vocabulary - 1}")
        if self.beams is not None and not (self.top_k is self.top_p is self.repetition is None):
            raise RequestError(f"{name}.beams = {self.beams}: a beam search has no top_k, top_p and repetition")

    def choose(
        self, logits: Logits, uniform: Float[Array, " batch"], seen: Bool[Array, "batch vocabulary"] | None
    ) -> Array:
        """Tokens [batch], one uniform number for each; seen: tokens that have occurred, for the repetition penalty."""
        if self.repetition is not None and seen is not None:
            logits = penalised(logits, seen, self.repetition)
        if self.top_k == 1:
            return logits.argmax(1).astype(jnp.int32)
        logits = logits / jnp.asarray(self.temperature, jnp.float32)
        if self.top_k is None:
            return draw(logits if self.top_p is None else nucleus(logits, self.top_p), uniform)
        best, tokens = jax.lax.top_k(logits, self.top_k)
        places = draw(best if self.top_p is None else nucleus(best, self.top_p), uniform)
        return jnp.take_along_axis(tokens, places[:, None], 1)[:, 0].astype(jnp.int32)


def _known(value: object) -> bool:
    """Whether a number is there and is one, not the leaf of a program."""
    return value is not None and not isinstance(value, jax.core.Tracer)


def penalised(logits: Logits, seen: Bool[Array, "batch vocabulary"], penalty: Number) -> Logits:
    """Logits with those of seen tokens made less likely."""
    return jnp.where(seen, jnp.where(logits > 0, logits / penalty, logits * penalty), logits)


def nucleus(logits: Logits, share: Number) -> Logits:
    """Logits of the fewest likeliest tokens that have at least a share of the probability; -inf for all others."""
    down = -jnp.sort(-logits, axis=1)
    p = jax.nn.softmax(down, axis=1)
    kept = (jnp.cumsum(p, axis=1) - p) < share
    least = jnp.where(kept, down, jnp.inf).min(1, keepdims=True)
    return jnp.where(logits >= least, logits, -jnp.inf)


def draw(logits: Logits, uniform: Float[Array, " batch"]) -> Int[Array, " batch"]:
    """Tokens by the inverse distribution function: first the block of tokens, then the token in it."""
    batch, size = logits.shape
    width = 2 ** max(2, round(math.log2(size) / 2))
    blocks = -(-size // width)
    e = jnp.exp(logits - logits.max(1, keepdims=True))
    e = jnp.pad(e, ((0, 0), (0, blocks * width - size))).reshape(batch, blocks, width)
    sums = _running(e.sum(2))
    goal = uniform * sums[:, -1]
    block = jnp.minimum((sums <= goal[:, None]).sum(1), blocks - 1)
    before = _at(sums, jnp.maximum(block - 1, 0))
    goal = goal - jnp.where(block > 0, before, 0)
    own = jnp.take_along_axis(e, block[:, None, None], 1)[:, 0]
    inner = _running(own)
    last = width - 1 - jnp.argmax(own[:, ::-1] > 0, axis=1)  # rounding must not reach a token of probability 0
    return (block * width + jnp.minimum((inner <= goal[:, None]).sum(1), last)).astype(jnp.int32)


def _running(a: Float[Array, "rows n"]) -> Float[Array, "rows n"]:
    n = a.shape[1]
    return a @ jnp.triu(jnp.ones((n, n), a.dtype)) if n <= 256 else jnp.cumsum(a, axis=1)


def _at(a: Float[Array, "rows n"], place: Int[Array, " rows"]) -> Float[Array, " rows"]:
    return jnp.take_along_axis(a, place[:, None], 1)[:, 0]
