"""`collapsebench plan`: how much real data, growth or judgement keeps a limit on loss."""

from __future__ import annotations

import argparse

from collapsebench.cli.arguments import add_request
from collapsebench.specs.errors import DONE, RequestError

LINE = "how much real data keeps a limit on loss"
TEXT = """
Finds the least value of a dial that keeps a limit on loss --generations after the first model, by simulation with its
95% interval, and by an exact law where there is one. NAME is an experiment as for run, or a .csv or .npy file of your
own rows: the nearest family is fitted and named, and the rows are resampled where none is near.

limits: tail[=SHARE]           half of the 5% tail is still there in a typical run
        variance[=SHARE]       half of the variance is, in the mean over runs
        risk[:METRIC][=SHARE]  the risk is within .1 of the first model's
        categories[=CHANCE]    no category is missing, with probability .95
        best[:METRIC]          the risk is least
With --observed the rows of a pipeline's own generations are measured, NAME being the real rows, and nothing is simulated:
what each keeps of the last one's variance, and the share of real rows that stops it.

dials:  real_share, fresh_rows, growth, weight, judge, or a number such as curator.keep_right
"""


def add(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `collapsebench plan` to its parser."""
    parser.add_argument("--limit", metavar="LIMIT", help="default: tail, with --observed variance")
    parser.add_argument("--dial", default="real_share", metavar="DIAL", help="default: %(default)s")
    parser.add_argument("--most", type=float, metavar="X", help="largest value that is tried")
    parser.add_argument("--observed", nargs="+", metavar="FILE", help="rows of generation 0, 1, ... of your pipeline")
    add_request(parser)


def act(arguments: argparse.Namespace) -> int:
    """Run `collapsebench plan`; returns the exit code."""
    from collapsebench.cli import output
    from collapsebench.cli.request import parse_changes
    from collapsebench.datasets.own import is_own
    from collapsebench.experiment.experiment import Experiment
    from collapsebench.literature import catalogue
    from collapsebench.oversight.planner import make_plan, plan
    from collapsebench.runs import progress
    from collapsebench.show.plans import observed_figure, observed_summary, plan_figure, plan_summary
    from collapsebench.specs.registry import MODELS

    values, what = parse_changes(arguments.changes), arguments.name
    sizes = {name: values.pop(name) for name in ("n", "generations", "trajectories", "seed") if name in values}
    if (is_own(what) or arguments.observed) and values:
        raise RequestError(f"{next(iter(values))}: a plan for a file takes n, generations, trajectories and seed alone")
    if arguments.observed:
        chosen = {"dial": arguments.dial, "most": arguments.most, "observed": arguments.observed}
        found = plan(what, arguments.limit, **chosen, **sizes)
        lines = output.store(found, arguments.out, _name(what), observed_figure, observed_summary)
        print("\n".join(lines))
        return DONE
    if not is_own(what):
        experiment = catalogue.changed(catalogue.experiment(what), values)
        if not isinstance(experiment, Experiment):
            raise RequestError(f"{what}: it is a sweep over {', '.join(experiment.values)}; fix them by --set")
        sizes = {"generations": 20, "trajectories": 1000, **sizes} if what in MODELS else sizes
        what = experiment
    request = make_plan(what, arguments.limit or "tail", arguments.dial, most=arguments.most, **sizes)
    name = _name(values.get("name", arguments.name))
    with output.kept(arguments, name, request.digest):
        with progress.display("plan") as tell:
            found = request.run(tell)
        lines = output.store(found, arguments.out, name, plan_figure, plan_summary)
    print("\n".join(lines))
    return DONE


def _name(what: object) -> str:
    return f"plan-{what}".replace("/", "-").replace(".", "-")
