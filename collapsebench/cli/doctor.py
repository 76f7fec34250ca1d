"""`collapsebench doctor`: versions, devices and memory."""

from __future__ import annotations

import argparse
import platform
from typing import Any, cast

from collapsebench.specs.errors import DONE

LINE = "versions, devices and memory of this machine"
TEXT = "Versions, devices, cores, memory and data sets that a run would use here; it runs nothing."


def add(parser: argparse.ArgumentParser) -> None:
    """Add nothing: `collapsebench doctor` takes no arguments."""


def act(arguments: argparse.Namespace) -> int:
    """Run `collapsebench doctor`; returns the exit code."""
    import jax

    from collapsebench import datasets
    from collapsebench.datasets import texts
    from collapsebench.engine import devices
    from collapsebench.learning.language import sentences
    from collapsebench.runs import results

    mesh = devices.mesh()
    kind = jax.devices()[0].device_kind
    for name, value in (
        ("python", platform.python_version()), *results.versions().items(),
        ("devices", f"{mesh.size} x {kind} ({jax.default_backend()})"),
        ("cores", str(devices.cores())), ("run memory", f"{devices.memory_budget() / 2**30:.1f} GiB per device at a time"),
        ("programs", str(cast(Any, jax.config).jax_compilation_cache_dir or "not kept")),
        ("data sets", ", ".join(datasets.names())),
        ("texts", ", ".join(name for name in texts.names() if name not in texts.missing())),
        *((f"  {name}", f"missing: {how}") for name, how in texts.missing().items()),
        ("embeddings", sentences.NAME if sentences.installed() else f"missing: {sentences.INSTALL}"),
    ):  # fmt: skip
        print(f"{name:14} {value}")
    return DONE
