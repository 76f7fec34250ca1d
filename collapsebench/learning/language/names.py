"""Names of the weights of OPT, GPT-2, Llama and of GGUF files, and what their configurations say in a Decoder's terms."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from collapsebench.learning.language.architecture import Decoder
from collapsebench.specs.errors import RequestError, nearest


@dataclasses.dataclass(frozen=True)
class Names:
    """Where a family keeps its weights. skipped: leading rows of the positions without use; turned: matrices [out, in];
    biased: every product has a bias (else: where the file has one)."""

    prefixes: tuple[str, ...]
    tokens: str
    positions: str
    norm: str
    head: str
    layer: str
    before: str
    qkv: tuple[str, ...]
    out: str
    between: str
    up: tuple[str, ...]
    down: str
    skipped: int = 0
    turned: bool = True
    biased: bool = False


_ATTENTION = ("self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj")
FAMILIES = {
    "opt": Names(
        ("model.decoder.", "decoder."), "embed_tokens.weight", "embed_positions.weight", "final_layer_norm", "lm_head.weight",
        "layers.{}.", "self_attn_layer_norm", _ATTENTION, "self_attn.out_proj", "final_layer_norm", ("fc1",), "fc2",
        skipped=2, biased=True,
    ),
    "gpt2": Names(
        ("transformer.", ""), "wte.weight", "wpe.weight", "ln_f", "lm_head.weight",
        "h.{}.", "ln_1", ("attn.c_attn",), "attn.c_proj", "ln_2", ("mlp.c_fc",), "mlp.c_proj", turned=False, biased=True,
    ),
    "llama": Names(
        ("model.",), "embed_tokens.weight", "", "norm", "lm_head.weight", "layers.{}.", "input_layernorm", _ATTENTION,
        "self_attn.o_proj", "post_attention_layernorm", ("mlp.gate_proj", "mlp.up_proj"), "mlp.down_proj",
    ),
    "gguf": Names(
        ("",), "token_embd.weight", "", "output_norm", "output.weight", "blk.{}.", "attn_norm",
        ("attn_q", "attn_k", "attn_v"), "attn_output", "ffn_norm", ("ffn_gate", "ffn_up"), "ffn_down",
    ),
}  # fmt: skip
_ACTIVATIONS = {"relu": "relu", "gelu_new": "gelu", "gelu_pytorch_tanh": "gelu", "gelu": "gelu_exact"}


class Reader:
    """Values of a configuration by name, with errors that name the file and the field."""

    def __init__(self, values: Mapping[str, object], path: object) -> None:
        self.values, self.path = values, path

    def get(self, name: str, kind: type, default: object = None) -> Any:
        """Value of a kind (a whole number is a float too). Raises RequestError for one of another, or for none."""
        value = self.values.get(name)
        value = default if value is None else value
        if kind is float and isinstance(value, int) and not isinstance(value, bool) and abs(value) < 2**53:
            value = float(value)
        if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
            shown = "missing" if value is None else f"{str(value)[:40]!r}"
            raise RequestError(f"{self.path}: {name} is {shown}, where a {kind.__name__} has to stand")
        return value

    def only(self, name: str, *allowed: object) -> None:
        """Raise RequestError unless the value is one of those that the decoder here has, or missing."""
        if (value := self.values.get(name)) is not None and value not in allowed:
            raise RequestError(f"{self.path}: {name} = {str(value)[:40]}: only {allowed[0]} is supported")

    def activation(self, name: str, default: str) -> str:
        """A Decoder's word for an activation."""
        value = self.get(name, str, default)
        if value not in _ACTIVATIONS:
            raise RequestError(f"{self.path}: {name} = {value[:40]}: only {', '.join(_ACTIVATIONS)} are supported")
        return _ACTIVATIONS[value]


def architecture(values: Mapping[str, object], path: object) -> tuple[str, Decoder]:
    """Family and architecture of a config.json. Raises RequestError for others than OPT, GPT-2 and Llama."""
    read = Reader(values, path)
    family = read.get("model_type", str)
    makers = {"opt": _opt, "gpt2": _gpt2, "llama": _llama}
    if family not in makers:
        raise RequestError(
            f"{path}: model_type = {family[:40]}: not one of {', '.join(makers)}{nearest(family[:40], makers)}"
        )
    shape = makers[family](read)
    shape.check(str(path))
    return family, shape


def _opt(read: Reader) -> Decoder:
    width = read.get("hidden_size", int)
    for name, allowed in (("do_layer_norm_before", True), ("word_embed_proj_dim", width), ("enable_bias", True)):
        read.only(name, allowed)
    read.only("_remove_final_layer_norm", False)
    read.only("layer_norm_elementwise_affine", True)
    return Decoder(
        vocabulary=read.get("vocab_size", int), context=read.get("max_position_embeddings", int), width=width,
        layers=read.get("num_hidden_layers", int), heads=read.get("num_attention_heads", int),
        inner=read.get("ffn_dim", int), activation=read.activation("activation_function", "relu"),
        tied=read.get("tie_word_embeddings", bool, True),
    )  # fmt: skip


def _gpt2(read: Reader) -> Decoder:
    width = read.get("n_embd", int)
    read.only("scale_attn_weights", True)
    read.only("scale_attn_by_inverse_layer_idx", False)
    return Decoder(
        vocabulary=read.get("vocab_size", int), context=read.get("n_positions", int), width=width,
        layers=read.get("n_layer", int), heads=read.get("n_head", int), inner=read.get("n_inner", int, 4 * width),
        activation=read.activation("activation_function", "gelu_new"),
        epsilon=read.get("layer_norm_epsilon", float, 1e-5), tied=read.get("tie_word_embeddings", bool, True),
    )  # fmt: skip


def _llama(read: Reader) -> Decoder:
    read.only("hidden_act", "silu")
    turns = read.get("rope_parameters", dict, read.get("rope_scaling", dict, {}))
    kind = turns.get("rope_type", turns.get("type", "default"))
    if kind != "default":
        raise RequestError(f"{read.path}: rope_type = {str(kind)[:40]}: only default is supported")
    heads = read.get("num_attention_heads", int)
    own = Reader(turns, read.path) if "rope_theta" in turns else read
    return Decoder(
        vocabulary=read.get("vocab_size", int), context=read.get("max_position_embeddings", int),
        width=read.get("hidden_size", int), layers=read.get("num_hidden_layers", int), heads=heads,
        shared=read.get("num_key_value_heads", int, heads), head_width=read.get("head_dim", int, 0),
        inner=read.get("intermediate_size", int), positions="rotary", theta=own.get("rope_theta", float, 10000.0),
        activation="swiglu", norm="rms", epsilon=read.get("rms_norm_eps", float, 1e-6),
        bias=read.get("attention_bias", bool, False), tied=read.get("tie_word_embeddings", bool, False),
    )  # fmt: skip
