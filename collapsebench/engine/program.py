"""The program of a trajectory and its state between generations: pytrees of what is compiled in and what is swept."""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp
import numpy as np
from jaxtyping import PyTree

from collapsebench.engine.handover import Transfer
from collapsebench.parts.curator import Curator
from collapsebench.parts.data import Data, Kind
from collapsebench.parts.metric import Metric
from collapsebench.parts.model import Model
from collapsebench.parts.regime import Regime
from collapsebench.parts.target import Target
from collapsebench.specs.pytree import Count, Number, spec, static


@spec
class Program:
    """Inputs of a trajectory as a pytree: static fields are compiled in, leaves can be swept.

    `n` and `n_real` are a static Size where rows are drawn, and leaves where no sample is ever made. recorded: whether a
    generation is measured, bool [generations]; None where all are.
    """

    target: Target
    model: Model
    regime: Regime
    curator: Curator | None
    metrics: tuple[Metric, ...]
    n: Number
    n_real: Any
    holdout: int = static()
    generations: int = static()
    transfer: Transfer = static()
    warm_start: bool = static()
    recorded: Any = None

    def recorded_in(self, start: int, stop: int) -> slice | np.ndarray:
        """Which of the generations from `start` to before `stop` are recorded, counted from `start`."""
        return slice(0, stop - start) if self.recorded is None else np.flatnonzero(self.recorded[start:stop])

    @property
    def reduces(self) -> bool:
        """Whether drawn rows are reduced at once to sufficient statistics, which are all that the model needs."""
        return self.model.summary is not None and not self.regime.needs_samples

    @property
    def watches(self) -> bool:
        """Whether rows are handed over that float32 may become too coarse for."""
        wide = jnp.result_type(float) == jnp.float64
        rows = self.transfer.rows and not self.reduces and not self.model.hosted
        return rows and not wide and self.target.kind in (Kind.VECTOR, Kind.CAPTIONED)

    @property
    def capacity(self) -> Number:
        """Rows of the largest synthetic set."""
        return self.regime.capacity(self.n, self.generations)

    @property
    def remembers_first(self) -> bool:
        """Whether a metric compares with the model of generation 0."""
        return any(metric.needs_first for metric in self.metrics)

    @property
    def columns(self) -> int:
        """Number of columns of a generation: metrics, their standard errors, and whether the trajectory has ended."""
        return sum(2 if metric.estimates else 1 for metric in self.metrics) + self.model.streams


@spec
class Carry:
    """The state of a trajectory between generations, a pytree that can be saved; None for what nothing reads.

    params: of the last fit. pool: the regime's. synthetic: the last synthetic set, as the pool takes it. older: the
    models before the last, newest first, for a regime that draws from several. prompts: the last data set, for
    a model that continues it. first: the parameters of generation 0. memory: the curator's. past: the first generation
    whose rows float32 was too coarse for, or NEVER.
    """

    params: PyTree
    pool: PyTree
    synthetic: Data
    older: tuple[PyTree, ...] = ()
    prompts: Data | None = None
    first: PyTree | None = None
    memory: PyTree | None = None
    past: Count | None = None


@spec
class Entry:
    """What a generation starts from: pool, training set, prompts, the curator's state, and parameters for a warm start."""

    pool: PyTree
    train: Data
    prompts: Data | None
    memory: PyTree | None
    start: PyTree | None
