"""`collapsebench profile`: collapse profile of an experiment under every regime."""

from __future__ import annotations

import argparse

from collapsebench.cli.arguments import add_json, add_request, add_sweep
from collapsebench.specs.errors import DONE

LINE = "when the tail, the spread and everything is lost for good"
TEXT = """
Runs the experiment under every regime that it can have (or that of --set regime=...; a sweep as it stands), measured
by all that a profile reads, and once without its loop (n fresh real rows in every generation), whose noise is no
collapse. Prints when half of the tail, half of the spread and everything is lost for good, what is left in the mean and
in the median trajectory, and which of the eight definitions of model collapse hold.
"""


def add(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `collapsebench profile` to its parser."""
    add_sweep(parser)
    add_json(parser)
    add_request(parser)


def act(arguments: argparse.Namespace) -> int:
    """Run `collapsebench profile`; returns the exit code."""
    from collapsebench.analysis.profiles import loop_free, measured, profile
    from collapsebench.cli import output
    from collapsebench.cli.request import parse_changes, swept
    from collapsebench.experiment.example import regimes_for
    from collapsebench.experiment.sweep import Sweep
    from collapsebench.literature import catalogue
    from collapsebench.literature.reproduce import work
    from collapsebench.runs import progress
    from collapsebench.runs.sweep import run_request
    from collapsebench.show.profiles import profile_figures, profile_summary

    values = parse_changes(arguments.changes)
    request = swept(catalogue.changed(catalogue.experiment(arguments.name), values), arguments.sweep)
    base = measured(request.experiment if isinstance(request, Sweep) else request)
    if isinstance(request, Sweep):
        request = Sweep(base, request.values)
    elif "regime" in values or any(path.startswith("regime.") for path in values):
        request = base
    else:
        request = Sweep(base, {"regime": regimes_for(base)})
    name = f"profile-{values.get('name', arguments.name)}"
    with output.kept(arguments, name, request.digest, output.size_of(request)):
        free = loop_free(request)
        costs = work(request), 0.0 if free is None else work(free)
        with progress.display(arguments.name) as tell:
            result = run_request(request, progress.part(tell, 0.0, costs[0], sum(costs)))
            control = None if free is None else run_request(free, progress.part(tell, *costs, sum(costs)))
        found = profile(result, control)
        lines = output.store(found, arguments.out, name, profile_figures, profile_summary)
    output.tell(arguments, lines, results=[output.found(found, lines)])
    return DONE
