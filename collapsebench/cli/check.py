"""`collapsebench check`: contract checks of one class."""

from __future__ import annotations

import argparse

from collapsebench.specs.errors import DONE, FAILED, RequestError, printable

LINE = "run the contract tests on a class of your own"
TEXT = """
Builds the class with no arguments, finds out which noun it is (model, target, regime, curator or metric), and runs
that noun's contract tests: shapes, finite numbers, rows of weight 0, one program for equal specs, each handover.
One line per test; exit code 1 if one fails.
"""


def add(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `collapsebench check` to its parser."""
    parser.add_argument("spec", metavar="CLASS", help="package.module:Class or folder/file.py:Class")


def act(arguments: argparse.Namespace) -> int:
    """Run `collapsebench check`; returns the exit code."""
    from collapsebench.runs import contracts

    if ":" not in arguments.spec:
        raise RequestError(f"check {arguments.spec}: it must be package.module:Class or file.py:Class")
    failures = 0
    for name, problem in contracts.check(arguments.spec):
        print(
            printable(f"{'ok    ' if problem is None else 'FAILED'} {name}{'' if problem is None else ': ' + problem}")
        )
        failures += problem is not None
    return FAILED if failures else DONE
