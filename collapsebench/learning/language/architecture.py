"""Architecture of a decoder as static data, random weights, and presets by size."""

from __future__ import annotations

import math
from typing import Any

import jax
import jax.numpy as jnp
from jax.typing import DTypeLike
from jaxtyping import PyTree

from collapsebench.specs.errors import RequestError, nearest
from collapsebench.specs.pytree import Key, spec, static

POSITIONS = ("learned", "rotary")
ACTIVATIONS = ("relu", "gelu", "gelu_exact", "swiglu")
NORMS = ("layer", "rms")
MOST = 2**24
"""Largest size in an architecture: of a file that says more, nothing is read."""
MOST_LAYERS = 512
PRESETS = {
    "0.1M": (48, 3, 3),
    "0.3M": (80, 4, 5),
    "0.8M": (128, 4, 4),
    "3M": (256, 4, 8),
    "10M": (384, 6, 6),
    "30M": (512, 10, 8),
}
"""Width, layers and heads by the number of weights without those of tokens and positions."""


@spec
class Decoder:
    """Decoder of tokens: pre-norm layers of causal attention and a feed-forward network, then a norm and the head.

    vocabulary: tokens. context: positions. heads: of queries, each `head_width` wide (0: width / heads). shared: heads of
    keys and values (0: as many), each for heads / shared heads of queries. inner: width between the feed-forward network's
    products (0: 4 width). positions: "learned", or "rotary" with wavelengths up to 2 pi `theta`. activation: "relu",
    "gelu" by tanh, "gelu_exact" by erf, or "swiglu". norm: "layer" or "rms", with `epsilon`. bias: whether products have
    one. tied: whether the head is the embedding.

    With the right values these are GPT-2 (Radford et al., 2019), OPT (Zhang et al., 2022) and Llama (Touvron et al., 2023).
    """

    vocabulary: int = static(257)
    context: int = static(64)
    width: int = static(48)
    layers: int = static(3)
    heads: int = static(3)
    shared: int = static(0)
    head_width: int = static(0)
    inner: int = static(0)
    positions: str = static("learned")
    theta: float = static(10000.0)
    activation: str = static("gelu")
    norm: str = static("layer")
    epsilon: float = static(1e-5)
    bias: bool = static(True)
    tied: bool = static(True)

    @property
    def groups(self) -> int:
        """Number of heads of keys and values."""
        return self.shared or self.heads

    @property
    def head(self) -> int:
        """Width of a head."""
        return self.head_width or self.width // self.heads

    @property
    def feed(self) -> int:
        """Width between the products of the feed-forward network."""
        return self.inner or 4 * self.width

    def check(self, name: str = "model") -> None:
        """Raise RequestError, one line that begins with `name`, for an architecture that cannot be."""
        for field in ("vocabulary", "context", "width", "layers", "heads", "shared", "head_width", "inner"):
            value, least = getattr(self, field), 0 if field in ("shared", "head_width", "inner") else 1
            most = MOST_LAYERS if field == "layers" else MOST
            if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
                raise RequestError(f"{name}.{field} = {value!r}: a whole number from {least} to {most}")
        for field, known in (("positions", POSITIONS), ("activation", ACTIVATIONS), ("norm", NORMS)):
            if (value := getattr(self, field)) not in known:
                raise RequestError(
                    f"{name}.{field} = {value}: not one of {', '.join(known)}{nearest(str(value), known)}"
                )
        if not self.head_width and self.width % self.heads:
            raise RequestError(f"{name}.heads = {self.heads}: it must divide width = {self.width}")
        if self.heads % self.groups:
            raise RequestError(f"{name}.shared = {self.shared}: it must divide heads = {self.heads}")
        if self.positions == "rotary" and self.head % 2:
            raise RequestError(f"{name}.positions = rotary: heads of {self.head} numbers do not split into pairs")
        for field in ("theta", "epsilon"):
            value = getattr(self, field)
            if not isinstance(value, int | float) or not 0 < value < math.inf:
                raise RequestError(f"{name}.{field} = {value!r}: it must be above 0")

    def shapes(self) -> PyTree:
        """Shapes of the weights; a product's matrix is [in, out], and "qkv" holds queries, keys and values in turn."""
        d, heads = self.width, self.heads * self.head
        norm = {"scale": (d,), **({"bias": (d,)} if self.norm == "layer" else {})}

        def product(inside: int, outside: int) -> dict[str, tuple[int, ...]]:
            return {"w": (inside, outside), **({"b": (outside,)} if self.bias else {})}

        layer = {
            "before": norm,
            "qkv": product(d, heads + 2 * self.groups * self.head),
            "out": product(heads, d),
            "between": norm,
            "up": product(d, self.feed * (2 if self.activation == "swiglu" else 1)),
            "down": product(self.feed, d),
        }
        return {
            "tokens": (self.vocabulary, d),
            **({"positions": (self.context, d)} if self.positions == "learned" else {}),
            "layers": [layer] * self.layers,
            "norm": norm,
            **({} if self.tied else {"head": (self.vocabulary, d)}),
        }

    def count(self) -> int:
        """Number of weights."""
        return sum(math.prod(shape) for shape in jax.tree.leaves(self.shapes(), is_leaf=_is_shape))

    def random(self, key: Key, spread: float = 0.02, dtype: DTypeLike = jnp.float32) -> PyTree:
        """Random weights: N(0, spread^2), those of products that end in the residual stream by sqrt(2 layers) smaller.

        Norms start at 1, biases at 0. Source: Radford et al. (2019).
        """
        tree: Any
        paths, tree = jax.tree_util.tree_flatten_with_path(self.shapes(), is_leaf=_is_shape)
        small = spread / math.sqrt(2 * self.layers)
        weights = []
        for own, (path, shape) in zip(jax.random.split(key, len(paths)), paths, strict=True):
            names = [entry.key for entry in path if isinstance(entry, jax.tree_util.DictKey)]
            if len(shape) == 1:
                weights.append((jnp.ones if names[-1] == "scale" else jnp.zeros)(shape, dtype))
            else:
                scale = small if names[-2:-1] in (["out"], ["down"]) else spread
                weights.append(scale * jax.random.normal(own, shape, dtype))
        return tree.unflatten(weights)


def _is_shape(value: object) -> bool:
    return isinstance(value, tuple)


def preset(size: str, vocabulary: int, context: int) -> Decoder:
    """Architecture of a size of PRESETS, such as "0.8M"."""
    if size not in PRESETS:
        raise RequestError(f"size = {size}: not one of {', '.join(PRESETS)}{nearest(size, PRESETS)}")
    width, layers, heads = PRESETS[size]
    return Decoder(vocabulary, context, width, layers, heads)
