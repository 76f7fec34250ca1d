"""`collapsebench list`: registered names, one line each."""

from __future__ import annotations

import argparse

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


def act(arguments: argparse.Namespace) -> int:
    """Run `collapsebench list`; returns the exit code."""
    from collapsebench.literature import catalogue

    for kind in [arguments.kind] if arguments.kind else KINDS:
        rows = catalogue.rows(kind)
        if not arguments.kind:
            print(f"{kind}:")
        width = max((len(name) for name, _ in rows), default=0)
        for name, line in rows:
            print(f"{'' if arguments.kind else '  '}{name:{width}}  {line}")
    return DONE
