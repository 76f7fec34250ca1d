"""Sizes of a run, decided once from the memory at hand: lanes in a vector, lanes in a call, generations in a call."""

from __future__ import annotations

import dataclasses
import math

import jax
from jaxtyping import PyTree

from collapsebench.engine import devices
from collapsebench.engine.program import Carry, Program
from collapsebench.specs.errors import bytes_text

FEW = 8
BLOCK = 256
"""Generations that one call may return; it bounds device memory, however many generations there are."""


@dataclasses.dataclass(frozen=True)
class Plan:
    """Sizes of a run: `width` lanes vectorised, `chunk` lanes in one call, up to `block` generations in one call.

    A lane is one trajectory at one point of a sweep. Results depend on the width, in float32 in the last digits, and
    on nothing else here.
    """

    width: int
    chunk: int
    block: int

    @classmethod
    def of(cls, program: Program, carry: Carry, lanes: int, width: int | None = None, together: bool = False) -> Plan:
        """Width (where it is None) and chunk from the cache and the memory budget; together: chunk from memory alone.

        carry: shapes of one lane's state. Raises MemoryError, one line, where not even one lane fits.
        """
        count = devices.mesh().size
        held = _bytes(carry)
        dim = max((leaf.size for leaf in jax.tree.leaves(carry.params)), default=1)
        drawn = program.transfer.drawn_rows(program.capacity)
        working = held + 4 * 3 * (drawn * max(1, program.target.dim or 1) + dim)
        free = 4 * devices.memory_budget()
        seen = 4 * 3 * program.holdout * max(1, program.target.dim or 1)
        if working + seen > free:
            field = f"n = {int(program.n)}" if working > seen else f"holdout = {program.holdout}"
            raise MemoryError(
                f"{field}: one trajectory needs about {bytes_text(working + seen)} on each of {count} devices, and "
                f"{bytes_text(free)} are free; nothing was run"
            )
        block = min(BLOCK, 2 ** math.ceil(math.log2(program.generations)))
        # Metrics of a call: few enough that their memory is used again, and not new to the system for every call.
        cache = devices.cache_bytes(program.model.streams)
        returned = max(1, 2 * cache // (4 * program.columns * block))
        widest = max(1, min(cache // working, devices.memory_budget() // (8 * working), returned))
        share = math.ceil(lanes / count)
        if program.model.streams and jax.default_backend() == "cpu":
            widest = 1  # bench_networks_side_by_side measures it; a convolution by itself is faster than several
        width = width or _even(share, 2 ** int(math.log2(widest)))
        most = devices.memory_budget() // (4 * (held + 64 * block))
        groups = math.ceil(share / width)
        most = max(1, (most if together else min(most, returned)) // width)
        groups = math.ceil(groups / math.ceil(groups / most))  # equal calls, for the last one is filled up
        return cls(int(width), int(groups * width * count), block)


def _even(lanes: int, widest: int) -> int:
    """Width of equal groups of at most `widest` lanes, with less than 1 in 32 of them too many.

    Few lanes are filled up to a power of two, so that runs of nearly as many trajectories share a compiled program.
    """
    each = math.ceil(lanes / math.ceil(lanes / widest))
    step = 2 ** max(0, each.bit_length() - 6)
    return min(widest, 2 ** (each - 1).bit_length() if lanes <= FEW else math.ceil(each / step) * step)


def _bytes(tree: PyTree) -> int:
    return sum(leaf.size * leaf.dtype.itemsize for leaf in jax.tree.leaves(tree))
