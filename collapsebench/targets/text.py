"""Text as a target: blocks of tokens, with documents held out for the metrics."""

from __future__ import annotations

import dataclasses
from functools import lru_cache
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int

from collapsebench.datasets import texts
from collapsebench.learning import tokenizers
from collapsebench.learning.language import wheels
from collapsebench.learning.tokenizers import Tokenizer
from collapsebench.maths.distributions.chain import Corpus, GramCounter
from collapsebench.maths.distributions.rows import Rows
from collapsebench.parts.data import POPULATION, Batch, Data, Kind
from collapsebench.parts.part import Setting
from collapsebench.parts.target import Target
from collapsebench.specs.errors import RequestError, counted
from collapsebench.specs.pytree import FoundSize, FoundWord, Key, Number, spec, static
from collapsebench.specs.registry import TARGETS


@TARGETS.register("text")
@spec
class Text(Target):
    """Blocks of `block` tokens of a text; a fifth of it, whole documents, is held out for the metrics.

    name: one of `collapsebench list datasets`' texts, or a file or folder in UTF-8. tokenizer: "bytes", "characters",
    "words", "bpe", a tokenizer's file, or pretrained weights (a folder, a .gguf file, "smollm2") for theirs. vocabulary: the
    most frequent so many tokens, one of which stands for all others (None: all). first: bytes to read of a file (None: all).
    sha256, tokens: digests of the text and of the tokenizer, found by an Experiment; others are then refused.

    Documents follow each other, an `end` token after each, and are cut into blocks; what is left of the last one is left
    out. A sample is blocks without replacement; asking for more goes round again. Under handover = summary the real data
    are the text's own counts where n_real is all of its blocks (`blocks`), else those of tokens drawn from them.
    """

    name: str = static("pydoc")
    tokenizer: str = static("bytes")
    block: int = static(64)
    vocabulary: int | None = static(None)
    first: int | None = static(None)
    sha256: str | None = static(None)
    tokens: str | None = static(None)

    kind = Kind.TEXT
    has_density = False
    prepares = True

    @property
    def dim(self) -> int:  # type: ignore[override]
        return self.block

    @property
    def classes(self) -> int | None:  # type: ignore[override]
        """Number of tokens, the end included; None where it is that of a text that has not been read."""
        return tokenizers.Bytes.size if self.tokenizer == "bytes" else self.vocabulary

    @property
    def end(self) -> int | None:  # type: ignore[override]
        return None if self.classes is None else self.classes - 1

    @property
    def lossless(self) -> bool:  # type: ignore[override]
        return self.tokenised().lossless

    @property
    def blocks(self) -> int:
        """Number of blocks for models."""
        return len(self._read().train)

    def family(self) -> Corpus:
        """The family of the prepared target, with shapes as leaves; a vocabulary that is not known counts as one token."""
        return jax.eval_shape(lambda: Corpus(jnp.zeros(self.classes or 1), jnp.zeros(()), self.block))

    def tokenised(self) -> Tokenizer:
        """The tokenizer, trained on the text where it needs to be."""
        return _tokenizer(self.name, self.first, self.tokenizer, self._named)

    @property
    def _named(self) -> int | None:
        """Size of the vocabulary, where it was named and not found."""
        return None if isinstance(self.vocabulary, FoundSize) else self.vocabulary

    def files(self) -> dict[str, str]:
        return {"tokenizer": self.tokenised().to_json()}

    def corpus(self) -> texts.Corpus:
        """The text's documents in their two parts."""
        return _corpus(self.name, self.first)

    def _read(self) -> Blocks:
        if self.block < 1:
            raise RequestError(f"target.block = {self.block}: it must be at least 1")
        return _blocks(self.name, self.first, self.tokenizer, self._named, self.block)

    def pinned(self) -> Text:
        """The same target with the digests of its text and tokenizer, and its vocabulary's size."""
        if self.sha256 is not None and self.tokens is not None and self.classes is not None:
            return self
        own = self.tokenised()
        return dataclasses.replace(
            self, sha256=self.sha256 or FoundWord(self.corpus().sha256), tokens=self.tokens or FoundWord(own.sha256),
            vocabulary=self._named or FoundSize(own.size),
        )  # fmt: skip

    def check(self, experiment: Setting) -> None:
        """Raise RequestError for an experiment that this text cannot serve, or another text than the pinned one."""
        self._compare()
        own = self._read()
        n_real = experiment.n if experiment.n_real is None else experiment.n_real
        if not experiment.handover.rows:
            n_real = 0  # counts, of all blocks or of tokens drawn from them
        for field, value, most in (("n_real", n_real, own.train), ("holdout", experiment.holdout, own.held_out)):
            if value > len(most):
                raise RequestError(
                    f"{field} = {value}: {self.name} has {counted(len(most), 'block')} of {counted(self.block, 'token')} "
                    "for it, so at most that"
                )

    def _compare(self) -> None:
        for field, wanted, found in (
            ("sha256", self.sha256, self.corpus().sha256), ("tokens", self.tokens, self.tokenised().sha256),
        ):  # fmt: skip
            if wanted is not None and wanted != found:
                what = "the text" if field == "sha256" else "the tokenizer"
                raise RequestError(
                    f"target.{field} = {wanted[:16]}: {what} of {self.name} is {found[:16]}: it changed; None takes any"
                )

    def rows(self) -> int:
        return self.blocks

    def held_out_rows(self) -> int:
        return len(self._read().held_out)

    def prepare(self) -> TextBlocks:
        """Target with its text read and in tokens. Raises RequestError for a text that is not available."""
        self._compare()
        own = self._read()
        counts = np.bincount(own.train.ravel(), minlength=own.tokenizer.size)
        dtype = jnp.result_type(float)
        return TextBlocks(
            jnp.asarray(own.train), jnp.asarray(own.held_out), self.block, token_counts=jnp.asarray(counts, dtype),
            bytes_of=jnp.asarray(own.tokenizer.lengths(), dtype), lossless=own.tokenizer.lossless,
        )  # fmt: skip

    def sample(self, key: Key, n: int) -> Int[Array, "n block"]:
        return self.prepare().sample(key, n)


@spec
class TextBlocks(Rows):
    """A prepared Text. token_counts, token_bytes [classes]: of the blocks for models, and the bytes of each token."""

    token_counts: Any = None
    bytes_of: Any = None
    lossless: bool = static(True)

    kind = Kind.TEXT

    @property
    def classes(self) -> int:  # type: ignore[override]
        return self.token_counts.shape[-1]

    @property
    def end(self) -> int:  # type: ignore[override]
        return self.classes - 1

    def token_bytes(self) -> Float[Array, " classes"]:
        return self.bytes_of

    def distribution(self) -> Corpus:
        """The text's own counts, to draw from; no truth to a metric."""
        return Corpus(self.token_counts, jnp.asarray(self.train.shape[0], self.token_counts.dtype), self.dim)

    def expect(self, n: Number, summary: GramCounter | None) -> Data:
        blocks = self.train.shape[0]
        return Batch(self.train, jnp.full(blocks, 1 / blocks, jnp.result_type(float))).scale(n * POPULATION)


@dataclasses.dataclass(frozen=True, eq=False)
class Blocks:
    """Blocks of tokens [n, block], int32, for models and held out, and their tokenizer."""

    train: np.ndarray
    held_out: np.ndarray
    tokenizer: Tokenizer


@lru_cache(maxsize=4)
def _corpus(name: str, first: int | None) -> texts.Corpus:
    try:
        return texts.load(str(name), first=first)
    except ValueError as error:
        why = str(error).removeprefix(f"{Path(name).expanduser()}: ")
        raise RequestError(f"target.name = {name}: {why}") from error


@lru_cache(maxsize=4)
def _tokenizer(name: str, first: int | None, tokenizer: str, vocabulary: int | None) -> Tokenizer:
    try:
        if tokenizer in tokenizers.NAMES or not (tokenizer in wheels.KNOWN or Path(tokenizer).expanduser().exists()):
            documents = () if tokenizer == "bytes" else _corpus(name, first).documents
            return tokenizers.train(tokenizer, [document.text for document in documents], vocabulary)
        own = tokenizers.load(tokenizer)
    except RequestError as error:
        raise RequestError(f"target.{str(error).removeprefix('target.')}") from None
    if vocabulary not in (None, own.size):
        raise RequestError(
            f"target.vocabulary = {vocabulary}: the tokenizer's file {tokenizer} has {counted(own.size, 'token')}"
        )
    return own


@lru_cache(maxsize=4)
def _blocks(name: str, first: int | None, tokenizer: str, vocabulary: int | None, block: int) -> Blocks:
    corpus, own = _corpus(name, first), _tokenizer(name, first, tokenizer, vocabulary)
    parts = []
    for documents in (corpus.train, corpus.held_out):
        try:
            stream = np.concatenate([np.append(own.encode(d.text), own.end) for d in documents]).astype(np.int32)
        except RequestError as error:
            raise RequestError(f"target.{error}") from None
        short = block - len(stream)
        if short > 0:  # one block, filled up with ends
            stream = np.append(stream, np.full(short, own.end, np.int32))
        parts.append(stream[: len(stream) // block * block].reshape(-1, block))
    return Blocks(parts[0], parts[1], own)
