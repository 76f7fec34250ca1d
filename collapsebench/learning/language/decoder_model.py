"""Base of the models of text that are decoders: loss, density, draws by a Decoding, and weights that are not trained."""

from __future__ import annotations

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int, PyTree

from collapsebench.learning.language.architecture import Decoder
from collapsebench.learning.language.decoder import block_nats
from collapsebench.learning.language.decoding import Decoding
from collapsebench.learning.language.generate import continue_blocks
from collapsebench.learning.network_model import NetworkModel
from collapsebench.learning.text_model import TextModel
from collapsebench.learning.training import Training, advance_training
from collapsebench.parts.part import Setting
from collapsebench.specs.errors import RequestError
from collapsebench.specs.pytree import Count, Key, Number

MOST_LOGITS = 2**27
"""Logits that a density holds at a time, 512 MiB in float32: a pretrained vocabulary times a holdout is more."""


class DecoderModel(TextModel, NetworkModel):
    """Base class of decoders. A derived class gives `shape`, and `first`, `frozen` and `whole` if they are others.

    Trajectories on a device are trained one after another, and what is frozen is there once for all of them.
    """

    decoding: Decoding
    truncation: Number

    @property
    def shape(self) -> Decoder:
        """The decoder's architecture. A derived class gives it."""
        raise NotImplementedError

    @property
    def first(self) -> int:
        """Token before a block's first; by default the last one, the end of a document."""
        return int(self.classes or 1) - 1

    @property
    def frozen(self) -> PyTree:
        """Weights that are not trained; by default none."""
        return ()

    def whole(self, frozen: PyTree, params: PyTree) -> PyTree:
        """All weights of the decoder; by default the parameters."""
        return params

    def check(self, experiment: Setting) -> None:
        """Raise RequestError for an architecture, decoding or training that cannot be."""
        super().check(experiment)
        self.shape.check("model")
        if not isinstance(self.decoding, Decoding):
            raise RequestError(f"model.decoding = {self.decoding!r}: it must be a Decoding(temperature=..., ...)")
        self.decoding.check(self.shape.vocabulary, "model.decoding")

    def loss(self, params: PyTree, key: Key, x: Int[Array, "n block"]) -> Float[Array, ""]:
        """Mean nats a token, of those that the model gives a probability of at most `truncation`; the others count 0."""
        return self._loss(self.frozen, params, x, self.truncation)

    def _loss(self, frozen: PyTree, params: PyTree, x: Int[Array, "n block"], truncation: Number) -> Float[Array, ""]:
        nats = self._nats(frozen, params, x)
        return jnp.where(nats < -jnp.log(truncation), 0, nats).mean()

    def _nats(self, frozen: PyTree, params: PyTree, x: Int[Array, "n block"]) -> Float[Array, "n block"]:
        return block_nats(self.shape, self.whole(frozen, params), x, self.first)

    def fit_piece(self, key: Key, state: PyTree, data: PyTree, start: Count, stop: Count) -> PyTree:
        def advance(
            key: Key, state: PyTree, data: PyTree, own: tuple[Training, Number, PyTree], start: Count, stop: Count
        ) -> PyTree:
            training, truncation, frozen = own

            def loss(params: PyTree, key: Key, x: Array) -> Array:
                return self._loss(frozen, params, x, truncation)

            return advance_training(key, state, loss, data, training, start, stop)

        one = jax.custom_batching.sequential_vmap(advance)
        return one(key, state, data, (self.training, self.truncation, self.frozen), start, stop)

    def continue_from(self, key: Key, params: PyTree, prompts: Int[Array, "n length"]) -> Int[Array, "n block"]:
        def made(key: Key, params: PyTree, prompts: Array, decoding: Decoding, frozen: PyTree) -> Array:
            own = self.whole(frozen, params)
            return continue_blocks(self.shape, own, key, prompts, int(self.block), decoding, self.first)

        return jax.custom_batching.sequential_vmap(made)(key, params, prompts, self.decoding, self.frozen)

    def log_prob(self, params: PyTree, x: Int[Array, "n block"]) -> Float[Array, " n"]:
        each = max(1, MOST_LOGITS // (x.shape[1] * self.shape.vocabulary))
        if each >= x.shape[0]:
            return -self._nats(self.frozen, params, x).sum(axis=1)
        return jax.lax.map(lambda row: -self._nats(self.frozen, params, row[None]).sum(), x, batch_size=each)

    def rows_per_fit(self, n: float) -> float:
        """Rows that one fit reads, for an estimate of time; each of its tokens counts as three rows of a small network."""
        return 3.0 * int(self.block) * super().rows_per_fit(n)

    def products(self) -> list[tuple[int, int, int]]:
        shape = self.shape
        layer = shape.shapes()["layers"][0]
        own = [(int(self.block), *layer[name]["w"]) for name in ("qkv", "out", "up", "down")]
        return [*own * shape.layers, (int(self.block), shape.width, shape.vocabulary)]
