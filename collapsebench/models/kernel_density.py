"""Gaussian kernel density estimate."""

from __future__ import annotations

from typing import Any, ClassVar

import jax.numpy as jnp
from jaxtyping import Array, Float

from collapsebench.maths.distributions.kernel import GRID, SUPPORT, KernelMixture
from collapsebench.maths.distributions.normal import Moments, Normal
from collapsebench.maths.numerics import divide, safe_log
from collapsebench.parts.data import Batch
from collapsebench.parts.model import Dials, Model
from collapsebench.parts.part import Setting
from collapsebench.parts.target import Target
from collapsebench.specs.errors import RequestError, shown
from collapsebench.specs.fields import as_number
from collapsebench.specs.pytree import Key, Name, Unnamed, spec, static
from collapsebench.specs.registry import MODELS

RULES = ("scott", "silverman")


@MODELS.register("kde")
@spec
class KernelDensity(Model):
    """Gaussian kernel density estimate: a kernel at each row, with a bandwidth or Scott's or Silverman's rule.

    bandwidth: a number h gives the kernel covariance h^2 I; "scott" or "silverman" give a factor of the rows' effective
    number, squared, times their (unbiased) covariance, as SciPy's gaussian_kde does.
    Law: Var' = (1 - 1/n)(Var + h^2) under replace. Sources: Scott (1992); Silverman (1986).
    """

    dim: int = static(Unnamed(1))
    bandwidth: Any = 0.3

    dials: ClassVar[Dials] = {"expressivity": ("bandwidth", (1.0, 0.7, 0.5, 0.3, 0.2))}

    @property
    def finite_only(self) -> bool:  # type: ignore[override]
        """Whether a rule sets the bandwidth, which then is 0 for an infinite sample."""
        return isinstance(self.bandwidth, str)

    def check(self, experiment: Setting) -> None:
        """Raise RequestError for a bandwidth that is neither positive nor a rule, or too narrow for quadrature."""
        if experiment.warm_start:
            raise RequestError(
                "warm_start = True: the parameters of model kde are its rows, and no fit starts from them; leave it out"
            )
        h = self.bandwidth
        if isinstance(h, str):
            if h not in RULES:
                raise RequestError(f"model.bandwidth = {h}: a positive number, {' or '.join(RULES)}")
            if experiment.handover.infinite:
                raise RequestError(f"model.bandwidth = {h}: it is 0 for an infinite sample; give a number")
        elif (number := as_number(h)) is None or number.ndim or not number > 0:
            raise RequestError(f"model.bandwidth = {shown(h)}: a positive number, {' or '.join(RULES)}")
        if experiment.handover.infinite:
            self._check_population(experiment.target)

    def _check_population(self, target: Target) -> None:
        if self.dim not in GRID:
            raise RequestError(f"model.dim = {self.dim}: population needs quadrature nodes, dim = 1 or 2; use samples")
        if not target.family().known or not isinstance(self.bandwidth, int | float):
            return
        spread = float(jnp.sqrt(jnp.diagonal(target.distribution().moments()[1]).max()))
        least = 2 * SUPPORT * spread / GRID[self.dim]
        if self.bandwidth < least:
            raise RequestError(
                f"model.bandwidth = {self.bandwidth}: narrower than the quadrature of handover = population; "
                f"at least {least:.2g}, or use samples"
            )

    def work(self, n: float) -> tuple[float, float]:
        """One normal per number drawn."""
        return n * self.dim, 0.0

    def init(self, key: Key) -> KernelMixture:
        dtype = jnp.result_type(float)
        zero = jnp.zeros((), dtype)
        return KernelMixture(jnp.zeros((1, self.dim), dtype), jnp.ones(1, dtype), zero, jnp.eye(self.dim, dtype=dtype))

    def fit(self, key: Key, params: KernelMixture, data: Batch) -> KernelMixture:
        dtype = data.x.dtype
        if not isinstance(self.bandwidth, Name):
            log_bandwidth = safe_log(jnp.asarray(self.bandwidth, dtype))
            return KernelMixture(data.x, data.w, log_bandwidth, jnp.eye(self.dim, dtype=dtype))
        rows = effective_rows(data.w)
        least = (self.dim + 2) / 4 if self.bandwidth == "silverman" else 1.0
        root = Normal.fit(Moments.of(data)).scale_tril * jnp.sqrt(divide(rows, rows - 1))
        log_bandwidth = jnp.where(rows <= 1, -jnp.inf, -safe_log(rows * least) / (self.dim + 4))
        return KernelMixture(data.x, data.w, log_bandwidth, root)


def effective_rows(w: Float[Array, " n"]) -> Float[Array, ""]:
    """Effective sample size of weighted rows (Kish), (sum w)^2 / sum w^2."""
    share = divide(w, w.max())
    return divide(share.sum() ** 2, (share**2).sum())
