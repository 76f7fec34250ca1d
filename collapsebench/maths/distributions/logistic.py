"""Logistic regression with normal inputs: labels 0 and 1 with odds exp(x w)."""

from __future__ import annotations

import itertools

import jax.numpy as jnp
import numpy as np
from jax import lax
from jax.nn import log_sigmoid, sigmoid, softplus
from jaxtyping import Array, Float

from collapsebench.maths import samplers
from collapsebench.maths.distributions.labelled import Rows, draw_inputs
from collapsebench.maths.linalg import solve_factor
from collapsebench.maths.numerics import deviance, divide
from collapsebench.maths.streams import part
from collapsebench.maths.sums import columns
from collapsebench.maths.triangles import rows_factor
from collapsebench.parts.data import Batch
from collapsebench.parts.distribution import Distribution
from collapsebench.specs.errors import RequestError
from collapsebench.specs.pytree import Count, Key, spec

_NODES = 32
"""Gauss-Hermite nodes along one axis."""


@spec
class LogisticLabels(Distribution):
    """Logistic labels P(y = 1 | x) = 1 / (1 + exp(-x w)), x ~ N(0, diag(scales^2)); a log mass is that of y given x."""

    coef: Float[Array, " d"]
    scales: Float[Array, " d"]

    @property
    def dim(self) -> int:
        return self.coef.shape[0]

    def sample(self, key: Key, n: int, prompts: Rows | None = None) -> Rows:
        """n labelled rows: new inputs, or the first n inputs of `prompts` with new labels."""
        x = draw_inputs(part(key, 0), self.scales, n, prompts)
        score = x @ self.coef
        rare = samplers.bernoulli(part(key, 1), sigmoid(-jnp.abs(score)))  # 1 - sigmoid would end at 6e-8
        return {"x": x, "y": ((score > 0) != rare).astype(self.coef.dtype)}

    def log_prob(self, rows: Rows) -> Float[Array, " n"]:
        """Log probability of y given x, in nats."""
        score = rows["x"] @ self.coef
        return jnp.where(rows["y"] > 0.5, log_sigmoid(score), log_sigmoid(-score))

    def excess_risk(self, truth: LogisticLabels) -> Float[Array, ""]:
        """Expected log loss minus that of the truth over the truth's inputs: KL(truth || self), by quadrature.

        Both scores are jointly normal, so 32 x 32 Gauss-Hermite nodes serve in any dimension.
        """
        ours, theirs = truth.scales * self.coef, truth.scales * truth.coef
        length = jnp.sqrt((theirs**2).sum())
        along = divide((ours * theirs).sum(), length)
        across = jnp.sqrt(jnp.maximum((ours**2).sum() - along**2, 0))
        z, w = _hermite(2)
        score = length * z[:, 0]
        gap = (along - length) * z[:, 0] + across * z[:, 1]
        p, q = sigmoid(score), sigmoid(-score)
        # The difference of the probabilities to all its digits, where it is small: near the truth it is squared.
        small = jnp.abs(gap) < 1
        rise = jnp.expm1(jnp.where(small, gap, 0))
        change = p * q * rise / (1 + p * rise)
        near = deviance(p, p + change, -change) + deviance(q, q - change, change)
        far = softplus(score + gap) - softplus(score) - p * gap
        return (w * jnp.where(small, near, jnp.maximum(far, 0))).sum()

    def kl(self, other: LogisticLabels) -> Float[Array, ""]:
        """KL(self || other) of the labels in nats, averaged over the inputs of `self`, by quadrature."""
        return other.excess_risk(self)

    def nodes(self) -> Batch:
        """Quadrature nodes: Gauss-Hermite inputs, each with both labels; weights sum to 1.

        Raises RequestError for more than two dimensions.
        """
        if self.dim > 2:
            raise RequestError(
                f"model.dim = {self.dim}: logistic labels have quadrature nodes for dim = 1 and 2; use samples"
            )
        z, w = _hermite(self.dim)
        x = self.scales * z
        p = sigmoid(x @ self.coef)
        labels = jnp.repeat(jnp.arange(2, dtype=x.dtype), len(w))
        return Batch({"x": jnp.concatenate([x, x]), "y": labels}, jnp.concatenate([w * (1 - p), w * p]))


def _hermite(dim: int) -> tuple[Float[Array, "nodes dim"], Float[Array, " nodes"]]:
    """Gauss-Hermite nodes [nodes, dim] and weights [nodes] of N(0, I)."""
    node, weight = np.polynomial.hermite_e.hermegauss(_NODES)
    weight = weight / weight.sum()
    x = np.array(list(itertools.product(node, repeat=dim)))
    w = np.array([np.prod(pair) for pair in itertools.product(weight, repeat=dim)])
    dtype = jnp.result_type(float)
    return jnp.asarray(x, dtype), jnp.asarray(w, dtype)


def newton(data: Batch, start: Float[Array, " d"], penalty: Array, steps: int) -> Float[Array, " d"]:
    """The w [d] that minimises the mean log loss plus penalty / 2 |w|^2, after `steps` damped Newton steps.

    A step that moves a score by at most R is shortened by log(1 + R) / R: the loss of a generalised self-concordant
    function cannot rise, separable labels move away slowly, and near the minimum steps are whole.
    Source: Bach (2010), Self-concordant analysis for logistic regression.
    """
    x, y = data.x["x"], data.x["y"]
    share = divide(data.w, data.w.sum())
    ridge = jnp.sqrt(penalty) * jnp.eye(x.shape[1], dtype=x.dtype)

    def scores(coef: Array) -> Array:
        return jnp.matmul(x, coef, precision="highest")

    def step(_: Count, coef: Array) -> Array:
        score = scores(coef)
        residual = jnp.where(y > 0.5, sigmoid(-score), -sigmoid(score))
        gradient = columns(x, share * residual) - penalty * coef
        weight = jnp.sqrt(share * sigmoid(score) * sigmoid(-score))
        move = solve_factor(rows_factor(jnp.concatenate([x * weight[:, None], ridge])), gradient)
        reach = jnp.where(share > 0, jnp.abs(scores(move)), 0).max()
        return coef + move * jnp.where(reach > 0, jnp.log1p(reach) / jnp.where(reach > 0, reach, 1), 1)

    return lax.fori_loop(0, steps, step, start)
