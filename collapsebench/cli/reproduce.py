"""`collapsebench reproduce`: papers and studies, their figures and verdicts."""

from __future__ import annotations

import argparse

from collapsebench.cli.arguments import add_json, add_out, add_resume
from collapsebench.specs.errors import DONE, FAILED, counted

LINE = "the literature: figures, and a verdict on each published number"
TEXT = f"{LINE}, on each law and on each statement. Exit code 1: a claim differs, and no stated reason explains it."


def add(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `collapsebench reproduce` to its parser."""
    parser.add_argument("names", nargs="*", metavar="PAPER[/CLAIM]", help="default: everything")
    parser.add_argument("--scale", choices=("smoke", "quick", "paper"), default="quick", help="default: %(default)s")
    add_json(parser)
    add_out(parser)
    add_resume(parser)


def act(arguments: argparse.Namespace) -> int:
    """Run `collapsebench reproduce`; returns the exit code."""
    from collapsebench.cli import output
    from collapsebench.literature.reproduce import find, reproduce
    from collapsebench.literature.study import Scale, studies
    from collapsebench.runs import progress
    from collapsebench.show.page import write_page
    from collapsebench.show.verdicts import verdict_table
    from collapsebench.specs import record

    chosen, scale = find(arguments.names), Scale(arguments.scale)
    digest = record.digest({name: None if claims is None else sorted(claims) for name, (_, claims) in chosen.items()})
    with output.kept(arguments, f"reproduce-{scale}", digest):
        with progress.display("reproduce") as tell:
            made = reproduce(arguments.names, scale, arguments.out, progress=tell)
        page = write_page(made.verdicts, made.figures + made.results, arguments.out, studies())
    pictures = [path for path in made.figures if path.suffix == ".png"]
    lines = [
        verdict_table(made.verdicts),
        f"{counted(len(pictures), 'figure')} (PNG, SVG, CSV) and {counted(len(made.results), 'result')} below {arguments.out}",
        f"verdicts: {arguments.out / 'verdicts.json'}\nreport:   {page}",
    ]
    output.tell(arguments, lines, verdicts=made.verdicts, figures=made.figures, files=made.results, report=page)
    return FAILED if made.unexplained else DONE
