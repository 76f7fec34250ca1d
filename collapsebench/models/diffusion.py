"""Diffusion models: denoising and flow matching, with captions and guidance."""

from __future__ import annotations

import dataclasses
import math
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int, PyTree

from collapsebench.learning.network_model import NetworkModel, check_image, check_widths
from collapsebench.learning.products import denoiser_products
from collapsebench.learning.training import Training
from collapsebench.maths import samplers
from collapsebench.maths.streams import part
from collapsebench.parts.data import Batch, Kind
from collapsebench.parts.part import Setting
from collapsebench.specs.errors import RequestError, nearest
from collapsebench.specs.pytree import Count, Key, Unnamed, spec, static, within
from collapsebench.specs.registry import MODELS

OBJECTIVES = ("ddpm", "flow")
SAMPLERS = ("ancestral", "deterministic", "heun")
BETA = (0.1, 20.0)
"""Noise rate of the variance-preserving process at its begin and end (Song et al., 2021)."""
EARLIEST = 1e-3
"""Training sees no earlier time: noise of sd .01, below which the noise cannot be told from the row."""
EXACT_TRACE = 16
"""Up to this dimension the divergence of the field is exact; above it Hutchinson's estimate."""


@MODELS.register("diffusion")
@spec
class Diffusion(NetworkModel):
    """Diffusion or flow-matching model: `hidden` residual layers, or for square images a U-Net of `channels`.

    objective: "ddpm" (predict the noise) or "flow" (flow matching: predict noise minus row on a straight line).
    sampler: "ancestral" (DDPM's), "deterministic" (DDIM's; Euler's for "flow") or "heun" (of second order, twice the
    cost), in `levels` steps. Euler's steps draw too little spread, which a loop compounds; Heun's hardly do.
    words: sizes of a caption's vocabularies, (10,) for ten classes; () learns rows without captions. A share
    `unseen` of captions is hidden in training; guidance w makes draws of (1 + w) conditional - w unconditional, which
    is the sampling bias b = 1 / (1 + w) of Alemohammad et al. (2024). Captions are drawn as often as they were seen.
    log_prob: by the probability-flow equation over `levels` Heun steps, its divergence exact up to 16 dimensions.
    Sources: Ho et al. (2020); Song et al. (2021); Lipman et al. (2023); Ho and Salimans (2021) for guidance.
    """

    dim: int = static(Unnamed(2))
    hidden: tuple[int, ...] = static((64, 64))
    channels: tuple[int, ...] = static(())
    words: tuple[int, ...] = static(())
    objective: str = static("flow")
    sampler: str = static("heun")
    levels: int = static(16)
    guidance: float | None = None
    unseen: float = within(0.1, low=0, high=1)
    training: Training = Training()
    start: Any = None

    denoises = True

    @property
    def kind(self) -> str:  # type: ignore[override]
        """Kind of rows: {"x": [n, dim], "caption": [n, words]} with captions, [n, dim] without."""
        return Kind.CAPTIONED if self.words else Kind.VECTOR

    def check(self, experiment: Setting) -> None:
        """Raise RequestError for an invalid objective, sampler, guidance or shape, or captions unlike the target's."""
        super().check(experiment)
        for field, known in (("objective", OBJECTIVES), ("sampler", SAMPLERS)):
            if (value := getattr(self, field)) not in known:
                raise RequestError(
                    f"model.{field} = {value}: not one of {', '.join(known)}{nearest(str(value), known)}"
                )
        if (self.objective, self.sampler) == ("flow", "ancestral"):
            raise RequestError(
                "model.sampler = ancestral: flow matching has no noise to add; heun or deterministic, or ddpm"
            )
        if self.guidance is not None and not self.words:
            raise RequestError(f"model.guidance = {self.guidance}: it strengthens captions, and model.words is ()")
        if self.levels < 1:
            raise RequestError(f"model.levels = {self.levels}: it must be at least 1")
        check_widths("hidden", self.hidden)
        check_widths("words", self.words)
        check_image(self.dim, self.channels)
        theirs = experiment.target.words
        if theirs != self.words:
            raise RequestError(f"model.words = {self.words}: the target's captions have words = {theirs}")

    def exact(self) -> Diffusion:
        """Same model with a learner that converges, a sampler of second order and no guidance."""
        return dataclasses.replace(super().exact(), guidance=None, sampler="heun", levels=max(self.levels, 20))

    # --- network ------------------------------------------------------------------------------------------------------

    def _network(self) -> Any:
        from collapsebench.learning.networks.denoiser import Layers, UNet

        return UNet(self.channels, self.words) if self.channels else Layers(self.hidden, self.words)

    def products(self) -> list[tuple[int, int, int]]:
        return denoiser_products(self.dim, self.hidden, self.channels)

    @property
    def captions(self) -> int:
        """Number of different captions."""
        return math.prod(self.words)

    def random_params(self, key: Key) -> dict[str, PyTree]:
        """Random network parameters, and equal shares of all captions."""
        nothing = jnp.zeros((1, len(self.words)), jnp.int32)
        network = self._network().init(key, jnp.zeros((1, self.dim)), jnp.zeros(1), nothing)
        return {"network": network, "captions": jnp.ones(self.captions) / self.captions} if self.words else {
            "network": network
        }  # fmt: skip

    def _predict(self, params: Any, x: Any, t: Any, caption: Any) -> Float[Array, "n dim"]:
        return self._network().apply(params["network"], x, jnp.broadcast_to(t, x.shape[:1]), caption)

    def _field(self, params: PyTree, x: PyTree, t: float | Array, caption: PyTree) -> Float[Array, "n dim"]:
        """Network's prediction, with guidance."""
        told = self._predict(params, x, t, caption)
        if self.guidance is None:
            return told
        untold = self._predict(params, x, t, jnp.full_like(caption, -1))
        return told + self.guidance * (told - untold)

    # --- learning -----------------------------------------------------------------------------------------------------

    def fit_end(self, key: Key, state: PyTree, data: PyTree) -> PyTree:
        learned = super().fit_end(key, state, data)
        if not self.words:
            return learned
        # Sources have no rows to count: a large draw from them estimates the shares of captions.
        seen = data if isinstance(data, Batch) else Batch(data.draw(part(key, 2**31), 4096), jnp.ones(4096))
        counts = jnp.zeros(self.captions).at[self._number(seen.x["caption"])].add(seen.w)
        return {**learned, "captions": counts / counts.sum()}

    def _number(self, caption: Int[Array, "n words"]) -> Int[Array, " n"]:
        """Index of a caption, the first word the highest digit."""
        number = jnp.zeros(caption.shape[0], jnp.int32)
        for i, size in enumerate(self.words):
            number = number * size + caption[:, i]
        return number

    def _split(self, rows: Any) -> tuple[Float[Array, "n dim"], Int[Array, "n words"]]:
        if self.words:
            return rows["x"], rows["caption"]
        return rows, jnp.zeros((rows.shape[0], 0), jnp.int32)

    def loss(self, params: PyTree, key: Key, x: PyTree) -> Float[Array, ""]:
        """Denoising loss of a minibatch: mean squared error per number predicted, over evenly spread times."""
        rows, caption = self._split(x)
        count = rows.shape[0]
        u = jax.random.uniform(part(key, 0), dtype=jnp.float32)
        t = ((jnp.arange(count) + u) / count).astype(rows.dtype)  # one time in each of `count` equal parts
        if self.words:
            hidden = samplers.bernoulli(part(key, 2), self.unseen, (count, 1))
            caption = jnp.where(hidden, -1, caption)
        noise = samplers.normal(part(key, 1), rows.shape, jnp.float32).astype(rows.dtype)
        if self.objective == "flow":
            here, wanted = (1 - t[:, None]) * rows + t[:, None] * noise, noise - rows
        else:
            t = jnp.maximum(t, EARLIEST)
            kept = _kept(t)[:, None]
            here, wanted = jnp.sqrt(kept) * rows + jnp.sqrt(1 - kept) * noise, noise
        return ((self._predict(params, here, t, caption) - wanted) ** 2).mean()

    def losses(self, params: PyTree, key: Key, x: PyTree, repeats: int = 8) -> Float[Array, " n"]:
        """Denoising loss of each row, averaged over `repeats` times and noises: for comparing captions."""
        rows, caption = self._split(x)

        def one(i: Count) -> Any:
            alone = {"x": rows[i][None], "caption": caption[i][None]} if self.words else rows[i][None]
            bare = dataclasses.replace(self, unseen=0.0)
            return jax.vmap(lambda j: bare.loss(params, part(part(key, i), j), alone))(jnp.arange(repeats)).mean()

        return jax.lax.map(one, jnp.arange(rows.shape[0]), batch_size=64)

    # --- drawing ------------------------------------------------------------------------------------------------------

    def _levels(self, least: float = 0.0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """(time, place on the path, scale) [levels + 1] each, from the row (index 0) to the noise (index `levels`).

        In y = x / scale both objectives are the equation dy/dplace = prediction: place is the noise-to-signal ratio
        for "ddpm" (Song et al., 2021; DDIM is Euler's method there), and the time for "flow".
        """
        t = np.linspace(least, 1, self.levels + 1)
        if self.objective == "flow":
            return t, t, np.ones_like(t)
        kept = np.exp(-(BETA[0] * t + 0.5 * (BETA[1] - BETA[0]) * t**2))
        return np.maximum(t, EARLIEST), np.sqrt((1 - kept) / kept), np.sqrt(kept)

    def sample(self, key: Key, params: PyTree, n: int) -> PyTree:
        """n synthetic rows; captions are drawn by their shares in the training set."""
        if not self.words:
            return self.draw(key, params, jnp.zeros((n, 0), jnp.int32))
        number = samplers.categorical_rows(part(key, 1), params["captions"], n)
        # Fused into every use of the caption, its making takes longer to compile than all the rest.
        caption = jax.lax.optimization_barrier(self.caption_of(number))
        return {"x": self.draw(key, params, caption), "caption": caption}

    def caption_of(self, number: Int[Array, " n"]) -> Int[Array, "n words"]:
        """Captions [n, words] with these indices, 0 to `captions` - 1."""
        return jnp.stack(jnp.unravel_index(number, self.words), axis=1).astype(jnp.int32)

    def draw(self, key: Key, params: PyTree, caption: Int[Array, "n words"]) -> Float[Array, "n dim"]:
        """Synthetic row [n, dim] for each caption (token -1: any)."""
        t, place, scale = (jnp.asarray(a, jnp.result_type(float)) for a in self._levels())
        shape = (caption.shape[0], self.dim)
        y = samplers.normal(part(key, 0), shape) / scale[-1]

        def step(i: Count, y: Any) -> PyTree:
            k = self.levels - i
            told = self._field(params, scale[k] * y, t[k], caption)
            if self.sampler != "ancestral":
                there = y + (place[k - 1] - place[k]) * told
                if self.sampler == "deterministic":
                    return there
                again = self._field(params, scale[k - 1] * there, t[k - 1], caption)
                return y + 0.5 * (place[k - 1] - place[k]) * (told + again)
            lost = place[k] ** 2 - place[k - 1] ** 2  # the exact posterior of the level below, given row and level
            spread = place[k - 1] * jnp.sqrt(lost) / place[k]
            return y - lost / place[k] * told + spread * samplers.normal(part(part(key, 2), k), shape)

        return scale[0] * jax.lax.fori_loop(0, self.levels, step, y)

    def log_prob(self, params: PyTree, x: PyTree) -> Float[Array, " n"]:
        rows, caption = self._split(x)
        t, place, scale = (jnp.asarray(a, rows.dtype) for a in self._levels())
        key = jax.random.wrap_key_data(jnp.zeros(2, jnp.uint32), impl="threefry2x32")  # every call asks the same probes

        def field(y: Any, k: Count) -> tuple[Any, Any]:
            """The prediction and its divergence at level k."""

            def told(y: Any) -> Any:
                return self._predict(params, scale[k] * y, t[k], caption)

            value, back = jax.vjp(told, y)
            if self.dim <= EXACT_TRACE:
                units = jnp.eye(self.dim, dtype=y.dtype)
                return value, sum(back(jnp.broadcast_to(unit, y.shape))[0][:, i] for i, unit in enumerate(units))
            probe = jnp.where(jax.random.bernoulli(part(key, k), shape=y.shape), 1, -1).astype(y.dtype)
            return value, (back(probe)[0] * probe).sum(axis=1)

        def step(k: Count, carry: PyTree) -> PyTree:
            y, total = carry
            width = place[k + 1] - place[k]
            first, spread = field(y, k)
            second, wider = field(y + width * first, k + 1)
            return y + 0.5 * width * (first + second), total + 0.5 * width * (spread + wider)

        start = (rows / scale[0], jnp.zeros(rows.shape[0], rows.dtype))
        y, total = jax.lax.fori_loop(0, self.levels, step, start)
        noise = scale[-1] * y
        prior = -0.5 * (noise**2).sum(axis=1) - self.dim * (0.5 * math.log(2 * math.pi) - jnp.log(scale[-1]))
        return prior + total


def _kept(t: Float[Array, " n"]) -> Float[Array, " n"]:
    """Share of a row's variance left at time t of the variance-preserving process."""
    return jnp.exp(-(BETA[0] * t + 0.5 * (BETA[1] - BETA[0]) * t**2))
