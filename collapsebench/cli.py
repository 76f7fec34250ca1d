"""The command line. Nothing heavy is imported before the request is understood, so `--help` answers at once."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NoReturn

from collapsebench import __version__
from collapsebench.errors import RequestError, nearest

DONE, FAILED, WRONG, STOPPED, FULL = 0, 1, 2, 3, 4
"""Exit codes: done; a claim failed; the request was wrong; stopped, what is finished is kept; out of memory or disk."""

KINDS = ("models", "targets", "regimes", "curators", "metrics", "papers", "studies", "datasets", "experiments")


class _Parser(argparse.ArgumentParser):
    """argparse that answers a wrong request with one line, the nearest known word included."""

    def error(self, message: str) -> NoReturn:
        if "invalid choice: " in message:
            field = message.removeprefix("argument ").split(":")[0]
            word = message.split("invalid choice: ")[1].split("'")[1]
            choices = next((list(a.choices) for a in self._actions if a.choices and word not in a.choices), [])
            message = f"{field} = {word}: not one of {', '.join(map(str, choices))}{nearest(word, choices)}"
        elif message.startswith("unrecognized arguments: "):
            word = message.split(": ", 1)[1].split(" ")[0]
            commands = [p for a in self._actions if isinstance(a.choices, dict) for p in a.choices.values()]
            actions = [action for parser in (self, *commands) for action in parser._actions]
            options = [option for action in actions for option in action.option_strings]
            message = f"{word}: no such option{nearest(word, options)}"
        raise RequestError(message)


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(prog="collapsebench", description="What happens to models that are trained on their own output.")
    parser.add_argument("--version", action="version", version=f"collapsebench {__version__}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", parser_class=_Parser)

    command = commands.add_parser("list", help="what there is, one line each")
    command.add_argument("kind", nargs="?", choices=KINDS, metavar="KIND", help=", ".join(KINDS))
    command.set_defaults(act=_list)

    command = commands.add_parser("run", help="run one experiment")
    command.add_argument("name", metavar="NAME", help="a model's name, STUDY/EXPERIMENT, or package.module:EXPERIMENT")
    for option, text in (
        ("n", "rows per generation"), ("generations", "fits, the first on real data"),
        ("trajectories", "independent runs"), ("seed", "of all randomness"),
    ):  # fmt: skip
        command.add_argument(f"--{option}", type=int, metavar=option[0].upper(), help=text)
    command.add_argument(
        "--set", action="append", default=[], metavar="FIELD=VALUE", dest="changes",
        help="any field, e.g. regime=accumulate, model.bandwidth=.2, model=package.module:Class",
    )  # fmt: skip
    command.add_argument(
        "--out", type=Path, default=Path("collapsebench-out"), metavar="DIR", help="default: %(default)s"
    )
    command.set_defaults(act=_run)

    command = commands.add_parser("reproduce", help="the literature: figures, and a verdict on each published number")
    command.add_argument("names", nargs="*", metavar="PAPER[/CLAIM]", help="default: everything")
    command.add_argument("--scale", choices=("smoke", "quick", "paper"), default="quick", help="default: %(default)s")
    command.add_argument(
        "--out", type=Path, default=Path("collapsebench-out"), metavar="DIR", help="default: %(default)s"
    )
    command.set_defaults(act=_reproduce)

    command = commands.add_parser("check", help="run the contract tests on a class of your own")
    command.add_argument("spec", metavar="package.module:Class")
    command.set_defaults(act=_check)

    command = commands.add_parser("doctor", help="versions, devices and memory of this machine")
    command.set_defaults(act=_doctor)
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Entry point; returns the exit code."""
    sys.path.insert(0, "")  # a class of one's own beside the shell: package.module:Class
    try:
        parser = _parser()
        arguments = parser.parse_args(argv)
        if arguments.command is None:
            parser.print_help()
            return DONE
        act: Callable[[Any], int] = arguments.act
        return act(arguments)
    except RequestError as error:
        return _say(str(error), WRONG)
    except KeyboardInterrupt:
        return _say("stopped", STOPPED)
    except BrokenPipeError:
        return DONE
    except MemoryError:
        return _say("out of memory: nothing is lost on disk; ask for fewer --trajectories or a smaller --n", FULL)
    except OSError as error:
        if error.errno in (28, 122):  # ENOSPC, EDQUOT
            return _say(f"the disk is full: {error.filename or ''}; free some space or choose another --out", FULL)
        return _say(f"{error.filename or 'file'}: {error.strerror or error}", WRONG)
    except Exception as error:
        if "RESOURCE_EXHAUSTED" in str(error):
            return _say("out of device memory: ask for fewer --trajectories, a smaller --n, or --set width=1", FULL)
        raise


def _say(message: str, code: int) -> int:
    print(f"collapsebench: {' '.join(message.split())}", file=sys.stderr)
    return code


def _list(arguments: Any) -> int:
    from collapsebench import catalogue

    for kind in [arguments.kind] if arguments.kind else KINDS:
        rows = catalogue.rows(kind)
        if not arguments.kind:
            print(f"{kind}:")
        width = max((len(name) for name, _ in rows), default=0)
        for name, line in rows:
            print(f"{'' if arguments.kind else '  '}{name:{width}}  {line}")
    return DONE


def _run(arguments: Any) -> int:
    from collapsebench import catalogue, progress, report
    from collapsebench.results import save
    from collapsebench.runner import Stopped, run
    from collapsebench.sweeps import Sweep, run_sweep

    changes = [change.partition("=") for change in arguments.changes]
    for field, equals, _ in changes:
        if not equals:
            raise RequestError(f"--set {field}: it must be FIELD=VALUE")
    values = {field: catalogue.parse(value) for field, _, value in changes}
    for field in ("n", "generations", "trajectories", "seed"):
        if (value := getattr(arguments, field)) is not None:
            values[field] = value
    request = catalogue.changed(catalogue.experiment(arguments.name), values)
    stem = arguments.out / arguments.name.replace("/", "-").replace(":", "-")
    code = DONE
    with progress.shown(arguments.name) as tell:
        try:
            result = run_sweep(request, progress=tell) if isinstance(request, Sweep) else run(request, progress=tell)
        except Stopped as stop:
            if stop.result is None:
                return _say("stopped before the first generation was finished; nothing is kept", STOPPED)
            result, code = stop.result, STOPPED
    path = save(result, stem.with_suffix(".nc"))
    print(report.summary(result))
    paths = [path, *report.draw_result(result, stem)]
    print("\n".join(str(path) for path in paths))
    return _say(f"stopped: what was finished is kept in {path}", STOPPED) if code else DONE


def _reproduce(arguments: Any) -> int:
    from collapsebench import progress, report
    from collapsebench.reproduce import reproduce
    from collapsebench.study import Scale

    with progress.shown("reproduce") as tell:
        made = reproduce(arguments.names, Scale(arguments.scale), arguments.out, progress=tell)
    print(report.verdict_table(made.verdicts))
    page = report.write_page(made, arguments.out)
    pictures = [path for path in made.figures if path.suffix == ".png"]
    print(f"{len(pictures)} figures (PNG, SVG, CSV) and {len(made.results)} results below {arguments.out}")
    print(f"verdicts: {arguments.out / 'verdicts.json'}\nreport:   {page}")
    return FAILED if made.unexplained else DONE


def _check(arguments: Any) -> int:
    from collapsebench import contracts

    failures = 0
    for name, problem in contracts.check(arguments.spec):
        print(f"{'ok    ' if problem is None else 'FAILED'} {name}{'' if problem is None else ': ' + problem}")
        failures += problem is not None
    return FAILED if failures else DONE


def _doctor(arguments: Any) -> int:
    from collapsebench import catalogue

    for name, value in catalogue.doctor():
        print(f"{name:14} {value}")
    return DONE


if __name__ == "__main__":
    sys.exit(main())
