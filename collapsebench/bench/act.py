"""Actions of `collapsebench bench` and `collapsebench compare`."""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from collapsebench.bench import cold as cold_starts
from collapsebench.bench import compare
from collapsebench.bench.plugin import suite as suite_folder
from collapsebench.experiment.sweep import Sweep
from collapsebench.literature import catalogue
from collapsebench.show import benchmarks as report
from collapsebench.show import markdown
from collapsebench.show.tables import table
from collapsebench.specs import files
from collapsebench.specs.errors import DONE, FAILED, RequestError

NOTHING_COLLECTED = 5
"""Exit code of pytest where no test is left."""


def suite(names: list[str], tier: str, out: Path) -> int:
    """Run the project's benchmarks in a process of their own and file their JSON under out/DEVICE/TIER.json."""
    folder = suite_folder()
    if not folder.is_dir():
        raise RequestError(
            "bench: the benchmarks are in a clone of the repository; your own run by `pytest --benchmark FILES`"
        )
    with tempfile.TemporaryDirectory() as scratch:
        made = Path(scratch) / "run.json"
        command = [sys.executable, "-m", "pytest", "-p", "collapsebench.bench.plugin", "--benchmark", "--tier", tier, "-q",
                   f"--benchmark-json={made}", f"--rootdir={folder.parent}", str(folder)]  # fmt: skip
        command += ["-k", " or ".join(names)] if names else []
        code = subprocess.run(command, cwd=folder.parent, check=False).returncode
        if code == NOTHING_COLLECTED:
            raise RequestError(f"bench {' '.join(names)}: no benchmark has that in its name")
        if not made.exists() or not made.stat().st_size:
            return FAILED
        data = json.loads(made.read_text())
        path = out / data["machine_info"]["collapsebench"]["device"] / f"{tier}.json"
        files.write_text(path, json.dumps(_without_noise(data), indent=1) + "\n")
    print(path)
    return DONE if code == 0 else FAILED


def _without_noise(data: dict[str, Any]) -> dict[str, Any]:
    """The file without what says nothing about a speed, such as host names and lists of processor flags."""
    for name in ("node", "release"):
        data["machine_info"].pop(name, None)
    data["machine_info"].get("cpu", {}).pop("flags", None)
    for benchmark in data["benchmarks"]:
        benchmark["stats"].pop("data", None)  # extra_info has the times
    return data


def cold(rounds: int) -> int:
    """Print the seconds from a new process to its saved result, without a cache and with one."""
    if rounds < 1:
        raise RequestError(f"--rounds {rounds}: it must be at least 1")
    found = cold_starts.starts(rounds, lambda line: print(line, file=sys.stderr))
    print(table(*cold_starts.summary(found)))
    return DONE


def traces(names: list[str], out: Path) -> int:
    """Trace the loop of each named experiment, and print its ten costliest operations."""
    from collapsebench.bench import trace
    from collapsebench.bench.programs import LoopProgram

    if not names:
        raise RequestError("bench --trace: name an experiment, as for `collapsebench run`")
    for name in names:
        request = catalogue.experiment(name)
        program = LoopProgram.of(request.experiment if isinstance(request, Sweep) else request)
        compiled = program.trace().lower().compile()
        compiled(*program.arguments())
        arguments = program.arguments()
        path = trace.traced(lambda c=compiled, a=arguments: c(*a), out / "traces" / name.replace("/", "-"))
        rows = trace.costliest(path)
        total = sum(seconds for _, seconds, _ in rows)
        cells = [(op, f"{1e3 * s:.3g} ms", f"{100 * s / total:.0f}%", str(times)) for op, s, times in rows]
        print(f"{name}\n{table(('operation', 'time', 'of these', 'times run'), cells)}\n{path}")
    return DONE


def compared(arguments: argparse.Namespace) -> int:
    """Print two runs side by side; FAILED where something became slower."""
    first, second = compare.load(arguments.first), compare.load(arguments.second)
    if arguments.across_devices:
        head, rows = report.across_table(compare.across(first, second), first.device, second.device)
        code = DONE
    elif first.device != second.device:
        raise RequestError(f"compare: {first.device} against {second.device}; say --across-devices if that is meant")
    else:
        pairs = compare.compare(first, second, compare.parse_thresholds(arguments.threshold))
        groups = compare.groups(pairs)
        head, rows = report.comparison_table(pairs, groups)
        verdicts = [pair.verdict for pair in pairs] + [group.verdict for group in groups]
        code = FAILED if "slower" in verdicts else DONE
        missing = sorted(set(first.timings) ^ set(second.timings))
        rows += [(name, "", "", "", "", "", "in one run only") for name in missing]
    print(table(head, rows))
    title = f"{first.path.name} and {second.path.name}"
    for path, text in (
        (arguments.markdown, markdown.table(head, rows)),
        (arguments.html, report.as_html(title, head, rows)),
    ):
        if path is not None:
            files.write_text(path, text)
            print(path)
    return code
