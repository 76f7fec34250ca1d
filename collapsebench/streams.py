"""Randomness by address: a key is derived from (seed, name, trajectory, stream, generation), never carried."""

from __future__ import annotations

import enum
import zlib
from typing import Any

import jax

from collapsebench.types import Key


class Stream(enum.IntEnum):
    """What a random number is for. Values are part of every result: append, never renumber."""

    REAL = 0
    HOLDOUT = 1
    INIT = 2
    FIT = 3
    SAMPLE = 4
    FRESH = 5
    REGIME = 6
    CURATE = 7
    METRIC = 8
    SNAPSHOT = 9


def root_key(seed: int, name: str) -> Key:
    """The key of one named experiment."""
    return jax.random.fold_in(jax.random.key(seed, impl="threefry2x32"), zlib.crc32(name.encode()))


def trajectory_key(root: Key, trajectory: Any) -> Key:
    """The key of one trajectory, the same whatever runs beside it."""
    return jax.random.fold_in(root, trajectory)


def key_for(key: Key, stream: Stream, generation: Any = 0) -> Key:
    """The key of one purpose in one generation of a trajectory."""
    return jax.random.fold_in(jax.random.fold_in(key, stream), generation)
