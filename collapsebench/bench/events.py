"""Counts of compilations and of persistent-cache hits, from jax.monitoring."""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Iterator
from functools import cache

import jax

from collapsebench.engine.cache import HITS

COMPILED = "/jax/core/compile/backend_compile_duration"


@dataclasses.dataclass
class Events:
    """Counts of programs compiled (or fetched by JAX) and of cache hits, since the process began or in a block."""

    compiles: int = 0
    hits: int = 0

    def __sub__(self, other: Events) -> Events:
        return Events(self.compiles - other.compiles, self.hits - other.hits)


@cache
def _counts() -> Events:
    """The one counter of this process; listeners cannot be removed, so there is one of each."""
    counts = Events()

    def timed(event: str, duration_secs: float, **kwargs: object) -> None:
        counts.compiles += event == COMPILED

    def happened(event: str, **kwargs: object) -> None:
        counts.hits += event == HITS

    jax.monitoring.register_event_duration_secs_listener(timed)
    jax.monitoring.register_event_listener(happened)
    return counts


def now() -> Events:
    """Counts since the process began."""
    return dataclasses.replace(_counts())


@contextlib.contextmanager
def watched() -> Iterator[Events]:
    """Context that counts the events inside it; the counts are complete when it ends."""
    before, inside = now(), Events()
    try:
        yield inside
    finally:
        found = now() - before
        inside.compiles, inside.hits = found.compiles, found.hits
