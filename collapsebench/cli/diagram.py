"""`collapsebench diagram`: collapse over two numbers, with the border by theory."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from collapsebench.cli.arguments import add_out, add_resume
from collapsebench.specs.errors import DONE, RequestError

LINE = "collapse over two numbers, with the border by theory"
TEXT = """
Runs a grid of two numbers as lanes of one compiled program, and draws when a limit on loss is broken and what is left at
the last generation, with the border by an exact law or a condition of stability where there is one.

names: real_share    share of real rows x rows of a generation
       fresh_rows    new real rows x synthetic rows
       temperature   sampling temperature x external data
       judge         correlation of a judge with quality x share that it keeps
       verifier      right rows that are kept x wrong rows that are kept
       growth        exponent of the sample's growth x generations
or an experiment as for run, with --x and --y:
  collapsebench diagram gaussian --set handover=summary --set regime=mix --x regime.real_fraction=0:.1:40 --y n=10:1000:40:log
"""


def add(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `collapsebench diagram` to its parser."""
    parser.add_argument("name", metavar="NAME", help="a diagram's name, or an experiment's as for run")
    parser.add_argument("--x", metavar="FIELD=LOW:HIGH:CELLS[:log]", help="a number, from left to right")
    parser.add_argument("--y", metavar="FIELD=LOW:HIGH:CELLS[:log]", help="a number, from below; or generations")
    parser.add_argument("--limit", metavar="LIMIT", help="as for plan, such as variance=.5, risk=.1 or categories")
    parser.add_argument("--cells", type=int, metavar="N", help="cells on each side of a diagram with a name")
    for option in ("n", "generations", "trajectories", "seed"):
        parser.add_argument(f"--{option}", type=int, metavar=option[0].upper(), help="as for run")
    parser.add_argument("--set", action="append", default=[], metavar="FIELD=VALUE", dest="changes", help="as for run")
    add_out(parser)
    add_resume(parser)


def act(arguments: argparse.Namespace) -> int:
    """Run `collapsebench diagram`; returns the exit code."""
    from collapsebench.cli import output
    from collapsebench.cli.request import parse_changes
    from collapsebench.experiment.experiment import Experiment
    from collapsebench.literature import catalogue
    from collapsebench.oversight.diagram import make_diagram
    from collapsebench.oversight.known import DIAGRAMS
    from collapsebench.runs import progress
    from collapsebench.show.diagrams import diagram_figure, diagram_json, diagram_summary
    from collapsebench.specs import files

    what, changes = arguments.name, parse_changes(arguments.changes)
    given = {axis: getattr(arguments, axis) for axis in "xy"}
    if (given["x"] is None) != (given["y"] is None):
        raise RequestError("--x and --y: give both, or neither")
    values = None if given["x"] is None else dict(_span(f"--{axis}", text) for axis, text in given.items())
    if what in DIAGRAMS:
        if changes:
            raise RequestError(
                f"{next(iter(changes))}: a diagram with a name takes n, generations, trajectories and seed alone"
            )
    elif values is None:
        what = what if "/" in what or ":" in what else _unknown(what, tuple(DIAGRAMS))
    if what not in DIAGRAMS:
        request = catalogue.changed(catalogue.experiment(what), changes)
        if not isinstance(request, Experiment):
            raise RequestError(f"{what}: it is a sweep over {', '.join(request.values)}; fix them by --set")
        if values is None:
            raise RequestError("--x and --y: an experiment needs both")
        what = request
    sizes = {name: getattr(arguments, name) for name in ("n", "generations", "trajectories", "seed")}
    diagram = make_diagram(what, values, arguments.limit, arguments.cells, sizes)
    name = f"diagram-{arguments.name}".replace("/", "-").replace(".", "-")
    with output.kept(arguments, name, diagram.digest):
        with progress.display("diagram") as tell:
            found = diagram.run(tell)
        lines = output.store(found, arguments.out, name, diagram_figure, diagram_summary)
        path = Path(lines[1]).with_suffix(".json")
        files.write_text(path, json.dumps(diagram_json(found)))
    print("\n".join([*lines, str(path)]))
    return DONE


def _unknown(name: str, known: tuple[str, ...]) -> str:
    """A model's name, for which --x and --y are missing. Raises RequestError for a word that is nothing at all."""
    from collapsebench.specs.errors import nearest
    from collapsebench.specs.registry import MODELS

    if name in MODELS:
        return name
    raise RequestError(f"diagram = {name}: not one of {', '.join(known)}, nor an experiment{nearest(name, known)}")


def _span(option: str, text: str) -> tuple[str, tuple[float, ...]]:
    """Field and values of FIELD=LOW:HIGH:CELLS[:log], or of FIELD=V,V,..."""
    import numpy as np

    field, equals, span = text.partition("=")
    wrong = RequestError(
        f"{option} = {text}: it must be FIELD=LOW:HIGH:CELLS, with :log in proportion, or FIELD=V,V,..."
    )
    whole = field in ("n", "generations")
    try:
        if "," in span:
            return field, tuple((int if whole else float)(value) for value in span.split(","))
        low, high, cells, *log = span.split(":")
        ends = float(low), float(high)
        made = (np.geomspace if log == ["log"] else np.linspace)(*ends, int(cells))
    except ValueError:
        raise wrong from None
    if not equals or log not in ([], ["log"]):
        raise wrong
    return field, tuple(map(int, np.unique(np.round(made)))) if whole else tuple(map(float, made))
