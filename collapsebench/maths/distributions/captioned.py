"""Captioned mixtures: images of which each has a caption, normal given it."""

from __future__ import annotations

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int

from collapsebench.maths import samplers
from collapsebench.maths.distributions.mixture import Mixture
from collapsebench.parts.data import Batch
from collapsebench.specs.pytree import Key, spec

Rows = dict[str, Array]
"""{"x": [n, d], "caption": int32 [n, 1]}"""


@spec
class CaptionedMixture(Mixture):
    """Mixture of normals of which every row says its component, as a caption of one word; closed forms are the images'."""

    def sample(self, key: Key, n: int) -> Rows:  # type: ignore[override]
        word_key, image_key = jax.random.split(key)
        word = samplers.categorical_rows(word_key, self.weights, n)
        z = samplers.normal(image_key, (n, self.dim), self.mean.dtype)
        x = self.mean[word] + jnp.einsum("nij,nj->ni", self.scale_tril[word], z)
        return {"x": x, "caption": word[:, None].astype(jnp.int32)}

    def log_prob(self, x: Rows) -> Float[Array, " n"]:  # type: ignore[override]
        word: Int[Array, " n"] = x["caption"][:, 0]
        images = self.component_log_prob(x["x"])[word, jnp.arange(word.shape[0])]
        weight = self.log_weights[word]
        return jnp.where(weight == -jnp.inf, -jnp.inf, weight + images)

    def nodes(self) -> Batch:
        images = super().nodes()
        words = jnp.repeat(jnp.arange(self.components, dtype=jnp.int32), images.capacity // self.components)
        return Batch({"x": images.x, "caption": words[:, None]}, images.w)
