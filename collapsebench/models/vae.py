"""Variational autoencoder."""

from __future__ import annotations

import dataclasses
import math
from typing import Any

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PyTree

from collapsebench.learning.network_model import NetworkModel, check_image, check_widths
from collapsebench.learning.products import autoencoder_products
from collapsebench.learning.training import Training
from collapsebench.maths import samplers
from collapsebench.maths.streams import part
from collapsebench.parts.part import Setting
from collapsebench.specs.errors import RequestError, nearest
from collapsebench.specs.pytree import Count, Key, Unnamed, spec, static, within
from collapsebench.specs.registry import MODELS

LIKELIHOODS = ("gaussian", "bernoulli")
DRAWS = ("samples", "means")


@MODELS.register("vae")
@spec
class VAE(NetworkModel):
    """Variational autoencoder of `latent` normal codes, with `hidden` layers or, for square images, convolutions.

    channels: halving convolutions (kernel 4, stride 2) of the encoder; the decoder mirrors them. likelihood:
    "gaussian" with standard deviation `sd`, or "bernoulli" for pixels from 0 to 1. beta: weight of the codes'
    divergence. draws: what `sample` gives, "samples" of the likelihood or the decoder's "means". bias: sampling bias,
    codes are drawn from N(0, bias I). log_prob: importance-weighted bound by `particles` codes; it is below the log
    density and tends to it (Burda et al., 2016). Sources: Kingma and Welling (2014); Higgins et al. (2017) for beta.
    """

    dim: int = static(Unnamed(2))
    latent: int = static(2)
    hidden: tuple[int, ...] = static((32,))
    channels: tuple[int, ...] = static(())
    likelihood: str = static("gaussian")
    draws: str = static("samples")
    sd: float = within(0.2, low=1e-6)
    beta: float = within(1.0, low=0)
    bias: float = within(1.0, low=0)
    particles: int = static(64)
    training: Training = Training()
    start: Any = None

    encodes = True

    @classmethod
    def nature(cls, **changes: Any) -> VAE:
        """VAE of Shumailov et al. (2024): 647,081 parameters, 30 epochs of 60000 rows; draws are decoder means."""
        training = Training(steps=30 * 60000 // 256, batch=256, rate=1e-3, decay=1e-5, pieces=16)
        preset: dict[str, Any] = {
            "dim": 784, "latent": 20, "hidden": (), "channels": (64, 128), "likelihood": "bernoulli", "draws": "means",
            "training": training,
        }  # fmt: skip
        return cls(**{**preset, **changes})

    def check(self, experiment: Setting) -> None:
        """Raise RequestError for an invalid likelihood, kind of draw or shape."""
        super().check(experiment)
        for field, known in (("likelihood", LIKELIHOODS), ("draws", DRAWS)):
            if (value := getattr(self, field)) not in known:
                raise RequestError(
                    f"model.{field} = {value}: not one of {', '.join(known)}{nearest(str(value), known)}"
                )
        check_widths("hidden", self.hidden)
        check_image(self.dim, self.channels)

    def exact(self) -> VAE:
        """Same model with a learner that converges, beta = 1, no sampling bias and draws of the likelihood."""
        return dataclasses.replace(super().exact(), beta=1.0, bias=1.0, draws="samples")

    def _encoder(self) -> Any:
        from collapsebench.learning.networks.autoencoder import Encoder

        return Encoder(self.latent, self.hidden, self.channels)

    def _decoder(self) -> Any:
        from collapsebench.learning.networks.autoencoder import Decoder

        return Decoder(self.dim, self.hidden, self.channels)

    def random_params(self, key: Key) -> dict[str, PyTree]:
        """Random parameters of encoder and decoder."""
        x, z = jnp.zeros((1, self.dim)), jnp.zeros((1, self.latent))
        return {"encoder": self._encoder().init(part(key, 0), x), "decoder": self._decoder().init(part(key, 1), z)}

    def products(self) -> list[tuple[int, int, int]]:
        return autoencoder_products(self.dim, self.latent, self.hidden, self.channels)

    def encode(
        self, params: Any, x: Float[Array, "n dim"]
    ) -> tuple[Float[Array, "n latent"], Float[Array, "n latent"]]:
        """Mean and log variance of the code of each row."""
        return self._encoder().apply(params["encoder"], x)

    def decode(self, params: Any, z: Float[Array, "n latent"]) -> Float[Array, "n dim"]:
        """Mean of the likelihood; for a Bernoulli likelihood before the sigmoid."""
        return self._decoder().apply(params["decoder"], z)

    def _log_likelihood(self, out: Float[Array, "n dim"], x: Float[Array, "n dim"]) -> Float[Array, " n"]:
        if self.likelihood == "bernoulli":
            return (x * out - jax.nn.softplus(out)).sum(axis=-1)
        sd = jnp.asarray(self.sd, x.dtype)
        return -0.5 * (((x - out) / sd) ** 2).sum(axis=-1) - x.shape[-1] * (jnp.log(sd) + 0.5 * math.log(2 * math.pi))

    def loss(self, params: PyTree, key: Key, x: Float[Array, "n dim"]) -> Float[Array, ""]:
        """Mean of -log likelihood + beta KL(code || N(0, I)) over the rows, in nats."""
        mean, log_variance = self.encode(params, x)
        z = mean + jnp.exp(0.5 * log_variance) * samplers.normal(key, mean.shape, jnp.float32).astype(mean.dtype)
        kl = 0.5 * (mean**2 + jnp.exp(log_variance) - 1 - log_variance).sum(axis=-1)
        return (jnp.asarray(self.beta, kl.dtype) * kl - self._log_likelihood(self.decode(params, z), x)).mean()

    def sample(self, key: Key, params: PyTree, n: int) -> Float[Array, "n dim"]:
        z = jnp.sqrt(jnp.asarray(self.bias)) * samplers.normal(part(key, 0), (n, self.latent))
        out = self.decode(params, z)
        if self.likelihood == "bernoulli":
            if self.draws == "means":
                return jax.nn.sigmoid(out)
            rare = samplers.bernoulli(part(key, 1), jax.nn.sigmoid(-jnp.abs(out)))
            return ((out > 0) != rare).astype(out.dtype)
        return out if self.draws == "means" else out + self.sd * samplers.normal(part(key, 1), out.shape, out.dtype)

    def log_prob(self, params: PyTree, x: Float[Array, "n dim"]) -> Float[Array, " n"]:
        mean, log_variance = self.encode(params, x)
        key = jax.random.wrap_key_data(jnp.zeros(2, jnp.uint32), impl="threefry2x32")  # every call asks the same codes

        def one(total: Any, i: Count) -> Any:
            noise = samplers.normal(part(key, i), mean.shape, mean.dtype)
            z = mean + jnp.exp(0.5 * log_variance) * noise
            prior = -0.5 * (z**2).sum(axis=-1)
            posterior = -0.5 * (noise**2 + log_variance).sum(axis=-1)
            return jnp.logaddexp(total, self._log_likelihood(self.decode(params, z), x) + prior - posterior), None

        start = jnp.full(x.shape[0], -jnp.inf, mean.dtype)
        return jax.lax.scan(one, start, jnp.arange(self.particles))[0] - math.log(self.particles)
