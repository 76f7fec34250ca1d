"""What XLA is told when it compiles for a CPU."""

from __future__ import annotations

WIDE = {"xla_cpu_prefer_vector_width": "512"}
"""Vectors of full width."""


def network_options(platform: str) -> dict[str, str]:
    """Compiler options of a network's training: on a CPU, vectors of full width, and barriers that hold.

    XLA drops optimisation barriers on a CPU before it fuses, unless that pass is disabled (a name that it does not know is
    passed over).
    """
    return WIDE | {"xla_disable_hlo_passes": "cse_barrier_expander"} if platform == "cpu" else {}
