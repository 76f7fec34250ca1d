"""Tokenizer of pretrained weights: byte-level byte pairs, by the `tokenizers` library (extra `llm`)."""

from __future__ import annotations

import importlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from collapsebench.learning.language import gguf
from collapsebench.specs.errors import RequestError, printable

CONTROL = 3
"""Type of a token of a GGUF file that stands for no text."""
SPLITS = ("gpt-2", "smollm")
"""Ways to cut a text into words before byte pairs: "smollm" is GPT-2's with every digit a word of its own."""


def library() -> ModuleType:
    """The `tokenizers` library. Raises RequestError where it is missing."""
    try:
        return importlib.import_module("tokenizers")
    except ImportError:
        raise RequestError(
            "these weights have a tokenizer that needs a package: pip install 'collapsebench[llm]'"
        ) from None


class Vocabulary:
    """Tokens of pretrained weights: `encode` a text, `decode` tokens; `end` is the token that ends a text (None: none)."""

    def __init__(self, own: Any, end: int | None, template: str = "") -> None:
        self._own = own
        self.end, self.template = end, template
        self.size = int(self._own.get_vocab_size())

    def encode(self, text: str) -> np.ndarray:
        """Tokens of a text, int32 [tokens]; names of control tokens in it become these."""
        return np.asarray(self._own.encode(text, add_special_tokens=False).ids, np.int32)

    def decode(self, tokens: Sequence[int] | np.ndarray, control: bool = False) -> str:
        """Text of tokens; control: with the names of control tokens."""
        return str(self._own.decode([int(token) for token in tokens], skip_special_tokens=not control))

    def to_json(self) -> str:
        """Tokenizer's file, as the library writes it."""
        return str(self._own.to_str())

    def chat(self, *said: tuple[str, str]) -> np.ndarray:
        """Tokens of a conversation of (role, words), such as ("user", "Hello."), up to the assistant's next turn.

        Raises RequestError unless the weights' template is ChatML, the only one that is known here.
        """
        if "<|im_start|>" not in self.template:
            raise RequestError("chat: these weights have no chat template in ChatML; give the prompt itself")
        turns = "".join(f"<|im_start|>{role}\n{words}<|im_end|>\n" for role, words in said)
        return self.encode(f"{turns}<|im_start|>assistant\n")


def from_metadata(metadata: Mapping[str, object], path: object = "GGUF") -> Vocabulary:
    """Tokenizer in the metadata of a GGUF file. Raises RequestError for another than byte-level byte pairs."""
    own = library()
    if (kind := metadata.get("tokenizer.ggml.model")) != "gpt2":
        raise RequestError(f"{path}: tokenizer.ggml.model = {printable(str(kind), 40)}: only gpt2 is supported")
    if (split := metadata.get("tokenizer.ggml.pre", "gpt-2")) not in SPLITS:
        raise RequestError(
            f"{path}: tokenizer.ggml.pre = {printable(str(split), 40)}: only {', '.join(SPLITS)} are supported"
        )
    names = ("tokens", "merges", "token_type")
    lists: list[Any] = [metadata.get(f"tokenizer.ggml.{name}") for name in names]
    tokens, merges, types = lists
    if not (_are(tokens, str) and _are(merges, str) and _are(types, int)) or len(tokens) != len(types):
        raise RequestError(f"{path}: its tokenizer needs lists of tokens, merges and token types")
    pairs = [tuple(pair.split(" ")) for pair in merges]
    try:
        made = own.Tokenizer(own.models.BPE({token: i for i, token in enumerate(tokens)}, pairs))
        cut = own.pre_tokenizers.ByteLevel(add_prefix_space=False)
        digits = [own.pre_tokenizers.Digits(individual_digits=True)] if split == "smollm" else []
        made.pre_tokenizer = own.pre_tokenizers.Sequence([*digits, cut])
        made.decoder = own.decoders.ByteLevel()
        made.add_special_tokens([token for token, kind in zip(tokens, types, strict=True) if kind == CONTROL])
    except Exception as error:  # the library raises plain Exception
        raise RequestError(f"{path}: its tokenizer is damaged ({printable(str(error), 80)})") from None
    end = metadata.get("tokenizer.ggml.eos_token_id")
    template = metadata.get("tokenizer.chat_template", "")
    return Vocabulary(made, end if isinstance(end, int) else None, template if isinstance(template, str) else "")


def _are(values: object, kind: type) -> bool:
    return isinstance(values, list) and bool(values) and all(isinstance(value, kind) for value in values)


def from_folder(folder: Path, end: int | None = None) -> Vocabulary:
    """Tokenizer of a folder's tokenizer.json, or of its vocab.json and merges.txt, as OPT's and GPT-2's first folders have."""
    path, pairs = folder / "tokenizer.json", (folder / "vocab.json", folder / "merges.txt")
    own = library()
    try:
        if path.is_file() or not all(file.is_file() for file in pairs):
            if not path.is_file():
                raise RequestError(f"{path}: no such file; these weights come without a tokenizer that can be read")
            return Vocabulary(own.Tokenizer.from_file(str(path)), end)
        path = pairs[0]
        made = own.Tokenizer(own.models.BPE.from_file(*map(str, pairs)))
        made.pre_tokenizer = own.pre_tokenizers.ByteLevel(add_prefix_space=False)
        made.decoder = own.decoders.ByteLevel()
        return Vocabulary(made, end)
    except RequestError:
        raise
    except Exception as error:  # the library raises plain Exception
        raise RequestError(f"{path}: it is no tokenizer's file ({printable(str(error), 80)})") from None


def beside(path: Path) -> Vocabulary:
    """Tokenizer of pretrained weights: in a .gguf file, or in a folder's files."""
    return from_folder(path) if path.is_dir() else from_metadata(gguf.read(path).metadata, path)
