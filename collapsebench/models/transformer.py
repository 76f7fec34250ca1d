"""Transformer language model, trained from scratch."""

from __future__ import annotations

from typing import ClassVar

import jax
from jaxtyping import Array, Float, Int, PyTree

from collapsebench.learning.language.architecture import PRESETS, Decoder
from collapsebench.learning.language.decoder import block_nats
from collapsebench.learning.language.decoding import Decoding
from collapsebench.learning.language.generate import continue_blocks
from collapsebench.learning.network_model import NetworkModel
from collapsebench.learning.text_model import TextModel
from collapsebench.learning.training import Training, advance_training
from collapsebench.parts.model import Dials
from collapsebench.parts.part import Setting
from collapsebench.specs.errors import RequestError, nearest
from collapsebench.specs.pytree import Count, Key, Unnamed, spec, static
from collapsebench.specs.registry import MODELS


@MODELS.register("transformer")
@spec
class Transformer(TextModel, NetworkModel):
    """Decoder-only transformer of token blocks, whose first token follows the end of a document; draws by a Decoding.

    classes, block: those of the target, unless they are named. size: a preset of width, layers and heads, from "0.1M" to
    "30M" weights (None: the fields). positions: "learned" or "rotary". activation: "gelu", "relu" or "swiglu". norm:
    "layer" or "rms". shared: heads of keys and values (0: one for each head). Pre-norm, with a tied head.

    prompted: a draw continues a row of the last data set, half a block at a time, each behind the half block before it,
    since positions beyond a block are never trained.

    Trajectories on a device are trained one after another, since a core's cache holds the activations of one alone;
    `training.pieces` keeps a minibatch there too.
    Sources: Vaswani et al. (2017); Radford et al. (2019), whose random initial weights these are.
    """

    width: int = static(32)
    layers: int = static(2)
    heads: int = static(2)
    classes: int = static(Unnamed(257))
    block: int = static(Unnamed(64))
    size: str | None = static(None)
    positions: str = static("learned")
    activation: str = static("gelu")
    norm: str = static("layer")
    shared: int = static(0)
    decoding: Decoding = Decoding()
    training: Training = Training(steps=100, batch=16, rate=3e-3, decay=0.01, decoupled=True, pieces=8)
    start: PyTree = None
    prompted: bool = static(False)

    dials: ClassVar[Dials] = {
        "expressivity": ("width", (8, 16, 32)),
        "approximation": ("training.steps", (20, 50, 200, 1000)),
    }

    @property
    def shape(self) -> Decoder:
        """The decoder's architecture."""
        width, layers, heads = PRESETS.get(self.size or "", (self.width, self.layers, self.heads))
        return Decoder(
            vocabulary=int(self.classes), context=int(self.block), width=width, layers=layers, heads=heads,
            shared=self.shared, positions=self.positions, activation=self.activation, norm=self.norm,
            bias=self.norm == "layer",
        )  # fmt: skip

    def check(self, experiment: Setting) -> None:
        """Raise RequestError for an architecture, decoding or training that cannot be."""
        super().check(experiment)
        if self.size is not None and self.size not in PRESETS:
            raise RequestError(
                f"model.size = {self.size}: not one of {', '.join(PRESETS)}{nearest(str(self.size), PRESETS)}"
            )
        self.shape.check("model")
        if not isinstance(self.decoding, Decoding):
            raise RequestError(f"model.decoding = {self.decoding!r}: it must be a Decoding(temperature=..., ...)")
        self.decoding.check(self.classes, "model.decoding")

    def exact(self) -> Transformer:
        """Same model with a learner that converges, and draws from its own distribution."""
        return super().exact().replace(decoding=Decoding())

    def random_params(self, key: Key) -> PyTree:
        """Random weights."""
        return self.shape.random(key)

    def loss(self, params: PyTree, key: Key, x: Int[Array, "n block"]) -> Float[Array, ""]:
        """Mean nats a token."""
        return block_nats(self.shape, params, x, self.classes - 1).mean()

    def fit_piece(self, key: Key, state: PyTree, data: PyTree, start: Count, stop: Count) -> PyTree:
        def advance(key: Key, state: PyTree, data: PyTree, training: Training, start: Count, stop: Count) -> PyTree:
            return advance_training(key, state, self.loss, data, training, start, stop)

        return jax.custom_batching.sequential_vmap(advance)(key, state, data, self.training, start, stop)

    def continue_from(self, key: Key, params: PyTree, prompts: Int[Array, "n length"]) -> Int[Array, "n block"]:
        def made(key: Key, params: PyTree, prompts: Array, decoding: Decoding) -> Array:
            return continue_blocks(self.shape, params, key, prompts, int(self.block), decoding, self.classes - 1)

        return jax.custom_batching.sequential_vmap(made)(key, params, prompts, self.decoding)

    def log_prob(self, params: PyTree, x: Int[Array, "n block"]) -> Float[Array, " n"]:
        return -block_nats(self.shape, params, x, self.classes - 1).sum(axis=1)

    def products(self) -> list[tuple[int, int, int]]:
        shape = self.shape
        layer = shape.shapes()["layers"][0]
        own = [(shape.context, *layer[name]["w"]) for name in ("qkv", "out", "up", "down")]
        return [*own * shape.layers, (shape.context, shape.width, shape.vocabulary)]
