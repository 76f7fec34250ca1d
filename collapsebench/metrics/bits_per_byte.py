"""Bits per byte of held-out text under the model."""

from __future__ import annotations

import jax.numpy as jnp

from collapsebench.maths.estimators.means import mean_estimate
from collapsebench.maths.numerics import divide
from collapsebench.parts.data import Kind
from collapsebench.parts.metric import Estimate, Metric, View
from collapsebench.parts.part import Setting
from collapsebench.specs.pytree import Key, spec
from collapsebench.specs.registry import METRICS


@METRICS.register("bits_per_byte")
@spec
class BitsPerByte(Metric):
    """Negative log-likelihood of the held-out text in bits for each of its bytes: the same unit for every tokenizer.

    The tokens' bits, the ends of documents included, over the bytes that they stand for. inf where a token has no mass.
    Standard error: of a ratio of means over blocks, to first order.
    """

    estimates = True
    unit = "bits"

    def check(self, experiment: Setting) -> None:
        """Raise RequestError for anything but text, a model without a density, or tokens that have lost some bytes."""
        if experiment.target.kind != Kind.TEXT:
            raise self.refuse(f"it measures text, and the target's are {experiment.target.kind} data")
        self.needs_model_density(experiment)
        if not experiment.target.lossless:
            raise self.refuse(
                "one of the tokens stands for many words; let target.vocabulary be None, or use perplexity"
            )

    def __call__(self, key: Key, view: View) -> Estimate:
        bits = -view.model.log_prob(view.params, view.holdout.x) / jnp.log(2.0)
        size = view.target.token_bytes()[view.holdout.x].sum(axis=1)
        mean = mean_estimate(size, view.holdout.w).value
        ratio = divide(mean_estimate(bits, view.holdout.w).value, mean)
        rest = jnp.where(jnp.isfinite(ratio), bits - ratio * size, 0)
        return Estimate(ratio, divide(mean_estimate(rest, view.holdout.w).standard_error, mean))
