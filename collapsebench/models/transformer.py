"""Transformer language model, trained from scratch."""

from __future__ import annotations

from typing import ClassVar

from jaxtyping import PyTree

from collapsebench.learning.language.architecture import PRESETS, Decoder
from collapsebench.learning.language.decoder_model import DecoderModel
from collapsebench.learning.language.decoding import Decoding
from collapsebench.learning.training import Training
from collapsebench.parts.model import Dials
from collapsebench.parts.part import Setting
from collapsebench.specs.errors import RequestError, nearest
from collapsebench.specs.pytree import Key, Unnamed, spec, static, within
from collapsebench.specs.registry import MODELS


@MODELS.register("transformer")
@spec
class Transformer(DecoderModel):
    """Decoder-only transformer of token blocks, whose first token follows the end of a document; draws by a Decoding.

    classes, block: those of the target, unless they are named. size: a preset of width, layers and heads, from "0.1M" to
    "30M" weights (None: the fields). positions: "learned" or "rotary". activation: "gelu", "relu" or "swiglu". norm:
    "layer" or "rms". shared: heads of keys and values (0: one for each head). Pre-norm, with a tied head.

    truncation: tokens that the model gives a higher probability count nothing in its loss (1: all count), the truncated
    cross-entropy of Shabgahi et al. (2025).
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
    truncation: float = within(1.0, low=0, high=1)
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
        """Raise RequestError for a size that is not known, or an architecture, decoding or training that cannot be."""
        if self.size is not None and self.size not in PRESETS:
            raise RequestError(
                f"model.size = {self.size}: not one of {', '.join(PRESETS)}{nearest(str(self.size), PRESETS)}"
            )
        super().check(experiment)

    def exact(self) -> Transformer:
        """Same model with a learner that converges, on the whole loss, and draws from its own distribution."""
        return super().exact().replace(decoding=Decoding(), truncation=1.0)

    def random_params(self, key: Key) -> PyTree:
        """Random weights."""
        return self.shape.random(key)
