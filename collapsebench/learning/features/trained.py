"""Classifier of an image data set: trained once on the rows that models may see, then cached."""

from __future__ import annotations

import contextlib
import dataclasses
import hashlib
import json
from collections.abc import Iterator
from functools import cache, partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, PyTree

from collapsebench import datasets
from collapsebench.learning.features import cache as files
from collapsebench.learning.training import Training, train
from collapsebench.maths.distributions.rows import split_rows
from collapsebench.maths.streams import root_key
from collapsebench.specs.errors import RequestError
from collapsebench.specs.pytree import Key, spec, static

VERSION = 1
"""To be raised with every change of the network's or the training's code: part of the recipe."""
WIDTH = 64
TRAINING = Training(steps=600, batch=64, rate=3e-3, schedule="cosine")
SCALED_ON = 1024
"""Real images whose features have a mean square of 1: else distances would depend on how far training went."""


@spec
class _Images:
    """Images and their classes, drawn with replacement."""

    x: PyTree
    y: Any

    def draw(self, key: Key, n: int) -> dict[str, Any]:
        rows = jax.random.randint(key, (n,), 0, self.x.shape[0])
        return {"x": self.x[rows], "y": self.y[rows]}


@spec
class Classifier:
    """Trained image classifier of a data set, its parameters as leaves.

    digest: SHA-256 of the recipe (data, network, training) and of the parameters that came out. Of both, because the
    same recipe gives other parameters on another kind of processor, and what a metric saw are the parameters.
    """

    params: Any
    name: str = static("digits")
    digest: str = static("")
    classes: int = static(10)
    channels: tuple[int, ...] = static((32,))

    def features(self, x: Float[Array, "n pixels"]) -> Float[Array, "n 64"]:
        """Features [n, 64] of the layer before the logits; pixels are from 0 to 1."""
        with jax.default_matmul_precision("float32"):
            seen = _network(self.classes, self.channels).apply(self.params["network"], x, method="features")
            return seen / self.params["scale"].astype(seen.dtype)

    def logits(self, x: Float[Array, "n pixels"]) -> Float[Array, "n classes"]:
        """Unnormalised log probabilities [n, classes]; pixels are from 0 to 1."""
        with jax.default_matmul_precision("float32"):
            return _network(self.classes, self.channels).apply(self.params["network"], x)


@cache
def _network(classes: int, channels: tuple[int, ...]) -> Any:
    from collapsebench.learning.features.network import Network

    return Network(WIDTH, classes, channels)


def _halvings(side: int) -> tuple[int, ...]:
    """Channels of the halving convolutions: 8 x 8 pixels become 4 x 4, 28 x 28 become 7 x 7."""
    return (32,) if side < 16 else (16, 32)


def _start(shapes: PyTree) -> PyTree:
    """Initial weights: normal of variance 1 / inputs, biases 0, by NumPy: flax's own would have to be compiled."""
    random = np.random.default_rng(0)

    def draw(shape: tuple[int, ...]) -> np.ndarray:
        spread = np.prod(shape[:-1]) ** -0.5 if len(shape) > 1 else 0.0
        return np.asarray(spread * random.standard_normal(shape), np.float32)

    return jax.tree.map(lambda leaf: draw(leaf.shape), shapes)


@partial(jax.jit, static_argnames=("classes", "channels"))
def _learn(
    key: Key, params: Any, data: _Images, training: Training, classes: int, channels: tuple[int, ...]
) -> dict[str, Any]:
    network = _network(classes, channels)

    def loss(params: Any, key: Key, rows: Any) -> Float[Array, ""]:
        log_p = jax.nn.log_softmax(network.apply(params, rows["x"]))
        return -jnp.take_along_axis(log_p, rows["y"][:, None], axis=1).mean()

    params = train(key, params, loss, data, training)
    seen = network.apply(params, data.x[:SCALED_ON], method="features")
    return {"network": params, "scale": jnp.sqrt((seen**2).mean())}


@contextlib.contextmanager
def _as_everywhere() -> Iterator[None]:
    """Context manager: float32 on CPU, so that runs on accelerators and in float64 get the same features."""
    try:
        device = jax.local_devices(backend="cpu")[0]
    except RuntimeError:  # JAX was told to leave the CPU alone
        device = None
    with jax.enable_x64(False), jax.default_device(device):
        yield


def _recipe(table: Any, channels: tuple[int, ...]) -> str:
    settings = {
        "version": VERSION, "data": table.sha256, "width": WIDTH, "channels": channels,
        "training": dataclasses.asdict(TRAINING), "scaled_on": SCALED_ON,
    }  # fmt: skip
    return json.dumps(settings, sort_keys=True)


@cache
def classifier(name: str) -> Classifier:
    """Trained classifier of an image data set: from the cache folder, or trained now, in a few seconds.

    Raises RequestError for a data set that is not available or has no images.
    """
    try:
        table = datasets.load(str(name))
    except ValueError as error:
        raise RequestError(f"features = classifier: {error}") from error
    if len(table.shape) != 2:
        raise RequestError(f"features = classifier: {name} is no images; digits, mnist or fashion_mnist are")
    classes, channels = datasets.describe(str(name)).classes, _halvings(table.shape[0])
    recipe = _recipe(table, channels)
    path = files.folder() / f"{name}-{hashlib.sha256(recipe.encode()).hexdigest()[:16]}.npz"
    rows = split_rows(table.rows)[0]
    data = _Images(table.x[rows] / table.x.max(), table.y[rows])
    with _as_everywhere():
        key = root_key(0, f"classifier of {name}")
        shapes = {
            "network": jax.eval_shape(_network(classes, channels).init, key, data.x[:1]),
            "scale": jax.ShapeDtypeStruct((), np.float32),
        }
        leaves, tree = jax.tree.flatten(shapes)
        arrays = files.read(path, recipe, leaves)
        if arrays is None:
            found = _learn(key, _start(shapes["network"]), data, TRAINING, classes=classes, channels=channels)
            arrays = [np.asarray(leaf) for leaf in jax.tree.leaves(found)]
            files.write(path, recipe, arrays)
    digest = files.digest(recipe, arrays)
    return Classifier(jax.tree.unflatten(tree, arrays), str(name), digest, classes, channels)
