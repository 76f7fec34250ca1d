"""`collapsebench ablate`: ablation of an experiment's three errors."""

from __future__ import annotations

import argparse
import dataclasses
from typing import Any

from collapsebench.cli.arguments import add_json, add_request
from collapsebench.specs.errors import DONE, RequestError

LINE = "tell the three errors apart"
TEXT = """
Switches the statistical, expressivity and approximation errors off and on in all eight ways (handover, model class,
learner), with the same random numbers, and prints what each contributes to the divergence, by generation. The
experiment as it stands is the arm with all three; an error that its family does not have contributes nothing. Then
the response to several doses of each error, the other two switched off or left on. The median over trajectories is
attributed, as a mean may be that of a few; --set metrics=hellinger names a divergence that is bounded.
"""


def add(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `collapsebench ablate` to its parser."""
    parser.add_argument(
        "--rich", metavar="MODEL", help="a class that contains the truth; its fields: --set rich.FIELD="
    )
    parser.add_argument("--statistic", default="median", metavar="WORD", help="what is attributed: median or mean")
    parser.add_argument(
        "--population", type=int, metavar="N", help="rows that stand for an infinite sample, above 3 dims"
    )
    parser.add_argument("--no-checks", dest="checks", action="store_false", help="no checks of the exact arms")
    parser.add_argument("--no-doses", dest="doses", action="store_false", help="the eight arms only, no doses")
    parser.add_argument("--ledger", action="store_true", help="also what each error injects in each generation")
    add_json(parser)
    add_request(parser)


def act(arguments: argparse.Namespace) -> int:
    """Run `collapsebench ablate`; returns the exit code."""
    from collapsebench.analysis.ablation import Ablation, ablate, ledger
    from collapsebench.cli import output
    from collapsebench.cli.request import parse_changes
    from collapsebench.experiment.sweep import Sweep
    from collapsebench.literature import catalogue
    from collapsebench.show.attribution import ablation_figure, ablation_summary
    from collapsebench.show.ledger import ledger_figure, ledger_summary

    values = parse_changes(arguments.changes)
    named = catalogue.request(arguments.name)
    base = named.experiment if isinstance(named, Ablation) else named
    own = {path: value for path, value in values.items() if not path.startswith("rich.")}
    request = catalogue.changed(base, own)
    if isinstance(request, Sweep):
        fixed = " ".join(f"--set {path}=..." for path in request.values)
        raise RequestError(f"{arguments.name}: it is a sweep, and one experiment is ablated; fix it by {fixed}")
    rich, metric = _rich(arguments, values, named, request), values.get("metrics")
    if metric is None and isinstance(named, Ablation):
        metric = named.divergence
    name = values.get("name", arguments.name)
    with output.kept(arguments, f"ablate-{name}", request.digest):
        book = None
        result = ablate(
            request,
            rich=rich,
            divergence=metric,
            statistic=arguments.statistic,
            doses=arguments.doses,
            population=arguments.population,
            checks=arguments.checks,
            progress=True,
        )
        if arguments.ledger:
            loss = "excess_risk" if result.attrs["divergence"] == "excess_risk" else "kl"
            book = ledger(request, loss=loss, progress=True)
        lines = output.store(result, arguments.out, f"ablate-{name}", ablation_figure, ablation_summary)
        told = [output.found(result, lines)]
        if book is not None:
            more = output.store(
                book, arguments.out, f"ledger-{name}", ledger_figure, lambda book: f"\n{ledger_summary(book)}"
            )
            lines, told = lines + more, [*told, output.found(book, more)]
    output.tell(arguments, lines, results=told)
    return DONE


def _rich(arguments: Any, values: dict[str, Any], named: Any, request: Any) -> Any:
    """The class that contains the truth: that of --rich with the fields of --set rich.FIELD, or the request's own."""
    from collapsebench.analysis.ablation import Ablation
    from collapsebench.cli.request import imported_part
    from collapsebench.experiment.sweep import set_fields

    fields = {f"model.{path.removeprefix('rich.')}": v for path, v in values.items() if path.startswith("rich.")}
    if arguments.rich is None:
        if fields:
            raise RequestError(
                f"--set rich.{next(iter(fields)).removeprefix('model.')}: there is no --rich to set it on"
            )
        return named.rich if isinstance(named, Ablation) else None
    rows = dataclasses.replace(request, handover="samples", metrics=("nll",))
    return set_fields(rows, {"model": imported_part("model", arguments.rich), **fields}).model
