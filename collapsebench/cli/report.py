"""`collapsebench report`: one page for a folder of results."""

from __future__ import annotations

import argparse
from pathlib import Path

from collapsebench.specs.errors import DONE, RequestError

LINE = "one page for a folder of results"
TEXT = """
Writes report.html into DIR: the verdicts of a reproduction, and of every result (.nc) in the folder and below what was run,
its table and its figures, drawn anew where there are none. The page is one file, which loads nothing and runs no script.
"""


def add(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `collapsebench report` to its parser."""
    parser.add_argument("folder", type=Path, metavar="DIR")


def act(arguments: argparse.Namespace) -> int:
    """Run `collapsebench report`; returns the exit code."""
    from collapsebench.literature.study import studies
    from collapsebench.show.page import write_folder

    if not arguments.folder.is_dir():
        raise RequestError(f"report {arguments.folder}: it is no folder")
    print(write_folder(arguments.folder, studies()))
    return DONE
