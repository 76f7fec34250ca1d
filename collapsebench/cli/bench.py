"""`collapsebench bench`: benchmarks of a clone, cold starts, and profiler traces."""

from __future__ import annotations

import argparse
from pathlib import Path

LINE = "how fast this machine is, measured like an instrument"
TEXT = """
Runs the benchmarks of a clone of the repository (pytest --benchmark) and files their JSON under DIR/DEVICE/TIER.json.
--cold times the Gaussian loop from a new process to its saved result: import, trace, compile, run.
--trace NAME writes a profiler trace of a model's example loop and prints its ten costliest operations.
"""


def add(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `collapsebench bench` to its parser."""
    parser.add_argument("names", nargs="*", metavar="NAME", help="benchmarks whose names hold this; default: all")
    parser.add_argument("--tier", choices=("smoke", "quick", "paper"), default="quick", help="default: %(default)s")
    parser.add_argument("--cold", action="store_true", help="time new processes instead, with and without a cache")
    parser.add_argument("--rounds", type=int, default=5, help="of --cold; default: %(default)s")
    parser.add_argument(
        "--trace", "--profile", action="store_true", help="trace the loop of a model's example, and its costliest parts"
    )
    parser.add_argument(
        "--resume", action=argparse.BooleanOptionalAction, default=True,
        help="go on with the files of benchmarks that a stop has left (the default), or start anew",
    )  # fmt: skip
    default = Path("results/benchmarks")
    parser.add_argument("--out", type=Path, default=default, metavar="DIR", help="default: %(default)s/DEVICE")


def act(arguments: argparse.Namespace) -> int:
    """Run `collapsebench bench`; returns the exit code."""
    from collapsebench.bench import act

    if arguments.cold:
        return act.cold(arguments.rounds)
    if arguments.trace:
        return act.traces(arguments.names, arguments.out)
    return act.suite(arguments.names, arguments.tier, arguments.out, arguments.resume)
