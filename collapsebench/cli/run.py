"""`collapsebench run`: one experiment or sweep."""

from __future__ import annotations

import argparse

from collapsebench.cli.arguments import add_request
from collapsebench.specs.errors import DONE, FAILED, STOPPED, say

LINE = TEXT = "run one experiment"


def add(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `collapsebench run` to its parser."""
    add_request(parser)


def act(arguments: argparse.Namespace) -> int:
    """Run `collapsebench run`; returns the exit code."""
    from collapsebench.cli import output
    from collapsebench.cli.request import parse_changes
    from collapsebench.engine.host import CallFailed
    from collapsebench.literature import catalogue
    from collapsebench.literature.reproduce import run_request
    from collapsebench.runs import progress
    from collapsebench.runs.runner import Stopped
    from collapsebench.show import tables

    values = parse_changes(arguments.changes)
    request = catalogue.changed(catalogue.experiment(arguments.name), values)
    output.make_folder(arguments.out)
    code, why = DONE, "stopped: what"
    with progress.shown(arguments.name) as tell:
        try:
            result = run_request(request, tell)
        except Stopped as stop:
            if stop.result is None:
                return say("stopped before the first generation was finished; nothing is kept", STOPPED)
            result, code = stop.result, STOPPED
        except CallFailed as failure:
            if failure.result is None:
                return say(str(failure), FAILED)
            result, code, why = failure.result, FAILED, f"{failure}; what"
    print(tables.summary(result))
    path = output.store(result, arguments.out, str(values.get("name", arguments.name)), tables.draw_result)
    return say(f"{why} was finished is kept in {path}", code) if code else DONE
