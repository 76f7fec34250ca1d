"""Costliest operations of a program, from a trace of JAX's profiler."""

from __future__ import annotations

import gzip
import json
import re
from pathlib import Path
from typing import Any

import jax

_WRAPPERS = re.compile(
    r"^(while|call|conditional|tuple|get-tuple-element|parameter|ThunkExecutor|ThreadpoolListener|Wait)|::"
)


def traced(call: Any, folder: Path) -> Path:
    """Run `call` under the profiler. Returns the trace file below `folder`."""
    with jax.profiler.trace(str(folder)):
        jax.block_until_ready(call())
    return max(folder.rglob("*.trace.json.gz"), key=lambda path: path.stat().st_mtime)


def costliest(path: Path, count: int = 10) -> list[tuple[str, float, int]]:
    """(operation, seconds, times run) of the operations that took longest, without loops and calls around others.

    Copies of one operation (`fusion.3`, `fusion.3.clone`) are one.
    """
    with gzip.open(path, "rt") as file:
        events = json.load(file)["traceEvents"]
    spent: dict[str, list[float]] = {}
    for event in events:
        arguments = event.get("args") or {}
        if event.get("ph") != "X" or ("hlo_op" not in arguments and "hlo_module" not in arguments):
            continue
        name = str(arguments.get("hlo_op", event["name"])).removesuffix(".clone")
        if _WRAPPERS.search(name):
            continue
        total = spent.setdefault(name, [0.0, 0.0])
        total[0] += float(event.get("dur", 0)) * 1e-6
        total[1] += 1
    ranked = sorted(spent.items(), key=lambda item: -item[1][0])
    return [(name, seconds, int(times)) for name, (seconds, times) in ranked[:count]]
