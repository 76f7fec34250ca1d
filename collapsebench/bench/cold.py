"""Cold start: seconds from a new process to the saved result, and their parts."""

from __future__ import annotations

import dataclasses
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

REQUEST = (
    "run",
    "gaussian",
    "--n",
    "100",
    "--generations",
    "1000",
    "--trajectories",
    "1000",
    "--set",
    "metrics=variance",
)
"""The loop that is timed: replace, 100 rows, 1000 generations, 1000 trajectories."""
PARTS = ("import", "trace", "compile", "run", "save", "figure")
"""`import` lasts until the request is read and the run begins."""
_EVENTS = {
    "/jax/core/compile/jaxpr_trace_duration": "trace",
    "/jax/core/compile/jaxpr_to_mlir_module_duration": "trace",
    "/jax/core/compile/backend_compile_duration": "compile",
}
_CHILD = "from collapsebench.bench import cold; from collapsebench.cli import main, output; cold.child(main, output)"


@dataclasses.dataclass(frozen=True)
class Start:
    """Seconds of one cold start: `parts` by PARTS, `saved` until the result was on disk, `total` until the process ended."""

    parts: dict[str, float]
    saved: float
    total: float
    found: int
    """programs that came from the cache"""


def child(main: Callable[[list[str]], int], output: Any) -> None:
    """The timed process: runs the command line on its arguments and writes its timings to $COLLAPSEBENCH_COLD.

    main, output: of `cli`. The command imports what it needs, and calls what is marked here by its name in its module.
    """
    launched = float(os.environ["COLLAPSEBENCH_COLD_BEGAN"])
    spent = dict.fromkeys(PARTS, 0.0)
    import jax

    from collapsebench.bench import events
    from collapsebench.runs import progress, results

    def timed(event: str, duration_secs: float, **kwargs: object) -> None:
        if event in _EVENTS:
            spent[_EVENTS[event]] += duration_secs

    jax.monitoring.register_event_duration_secs_listener(timed)
    before = events.now()
    marks: dict[str, float] = {}
    for module, name, part in ((progress, "display", "run"), (results, "save", "save"), (output, "draw", "figure")):
        setattr(module, name, _marked(getattr(module, name), part, marks))
    code = main(sys.argv[1:])
    spent["import"] = marks["run began"] - launched
    spent["save"], spent["figure"] = (marks[f"{part} ended"] - marks[f"{part} began"] for part in ("save", "figure"))
    saved = marks["save ended"] - launched
    spent["run"] = saved - sum(spent[part] for part in ("import", "trace", "compile", "save"))
    report = {"parts": spent, "saved": saved, "found": (events.now() - before).hits}
    Path(os.environ["COLLAPSEBENCH_COLD"]).write_text(json.dumps(report))
    raise SystemExit(code)


def _marked(call: Callable[..., object], name: str, marks: dict[str, float]) -> Callable[..., Any]:
    def timed(*args: object, **kwargs: object) -> Any:
        marks[f"{name} began"] = time.time()
        value = call(*args, **kwargs)
        marks[f"{name} ended"] = time.time()
        return value

    return timed


def start(cache: Path | None, request: Sequence[str] = REQUEST) -> Start:
    """Time one start in a new process, with its programs cached in `cache` (None: nowhere). Raises RuntimeError."""
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.json"
        environment = {
            **os.environ,
            "COLLAPSEBENCH_COLD": str(report),
            "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0",
        }
        environment["JAX_ENABLE_COMPILATION_CACHE"] = "false" if cache is None else "true"
        environment["JAX_COMPILATION_CACHE_DIR"] = str(cache or Path(folder) / "none")
        environment["COLLAPSEBENCH_COLD_BEGAN"] = repr(time.time())
        begun = time.perf_counter()
        command = [sys.executable, "-c", _CHILD, *request, "--out", folder]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
        total = time.perf_counter() - begun
        if done.returncode or not report.exists():
            raise RuntimeError(f"a cold start failed: {done.stderr.strip().splitlines()[-1:]}")
        found = json.loads(report.read_text())
    return Start(found["parts"], found["saved"], total, found["found"])


def starts(rounds: int, told: Callable[[str], None] = lambda line: None) -> dict[str, list[Start]]:
    """Time cold starts without a cache, with an empty one, and with one that has the programs, in turns."""
    found: dict[str, list[Start]] = {"no cache": [], "empty cache": [], "warm cache": []}
    for i in range(rounds):
        told(f"cold start {i + 1} of {rounds}")
        with tempfile.TemporaryDirectory() as folder:
            found["no cache"].append(start(None))
            found["empty cache"].append(start(Path(folder)))
            found["warm cache"].append(start(Path(folder)))
    return found


def summary(found: dict[str, list[Start]]) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
    """Header and rows of a table of medians over the rounds."""
    rows = []
    for name, rounds in found.items():
        middle = {part: statistics.median(one.parts[part] for one in rounds) for part in PARTS}
        saved = statistics.median(one.saved for one in rounds)
        cells = (f"{middle[part]:.2f} ({100 * middle[part] / saved:.0f}%)" for part in PARTS[:-1])
        rows.append((name, f"{saved:.2f}", *cells, f"{middle['figure']:.2f}", str(rounds[0].found)))
    head = ("start", "to the saved result, s", *PARTS[:-1], "figure after it", "programs found")
    return head, rows
