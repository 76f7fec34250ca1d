"""Actions of `collapsebench bench` and `collapsebench compare`."""

from __future__ import annotations

import argparse
import dataclasses
import json
import shutil
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
from collapsebench.runs.results import commit, versions
from collapsebench.show import benchmarks as report
from collapsebench.show import markdown
from collapsebench.show.tables import table
from collapsebench.specs import files, record
from collapsebench.specs.errors import DONE, FAILED, RequestError

NOTHING_COLLECTED = 5
"""Exit code of pytest where no test is left."""


def suite(names: list[str], tier: str, out: Path, resume: bool = True) -> int:
    """Run the project's benchmarks, each file in a process of its own, and file their JSON under out/DEVICE/TIER.json.

    Files that are done are kept below `out` until all are, and not run again after a stop, unless `resume` is False.
    """
    folder = suite_folder()
    if not folder.is_dir():
        raise RequestError(
            "bench: the benchmarks are in a clone of the repository; your own run by `pytest --benchmark FILES`"
        )
    parts, code = [], DONE
    kept = out / f"{tier}-{record.digest([sorted(names), versions(), commit()])[:8]}.checkpoint"
    for file in sorted(folder.glob("bench_*.py")):
        path = kept / f"{file.stem}.json"
        if not (resume and path.exists()):
            code = max(code, _timed(file, names, tier, path))
        if path.exists():
            parts.append(_read(path))
    if not parts:
        if code == FAILED:
            return FAILED
        raise RequestError(f"bench {' '.join(names)}: no benchmark has that in its name")
    data = _without_noise(parts[0] | {"benchmarks": [one for part in parts for one in part["benchmarks"]]})
    path = out / data["machine_info"]["collapsebench"]["device"] / f"{tier}.json"
    files.write_text(path, json.dumps(data, indent=1) + "\n")
    shutil.rmtree(kept)
    print(path)
    return code


def _timed(file: Path, names: list[str], tier: str, path: Path) -> int:
    """Run one file of benchmarks and keep what pytest-benchmark writes; nothing where none has one of the names."""
    with tempfile.TemporaryDirectory() as scratch:
        made = Path(scratch) / "run.json"
        command = [sys.executable, "-m", "pytest", "-p", "collapsebench.bench.plugin", "--benchmark", "--tier", tier, "-q",
                   f"--benchmark-json={made}", f"--rootdir={file.parents[1]}", str(file)]  # fmt: skip
        command += ["-k", " or ".join(names)] if names else []
        code = subprocess.run(command, cwd=file.parents[1], check=False).returncode
        if code == NOTHING_COLLECTED:
            return DONE
        if made.exists() and made.stat().st_size:
            files.write_text(path, made.read_text())
        return DONE if code == 0 else FAILED


def _read(path: Path) -> dict[str, Any]:
    try:
        data: dict[str, Any] = json.loads(path.read_text())
        data["machine_info"]["collapsebench"]["device"], data["benchmarks"][:]
    except (ValueError, LookupError, TypeError, RecursionError) as error:
        raise RequestError(f"checkpoint = {path}: it is damaged; start anew with --no-resume") from error
    return data


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
    from collapsebench.maths import gpu

    if not names:
        raise RequestError("bench --trace: name an experiment, as for `collapsebench run`")
    for name in names:
        request = catalogue.experiment(name)
        program = LoopProgram.of(request.experiment if isinstance(request, Sweep) else request)
        # On a CUDA device without graphs, which a profiler takes for one operation.
        compiled = program.trace().lower().compile({"xla_gpu_enable_command_buffer": ""} if gpu.cuda() else None)
        compiled(*program.arguments())
        arguments = program.arguments()
        path = trace.traced(lambda c=compiled, a=arguments: c(*a), out / "traces" / name.replace("/", "-"))
        rows = trace.costliest(path)
        total = sum(seconds for _, seconds, _ in rows)
        cells = [(op, f"{1e3 * s:.3g} ms", f"{100 * s / total:.0f}%", str(times)) for op, s, times in rows]
        print(f"{name}\n{table(('operation', 'time', 'of these', 'times run'), cells)}\n{path}")
    return DONE


def compared(arguments: argparse.Namespace) -> tuple[int, list[str], dict[str, object]]:
    """Two runs side by side: the exit code, FAILED where something became slower, lines to print, and the same as data."""
    first, second = compare.load(arguments.first), compare.load(arguments.second)
    if arguments.across_devices:
        across = compare.across(first, second)
        head, rows = report.across_table(across, first.device, second.device)
        code, data = DONE, dict[str, object](devices=[first.device, second.device], benchmarks=across)
    elif first.device != second.device:
        raise RequestError(f"compare: {first.device} against {second.device}; say --across-devices if that is meant")
    else:
        pairs = compare.compare(first, second, compare.parse_thresholds(arguments.threshold))
        groups = compare.groups(pairs)
        head, rows = report.comparison_table(pairs, groups)
        verdicts = [pair.verdict for pair in pairs] + [group.verdict for group in groups]
        code = FAILED if "slower" in verdicts else DONE
        data = {
            name: [dataclasses.asdict(one) for one in own] for name, own in (("benchmarks", pairs), ("groups", groups))
        }
        missing = sorted(set(first.timings) ^ set(second.timings))
        rows += [(name, "", "", "", "", "", "in one run only") for name in missing]
        data["missing"] = missing
    lines = [table(head, rows)]
    title = f"{first.path.name} and {second.path.name}"
    for path, text in (
        (arguments.markdown, markdown.table(head, rows)),
        (arguments.html, report.as_html(title, head, rows)),
    ):
        if path is not None:
            files.write_text(path, text)
            lines.append(str(path))
    return code, lines, data
