"""`collapsebench run`: one experiment or sweep."""

from __future__ import annotations

import argparse

from collapsebench.cli.arguments import add_json, add_request, add_sweep
from collapsebench.specs.errors import DONE, FAILED, STOPPED, Ended

LINE = TEXT = "run one experiment"


def add(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `collapsebench run` to its parser."""
    add_sweep(parser)
    add_json(parser)
    add_request(parser)


def act(arguments: argparse.Namespace) -> int:
    """Run `collapsebench run`; returns the exit code."""
    from collapsebench.cli import output
    from collapsebench.cli.request import parse_changes, swept
    from collapsebench.engine.host import CallFailed
    from collapsebench.literature import catalogue
    from collapsebench.runs import progress
    from collapsebench.runs.runner import Stopped
    from collapsebench.runs.sweep import run_request
    from collapsebench.show import tables
    from collapsebench.show.results import result_figure

    values = parse_changes(arguments.changes)
    request = swept(catalogue.changed(catalogue.experiment(arguments.name), values), arguments.sweep)
    name = str(values.get("name", arguments.name))
    with output.kept(arguments, name, request.digest, output.size_of(request), output.family(request)):
        try:
            with progress.display(arguments.name) as tell:
                result = run_request(request, tell)
        except (Stopped, CallFailed) as early:
            if early.result is None:
                raise
            lines = output.store(early.result, arguments.out, name, result_figure, tables.summary)
            output.tell(arguments, lines, results=[output.found(early.result, lines)])
            path = lines[1]
            if isinstance(early, CallFailed):
                raise Ended(f"{early}; what was finished is kept in {path}", FAILED) from early
            raise Ended(f"stopped: what was finished is kept in {path}; {output.GOES_ON}", STOPPED) from early
        lines = output.store(result, arguments.out, name, result_figure, tables.summary)
    output.tell(arguments, lines, results=[output.found(result, lines)])
    return DONE
