"""`collapsebench list`: registered names, one line each."""

from __future__ import annotations

import argparse

from collapsebench.cli.arguments import add_json
from collapsebench.specs.errors import DONE

LINE = TEXT = "what there is, one line each"
KINDS = (
    "models",
    "targets",
    "regimes",
    "curators",
    "metrics",
    "mitigations",
    "papers",
    "studies",
    "datasets",
    "texts",
    "experiments",
)


def add(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `collapsebench list` to its parser."""
    parser.add_argument("kind", nargs="?", choices=KINDS, metavar="KIND", help=", ".join(KINDS))
    add_json(parser)


def act(arguments: argparse.Namespace) -> int:
    """Run `collapsebench list`; returns the exit code."""
    from collapsebench.cli import output
    from collapsebench.literature import catalogue

    found = {kind: catalogue.rows(kind) for kind in ([arguments.kind] if arguments.kind else KINDS)}
    lines = []
    for kind, rows in found.items():
        lines += [] if arguments.kind else [f"{kind}:"]
        width = max((len(name) for name, _ in rows), default=0)
        lines += [f"{'' if arguments.kind else '  '}{name:{width}}  {line}" for name, line in rows]
    output.tell(arguments, [] if arguments.json else lines, names={kind: dict(rows) for kind, rows in found.items()})
    return DONE
