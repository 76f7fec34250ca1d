"""The command line. Nothing heavy is imported before the request is understood, so `--help` answers at once."""

from __future__ import annotations

import argparse
import sys
import tempfile
import textwrap
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, NoReturn

from collapsebench import __version__
from collapsebench.specs.errors import DONE, FULL, STOPPED, WRONG, RequestError, nearest, say

KINDS = ("models", "targets", "regimes", "curators", "metrics", "papers", "studies", "datasets", "experiments")


FIELDS = (
    "name", "target", "model", "regime", "metrics", "n", "generations", "trajectories", "seed", "n_real", "holdout",
    "handover", "warm_start", "x64", "curator", "snapshots", "width",
)  # fmt: skip
"""Fields of an Experiment, written out because `--help` must not import it; a test compares."""

RUN_TEXT = """
a model NAME runs on the target that suits it, with metric nll and the numbers above; STUDY/EXPERIMENT has values
of its own (collapsebench list experiments).

--set takes each of these fields, and a field of a part as part.field:
  {}
values of a list are separated by commas:
  --set regime=mix --set regime.real_fraction=.1 --set metrics=variance,kl --set snapshots=0,5,19
a part of your own:
  --set model=package.module:Class --set metrics=folder/file.py:Class

files: DIR/NAME-DIGEST.nc and the figure as .png, .svg, .csv; DIGEST is that of the request, so that only the same
request writes over them. --set name=NAME names them (and is part of the random key).
"""

ABLATE_TEXT = """
Switches the statistical, expressivity and approximation errors off and on in all eight ways (handover, model class,
learner), with the same random numbers, and prints what each contributes to the divergence, by generation. The
experiment as it stands is the arm with all three; an error that its family does not have contributes nothing. Then
the response to several doses of each error, the other two switched off or left on.
"""

PROFILE_TEXT = """
Runs the experiment under every regime that it can have (or that of --set regime=...; a sweep as it stands), measured
by all that a profile reads. Prints when half of the tail, half of the spread and everything is lost, and which of the
eight definitions of model collapse hold.
"""

BENCH_TEXT = """
Runs the benchmarks of a clone of the repository (pytest --benchmark) and files their JSON under DIR/DEVICE/TIER.json.
--cold times the Gaussian loop from a new process to its saved result: import, trace, compile, run.
--profile NAME writes a profiler trace of a model's example loop and prints its ten costliest operations.
"""

COMPARE_TEXT = """
Pairs benchmarks by name and parameters. Times are taken in units of a calibration that ran between the rounds, so a
machine that is slower today does not count. A benchmark is slower when its median moved by more than the threshold, the
99% bootstrap interval excludes 1 and the Mann-Whitney test says so too. Exit code 1 if one is slower.
"""

CHECK_TEXT = """
Builds the class with no arguments, finds out which noun it is (model, target, regime, curator or metric), and runs
that noun's contract tests: shapes, finite numbers, rows of weight 0, one program for equal specs, each handover.
One line per test; exit code 1 if one fails.
"""

DOCTOR_TEXT = "Versions, devices, cores, memory and data sets that a run would use here; it runs nothing."


def _nearest(word: str, known: Iterable[str]) -> str:
    """`nearest` among words with the same first letter; the dashes of an option say nothing about it."""
    bare = word.lstrip("-")
    text = nearest(bare, [k.lstrip("-") for k in known if k.lstrip("-")[:1] == bare[:1]])
    return text.replace("'", "'--", 1) if word.startswith("--") else text


class _Parser(argparse.ArgumentParser):
    """argparse that answers a wrong request with one line, the nearest known word included."""

    def error(self, message: str) -> NoReturn:
        if "invalid choice: " in message:
            field = message.removeprefix("argument ").split(":")[0]
            word = message.split("invalid choice: ")[1].split("'")[1]
            choices = next((a.choices for a in self._actions if a.choices and word not in a.choices), ())
            known = [str(choice) for choice in choices]
            message = f"{field} = {word}: not one of {', '.join(known)}{_nearest(word, known)}"
        elif message.startswith("unrecognized arguments: "):
            word = message.split(": ", 1)[1].split(" ")[0]
            commands = [p for a in self._actions if isinstance(a.choices, dict) for p in a.choices.values()]
            actions = [action for parser in (self, *commands) for action in parser._actions]
            options = [option for action in actions for option in action.option_strings]
            message = f"{word}: no such option{_nearest(word, options)}"
        raise RequestError(message)


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(prog="collapsebench", description="What happens to models that are trained on their own output.")
    parser.add_argument("--version", action="version", version=f"collapsebench {__version__}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", parser_class=_Parser)

    command = _command(commands, "list", "what there is, one line each")
    command.add_argument("kind", nargs="?", choices=KINDS, metavar="KIND", help=", ".join(KINDS))
    command.set_defaults(kinds=KINDS)

    command = _command(commands, "run", "run one experiment", epilog=RUN_TEXT.format(_wrapped(FIELDS)))
    _add_request(command)

    command = _command(
        commands, "ablate", "tell the three errors apart", ABLATE_TEXT, RUN_TEXT.format(_wrapped(FIELDS))
    )
    command.add_argument(
        "--rich", metavar="MODEL", help="a class that contains the truth; its fields: --set rich.FIELD="
    )
    command.add_argument("--no-doses", dest="doses", action="store_false", help="the eight arms only, no doses")
    command.add_argument("--ledger", action="store_true", help="also what each error injects in each generation")
    _add_request(command)

    epilog = RUN_TEXT.format(_wrapped(FIELDS))
    command = _command(commands, "profile", "when the tail, the spread and everything is lost", PROFILE_TEXT, epilog)
    _add_request(command)

    command = _command(commands, "reproduce", "the literature: figures, and a verdict on each published number")
    command.add_argument("names", nargs="*", metavar="PAPER[/CLAIM]", help="default: everything")
    command.add_argument("--scale", choices=("smoke", "quick", "paper"), default="quick", help="default: %(default)s")
    _add_out(command)

    command = _command(commands, "bench", "how fast this machine is, measured like an instrument", BENCH_TEXT)
    command.add_argument("names", nargs="*", metavar="NAME", help="benchmarks whose names hold this; default: all")
    command.add_argument("--tier", choices=("smoke", "quick", "paper"), default="quick", help="default: %(default)s")
    command.add_argument("--cold", action="store_true", help="time new processes instead, with and without a cache")
    command.add_argument("--rounds", type=int, default=5, help="of --cold; default: %(default)s")
    command.add_argument(
        "--profile", action="store_true", help="trace the loop of a model's example, and its costliest parts"
    )
    default = Path("results/benchmarks")
    command.add_argument("--out", type=Path, default=default, metavar="DIR", help="default: %(default)s/DEVICE")

    command = _command(commands, "compare", "two runs of the benchmarks side by side", COMPARE_TEXT)
    command.add_argument("first", type=Path, metavar="A.json")
    command.add_argument("second", type=Path, metavar="B.json")
    command.add_argument(
        "--across-devices", action="store_true", help="the speed-up of the second device over the first"
    )
    command.add_argument("--threshold", action="append", default=[], metavar="[GROUP=]SHARE", help="default: .15")
    command.add_argument("--markdown", type=Path, metavar="FILE", help="also write the table as Markdown")
    command.add_argument("--html", type=Path, metavar="FILE", help="also write it as a page")

    command = _command(commands, "check", "run the contract tests on a class of your own", CHECK_TEXT)
    command.add_argument("spec", metavar="CLASS", help="package.module:Class or folder/file.py:Class")

    command = _command(commands, "doctor", "versions, devices and memory of this machine", DOCTOR_TEXT)
    return parser


def _command(commands: Any, name: str, line: str, text: str = "", epilog: str = "") -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = commands.add_parser(
        name, help=line, description=(text or line).strip(), epilog=epilog.strip(),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )  # fmt: skip
    return parser


def _add_request(command: argparse.ArgumentParser) -> None:
    """The experiment that a command is about: a name, and changes of its fields."""
    command.add_argument("name", metavar="NAME", help="a model's name, STUDY/EXPERIMENT, or package.module:EXPERIMENT")
    for option, text in (
        ("n", "rows per generation; a model: 100"), ("generations", "fits, the first on real data; a model: 20"),
        ("trajectories", "independent runs; a model: 100"), ("seed", "of all randomness; a model: 0"),
    ):  # fmt: skip
        command.add_argument(
            f"--{option}", action="append", default=[], dest="changes", type=f"{option}={{}}".format,
            metavar=option[0].upper(), help=text,
        )  # fmt: skip
    command.add_argument(
        "--set", action="append", default=[], metavar="FIELD=VALUE", dest="changes", help="any field; see below"
    )
    _add_out(command)


def _add_out(command: argparse.ArgumentParser) -> None:
    default = Path("collapsebench-out")
    command.add_argument("--out", type=Path, default=default, metavar="DIR", help="default: %(default)s")


def _wrapped(words: Sequence[str]) -> str:
    return textwrap.fill(" ".join(words), 100).replace("\n", "\n  ")


def main(argv: Sequence[str] | None = None) -> int:
    """Entry point; returns the exit code."""
    sys.path.insert(0, "")  # a class of one's own beside the shell: package.module:Class
    try:
        parser = _parser()
        arguments = parser.parse_args(argv)
        if arguments.command is None:
            parser.print_help()
            return DONE
        from collapsebench.cli import commands
        from collapsebench.engine import compiled

        with compiled.kept():
            return commands.ACTS[arguments.command](arguments)
    except RequestError as error:
        return say(str(error), WRONG)
    except KeyboardInterrupt:
        return say("stopped", STOPPED)
    except BrokenPipeError:
        return DONE
    except MemoryError as error:
        why = str(error) or "nothing is lost on disk; ask for fewer --trajectories or a smaller --n"
        return say(f"out of memory: {why}", FULL)
    except OSError as error:
        return _lost(error)
    except Exception as error:
        if "RESOURCE_EXHAUSTED" in str(error):
            return say("out of device memory: ask for fewer --trajectories, a smaller --n, or --set width=1", FULL)
        raise


def _lost(error: OSError) -> int:
    """Say why a file could not be written or read; a result that was to be saved goes to the temporary folder."""
    full = error.errno in (28, 122)  # ENOSPC, EDQUOT
    why = f"{error.filename or 'file'}: {error.strerror or error}"
    why = f"the disk is full: {error.filename or ''}; free some space or choose another --out" if full else why
    result = getattr(error, "result", None)
    if result is None:
        return say(why, FULL if full else WRONG)
    from collapsebench.runs.results import save

    try:
        path = save(result, Path(tempfile.mkdtemp(prefix="collapsebench-")) / Path(error.filename).name)
    except OSError as second:
        return say(f"{why}; nor could it be saved below {tempfile.gettempdir()}: {second.strerror}", FULL)
    return say(f"{why}; the result is saved in {path}", FULL)
