"""Logistic regression with normal inputs: labels 0 and 1 with odds exp(x w)."""

from __future__ import annotations

import functools
import itertools
from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jax.nn import log_sigmoid, sigmoid, softplus
from jaxtyping import Array, Float

from collapsebench.maths import samplers
from collapsebench.maths.cholesky import psd_factor
from collapsebench.maths.distributions.labelled import Rows, draw_inputs, scores
from collapsebench.maths.linalg import solve_factor
from collapsebench.maths.numerics import deviance, divide
from collapsebench.maths.samplers.bits import over_lanes
from collapsebench.maths.streams import part
from collapsebench.maths.sums import LONG
from collapsebench.maths.triangles import rows_factor
from collapsebench.parts.data import Batch
from collapsebench.parts.distribution import Distribution
from collapsebench.specs.errors import RequestError
from collapsebench.specs.pytree import Key, spec

_NODES = 32
"""Gauss-Hermite nodes along one axis."""
TRUSTED = 1e-4
"""Share of a diagonal entry of the Hessian that its factor's pivot has to keep, for a Newton step to be right to 1%."""


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
        score = scores(x.T, self.coef)
        rare = samplers.bernoulli(part(key, 1), sigmoid(-jnp.abs(score)))  # 1 - sigmoid would end at 6e-8
        return {"x": x, "y": ((score > 0) != rare).astype(self.coef.dtype)}

    def log_prob(self, rows: Rows) -> Float[Array, " n"]:
        """Log probability of y given x, in nats."""
        score = scores(rows["x"].T, self.coef)
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
    """The w [d] that minimises the mean log loss plus penalty / 2 |w|^2, after at most `steps` damped Newton steps.

    A step that moves a score by at most R is shortened by log(1 + R) / R: the loss of a generalised self-concordant
    function cannot rise, separable labels move away slowly, and near the minimum steps are whole. The last one is that
    after which the next would move no score by a rounding error.
    Source: Bach (2010), Self-concordant analysis for logistic regression.
    """
    share = divide(data.w, data.w.sum())
    return _newton(steps)(data.x["x"], data.x["y"], share, start, penalty)


@functools.cache
def _newton(steps: int) -> Callable[..., Array]:
    """`newton` of many lanes, each of which stops by itself."""

    def many(
        x: Float[Array, "lanes n d"], y: Float[Array, "lanes n"], share: Float[Array, "lanes n"],
        start: Float[Array, "lanes d"], penalty: Float[Array, " lanes"],
    ) -> Float[Array, "lanes d"]:  # fmt: skip
        columns = lax.optimization_barrier(x.swapaxes(1, 2))  # once, and not in every step
        ridge = penalty[:, None, None] * jnp.eye(x.shape[2], dtype=x.dtype)[None]
        enough = 0.5 * float(jnp.finfo(x.dtype).eps) ** 0.5  # a whole step of R leaves one of R^2

        def factor(weight: Float[Array, "lanes n"], hessian: Float[Array, "lanes d d"]) -> Float[Array, "lanes d d"]:
            made = jax.vmap(psd_factor)(hessian)
            weak = (_diagonals(made) ** 2 < TRUSTED * _diagonals(hessian)).any(axis=1)

            def by_rows() -> Array:
                rows = jnp.concatenate([x * jnp.sqrt(weight)[:, :, None], jnp.sqrt(ridge)], axis=1)
                return jnp.where(weak[:, None, None], jax.vmap(rows_factor)(rows), made)

            return lax.cond(weak.any(), by_rows, lambda: made)

        def step(state: tuple[Array, Array, Array]) -> tuple[Array, Array, Array]:
            turn, coef, going = state
            small = jnp.exp(-jnp.abs(score := jax.vmap(scores)(columns, coef)))
            likely = 1 / (1 + small)
            rare = small * likely  # to all its digits, as 1 - likely is not
            residual = jnp.where(y > 0.5, jnp.where(score > 0, rare, likely), -jnp.where(score > 0, likely, rare))
            weight = share * (rare * likely)
            hessian, gradient = _hessian_and_sums(columns, weight, share * residual)
            gradient = gradient - penalty[:, None] * coef
            move = jax.vmap(solve_factor)(factor(weight, hessian + ridge), gradient)
            reach = _largest(jnp.where(share > 0, jnp.abs(jax.vmap(scores)(columns, move)), 0))
            whole = coef + move * jnp.where(reach > 0, jnp.log1p(reach) / jnp.where(reach > 0, reach, 1), 1)[:, None]
            return turn + 1, jnp.where(going[:, None], whole, coef), going & (reach > enough)

        def unfinished(state: tuple[Array, Array, Array]) -> Array:
            return (state[0] < steps) & state[2].any()

        return lax.while_loop(unfinished, step, (jnp.int32(0), start, jnp.ones(x.shape[0], bool)))[1]

    return over_lanes(many)


def _hessian_and_sums(
    columns: Float[Array, "lanes d n"], weight: Float[Array, "lanes n"], residual: Float[Array, "lanes n"]
) -> tuple[Float[Array, "lanes d d"], Float[Array, "lanes d"]]:
    """Sums over rows of the weighted products of all columns, and of the columns times the residual.

    By one product, whose rounding in long sums (see `sums`) only slows Newton's steps down; a gradient has to be right.
    """
    left = columns * weight[:, None]
    if columns.shape[2] > LONG:
        return jnp.einsum("lpn,lqn->lpq", left, columns, precision="highest"), (columns * residual[:, None]).sum(axis=2)
    both = jnp.einsum("lpn,lqn->lpq", jnp.concatenate([left, residual[:, None]], axis=1), columns, precision="highest")
    return both[:, :-1], both[:, -1]


def _largest(table: Float[Array, "lanes n"]) -> Float[Array, " lanes"]:
    """Maximum of each lane, of a sixteenth of its numbers: XLA's own is not vectorised on a CPU."""
    n = table.shape[1]
    some = -(-n // 16)
    return functools.reduce(
        jnp.maximum, [table[:, (at := min(i * some, n - some)) : at + some] for i in range(16)]
    ).max(1)


def _diagonals(matrices: Float[Array, "lanes d d"]) -> Float[Array, "lanes d"]:
    return jnp.diagonal(matrices, axis1=1, axis2=2)
