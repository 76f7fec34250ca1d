"""`collapsebench monitor`: alarms of somebody's own generations of files."""

from __future__ import annotations

import argparse
import time
from pathlib import Path
from typing import Any

LINE = "is my pipeline collapsing, and since when: files of a real holdout and of each generation"
TEXT = """
Tests each generation's rows against REAL, a holdout that no model was trained on, and against generation 0. Two alarms:
`losing` (worse than generation 0) and `unlike real`. Whatever the data, and however generations depend on one another,
the probability of any false alarm is at most --alpha, if a generation's rows are independent draws of its model.
Files: .npy, .csv, .parquet, .jsonl, .txt (a text a line), a folder of images, or a result (.nc) with snapshots.
Exit code 1 after an alarm.
"""


def add(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `collapsebench monitor` to its parser."""
    parser.add_argument("real", metavar="REAL")
    parser.add_argument(
        "generations", nargs="*", metavar="GENERATION", help="in their order, the first is generation 0"
    )
    parser.add_argument(
        "--alpha", type=float, default=0.01, help="probability of any false alarm; default: %(default)s"
    )
    parser.add_argument("--tolerance", type=float, default=0.8, help="odds that may be lost to; default: %(default)s")
    parser.add_argument("--horizon", type=int, help="last generation, if known beforehand; default: no end")
    parser.add_argument("--only", choices=("losing", "unlike-real"), help="one of the two alarms, with all of alpha")
    parser.add_argument("--train", metavar="FILE", help="rows that models were trained on: copies of them are counted")
    parser.add_argument("--by", metavar="COLUMN", help="also test each frequent value of a column by itself, in turn")
    parser.add_argument("--state", type=Path, metavar="FILE", help="go on from this file where it exists, and keep it")
    parser.add_argument("--follow", type=Path, metavar="DIR", help="also watch a folder for more generations, by name")
    parser.add_argument(
        "--every", type=float, default=10.0, metavar="SECONDS", help="of --follow; default: %(default)s"
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write all numbers")
    parser.add_argument("--markdown", type=Path, metavar="FILE", help="also write the table as Markdown")
    parser.add_argument("--figure", type=Path, metavar="FILE", help="also draw p-values and mass (.png, .svg and .csv)")


def act(arguments: argparse.Namespace) -> int:
    """Run `collapsebench monitor`; returns the exit code."""
    from collapsebench.oversight.monitor import Monitor, expanded
    from collapsebench.oversight.state import load_state, save_state
    from collapsebench.oversight.watch import AGAINST
    from collapsebench.specs import files
    from collapsebench.specs.errors import RequestError

    if not arguments.generations and arguments.follow is None:
        raise RequestError("GENERATION: name at least one file after REAL, or a folder with --follow")
    only = {None: AGAINST, "losing": ("generation 0",), "unlike-real": ("real",)}[arguments.only]
    settings = {
        "alpha": arguments.alpha,
        "tolerance": arguments.tolerance,
        "horizon": arguments.horizon,
        "against": only,
        "train": arguments.train,
    }
    if arguments.by is not None:
        if arguments.state or arguments.follow:
            raise RequestError(
                "--by: it goes with neither --state nor --follow; run the slices as monitors of their own"
            )
        return _sliced(arguments, settings)
    watch = Monitor(arguments.real, **settings)
    kept = arguments.state
    if kept is not None and kept.exists():
        load_state(watch, kept)
    for number, (name, rows) in enumerate(expanded(arguments.generations)):
        if kept is None or not watch.seen(rows, name, number):
            watch.update(rows, name)
            if kept is not None:
                save_state(watch, kept)
    if arguments.follow is not None:
        _follow(watch, arguments, save_state)
    report = watch.report()
    if arguments.json:
        files.write_text(arguments.json, report.json())
    if arguments.markdown:
        files.write_text(arguments.markdown, report.markdown())
    if arguments.figure:
        from collapsebench.show.monitor import draw_report

        draw_report(report, arguments.figure.with_suffix(""))
    print(report)
    return report.code


def _sliced(arguments: argparse.Namespace, settings: dict[str, Any]) -> int:
    """Print the report of all rows and the verdict of each slice; returns the exit code."""
    from collapsebench.oversight.monitor import expanded, slices

    watches = slices(arguments.real, arguments.by, **settings)
    for name, rows in expanded(arguments.generations):
        for watch in watches.values():
            watch.update(rows, name)
    reports = {value: watch.report() for value, watch in watches.items()}
    for value, report in reports.items():
        print("\n".join([f"\n{arguments.by} = {value}", *report.verdict()]) if value else report)
    return max(report.code for report in reports.values())


def _follow(watch, arguments, save_state) -> None:  # type: ignore[no-untyped-def]
    """Test each new file of a folder once its size stands still, in the order of names, until an alarm or Ctrl-C."""
    from collapsebench.datasets.formats import SUFFIXES
    from collapsebench.specs.errors import RequestError

    if not arguments.follow.is_dir():
        raise RequestError(f"--follow {arguments.follow}: it is no folder")
    sizes: dict[Path, int] = {}
    done = {Path(name).resolve() for name in (g.name for g in watch.generations)} | {Path(arguments.real).resolve()}
    while watch.alarm is None:
        found = sorted(
            p for p in arguments.follow.iterdir() if p.suffix.lower() in SUFFIXES and p.resolve() not in done
        )
        for path in found:
            size = path.stat().st_size
            if sizes.get(path) != size or size == 0:
                sizes[path] = size
                break
            generation = watch.update(str(path))
            done.add(path.resolve())
            if arguments.state is not None:
                save_state(watch, arguments.state)
            print(
                f"generation {generation.number}: {path.name}: {'ALARM' if generation.alarms else 'no alarm'}",
                flush=True,
            )
            if generation.alarms:
                break
        else:
            sizes = {p: s for p, s in sizes.items() if p.resolve() not in done}
        if watch.alarm is None:
            try:
                time.sleep(arguments.every)
            except KeyboardInterrupt:
                return
