"""Base of the models of text: sizes from the target, and draws on their own or behind the rows of the last data set."""

from __future__ import annotations

from typing import Self

import jax
import jax.numpy as jnp
from jaxtyping import Array, Int, PyTree

from collapsebench.maths.streams import part
from collapsebench.parts.data import Kind
from collapsebench.parts.model import Model
from collapsebench.parts.part import Setting
from collapsebench.parts.target import Target
from collapsebench.specs.errors import RequestError
from collapsebench.specs.pytree import Key, Unnamed


class TextModel(Model):
    """Base class of models of token blocks. A derived class gives `continue_from`, and the fields classes, block, prompted.

    prompted: a draw is a block behind a row of the last data set, and not one behind nothing. That is how Shumailov et al.
    (2024) generate: a set of text continues the set before it, block by block, so that its first ancestors are real.
    """

    kind = Kind.TEXT
    block: int
    prompted: bool

    @property
    def dim(self) -> int:  # type: ignore[override]
        return self.block

    def suited(self, target: Target) -> Self:
        sizes = {"classes": target.classes, "block": target.dim}
        named = {name for name in sizes if not isinstance(getattr(self, name), Unnamed)}
        return self.replace(**{name: Unnamed(s) for name, s in sizes.items() if s is not None and name not in named})

    def check(self, experiment: Setting) -> None:
        """Raise RequestError for a loop whose data sets are no rows to continue, or fewer real rows than it continues."""
        super().check(experiment)
        if not self.prompted:
            return
        if not experiment.handover.rows:
            raise RequestError(
                f"model.prompted = True: handover = {experiment.handover} has no rows to continue; use samples"
            )
        n_real = experiment.n if experiment.n_real is None else experiment.n_real
        if (rows := int(experiment.regime.capacity(experiment.n, experiment.generations))) != n_real:
            raise RequestError(
                f"n_real = {n_real}: a prompted draw continues a row of the last data set, so it is {rows}"
            )

    def continue_from(self, key: Key, params: PyTree, prompts: Int[Array, "n length"]) -> Int[Array, "n block"]:
        """A block behind each prompt; the prompts may be empty. A derived class gives it."""
        raise NotImplementedError

    def sample(self, key: Key, params: PyTree, n: int) -> Int[Array, "n block"]:
        return self.continue_from(key, params, jnp.zeros((n, 0), jnp.int32))

    def sample_from(self, key: Key, params: PyTree, n: int, prompts: PyTree) -> Int[Array, "n block"]:
        if not self.prompted:
            return self.sample(key, params, n)
        live = jnp.maximum((prompts.w > 0).sum(), 1)  # rows that weigh something come first
        return self.continue_from(key, params, prompts.x[jnp.arange(n) % live])

    def picture(self, key: Key, params: PyTree, target: Target, n: int) -> dict[str, Array]:
        """Held-out blocks, the same in every generation, continued behind their first quarter."""
        prompts = target.sample_holdout(part(jax.random.key(0), 0), n)[:, : max(1, self.block // 4)]
        made = self.continue_from(key, params, prompts)[:, : self.block - prompts.shape[1]]
        return {"x": jnp.concatenate([prompts, made], axis=1)}
