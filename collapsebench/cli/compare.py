"""`collapsebench compare`: comparison of two benchmark runs."""

from __future__ import annotations

import argparse
from pathlib import Path

from collapsebench.cli.arguments import add_json

LINE = "two runs of the benchmarks side by side"
TEXT = """
Pairs benchmarks by name and parameters. Times are taken in units of a calibration that ran between the rounds, so a
machine that is slower today does not count. A benchmark is slower when its median moved by more than the threshold, the
99% bootstrap interval excludes 1 and the Mann-Whitney test says so too. Exit code 1 if one is slower.
"""


def add(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `collapsebench compare` to its parser."""
    parser.add_argument("first", type=Path, metavar="A.json")
    parser.add_argument("second", type=Path, metavar="B.json")
    parser.add_argument(
        "--across-devices", action="store_true", help="the speed-up of the second device over the first"
    )
    parser.add_argument("--threshold", action="append", default=[], metavar="[GROUP=]SHARE", help="default: .15")
    parser.add_argument("--markdown", type=Path, metavar="FILE", help="also write the table as Markdown")
    parser.add_argument("--html", type=Path, metavar="FILE", help="also write it as a page")
    add_json(parser)


def act(arguments: argparse.Namespace) -> int:
    """Run `collapsebench compare`; returns the exit code."""
    from collapsebench.bench.act import compared
    from collapsebench.cli import output

    code, lines, data = compared(arguments)
    output.tell(arguments, lines, **data)
    return code
