"""Rewards of rows: one for each symbol, or the first column."""

from __future__ import annotations

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from collapsebench.parts.curator import Curator
from collapsebench.parts.data import Batch, Kind, as_matrix
from collapsebench.parts.part import Setting
from collapsebench.specs.errors import counted


def check_rewards(curator: Curator, experiment: Setting, rewards: tuple[float, ...]) -> None:
    """Raise RequestError unless the experiment's rows have a reward: as many as symbols, or a first column."""
    if not isinstance(rewards, tuple) or not all(isinstance(one, int | float) for one in rewards):
        raise curator.refuse("rewards: they must be numbers in parentheses, one for each symbol")
    kind, classes = experiment.target.kind, experiment.target.classes
    if kind == Kind.SYMBOL:
        if classes is not None and len(rewards) != classes:
            raise curator.refuse(f"rewards: {len(rewards)} of them for {counted(classes, 'symbol')}")
        if not np.isfinite(rewards).all():
            raise curator.refuse("rewards: each must be a finite number")
    elif kind not in (Kind.VECTOR, Kind.COUNT):
        raise curator.refuse(f"{kind} data have no first column that could be a reward")
    elif rewards:
        raise curator.refuse(f"rewards are of symbols, and {kind} data have their first column")


def reward(batch: Batch, rewards: tuple[float, ...]) -> Float[Array, " capacity"]:
    """The reward of each row."""
    if rewards:
        return jnp.asarray(rewards, batch.w.dtype)[batch.x]
    return as_matrix(batch.x)[:, 0].astype(batch.w.dtype)
