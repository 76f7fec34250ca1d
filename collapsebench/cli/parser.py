"""Parser and entry point of the command line; imports nothing heavy, so that `--help` is fast."""

from __future__ import annotations

import argparse
import contextlib
import gc
import io
import os
import sys
import tempfile
import traceback
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, NoReturn, TextIO, cast

from collapsebench import __version__
from collapsebench.cli import (
    ablate,
    bench,
    check,
    compare,
    completion,
    diagram,
    doctor,
    monitor,
    plan,
    profile,
    report,
    reproduce,
    run,
)
from collapsebench.cli import list as names
from collapsebench.specs.errors import DONE, FULL, STOPPED, WRONG, Ended, RequestError, nearest, say

SELDOM = (10_000, 10, 10)
"""Thresholds of the garbage collector: what a start makes stays, and Python's own thresholds search it 600 times."""
COMMANDS = (
    names, run, ablate, profile, monitor, plan, diagram, report, reproduce, bench, compare, check, doctor, completion
)  # fmt: skip
"""One module a command: LINE and TEXT of its help, add(parser), and act(arguments), which returns the exit code."""


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
            named = {"": self} | {
                k: p for a in self._actions if isinstance(a.choices, dict) for k, p in a.choices.items()
            }
            options = {name: {o for a in parser._actions for o in a.option_strings} for name, parser in named.items()}
            others = [name for name, own in options.items() if word.split("=")[0] in own]
            where = f"; {' and '.join(others)} {'has' if len(others) == 1 else 'have'} it" if others else ""
            message = f"{word}: no such option{where or _nearest(word, sorted(set().union(*options.values())))}"
        raise RequestError(message)


def make_parser() -> argparse.ArgumentParser:
    """Parser of all commands; the parsed arguments have `act`."""
    parser = _Parser(prog="collapsebench", description="What happens to models that are trained on their own output.")
    parser.add_argument("--version", action="version", version=f"collapsebench {__version__}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", parser_class=_Parser)
    for module in COMMANDS:
        own = commands.add_parser(
            module.__name__.rpartition(".")[2], help=module.LINE, description=module.TEXT.strip(),
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )  # fmt: skip
        module.add(own)
        own.set_defaults(act=module.act)
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line on `argv`; returns the exit code."""
    _settle_streams()
    thresholds = gc.get_threshold()
    gc.set_threshold(*SELDOM)
    sys.path.insert(0, "")  # a class of one's own beside the shell: package.module:Class
    try:
        parser = make_parser()
        arguments = parser.parse_args(argv)
        if arguments.command is None:
            parser.print_help()
            return DONE
        for value in vars(arguments).values():
            if isinstance(value, Path) and "\0" in str(value):
                raise RequestError(f"{value}: no file can have this name")
        from collapsebench.engine import cache
        from collapsebench.runs.stopping import terminated

        with cache.kept(), terminated():
            code: int = arguments.act(arguments)
        sys.stdout.flush()
        return code
    except Ended as end:
        return say(str(end), end.code)
    except RequestError as error:
        return say(str(error), WRONG)
    except KeyboardInterrupt:
        return say("stopped", STOPPED)
    except BrokenPipeError:  # nobody reads what is printed; everything is saved by now
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return DONE
    except MemoryError as error:
        why = str(error) or "nothing is lost on disk; ask for fewer --trajectories or a smaller --n"
        return say(f"out of memory: {why}", FULL)
    except OSError as error:
        return _lost(error)
    except Exception as error:
        if "RESOURCE_EXHAUSTED" in str(error):
            return say("out of device memory: ask for fewer --trajectories, a smaller --n, or --set width=1", FULL)
        if (where := _in_a_users_file(error)) is not None:
            return say(
                f"{where}: {type(error).__name__}: {str(error).strip()}".split("\n")[0].removesuffix(": "), WRONG
            )
        raise
    finally:
        gc.set_threshold(*thresholds)


_INSTALLED = {"site-packages", "dist-packages"}


def _in_a_users_file(error: BaseException) -> str | None:
    """File, line and function of a user's own that an error came out of; None where it is another's."""
    ours = Path(__file__).parents[1]
    for frame in reversed(traceback.extract_tb(error.__traceback__)):
        path = Path(frame.filename)
        if ours in path.parents:
            return None
        library = _INSTALLED & set(path.parts) or path.resolve().is_relative_to(Path(os.__file__).parent)
        if path.suffix == ".py" and path.is_file() and not library:
            return f"{path.name}, line {frame.lineno}, in {frame.name}"
    return None


def _settle_streams() -> None:
    """Let the standard streams take any text, and stand for those that are closed.

    Else the next file that is opened would get the number of a closed one, and what a library prints would end in it.
    """
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        try:
            os.fstat(number)
        except OSError:
            os.dup2(os.open(os.devnull, os.O_RDWR), number)
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, "r" if name == "stdin" else "w", encoding="utf-8"))  # noqa: SIM115
        stream = getattr(sys, name)
        if name != "stdin" and isinstance(stream, io.TextIOWrapper):
            with contextlib.suppress(ValueError):
                stream.reconfigure(errors="backslashreplace")
    if sys.stderr is sys.__stderr__:
        sys.stderr = cast(TextIO, _Tolerant(cast(TextIO, sys.stderr)))


class _Tolerant:
    """Standard error that loses what it cannot write: what is told of a run must not end it."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        """Write, if that is possible."""
        with contextlib.suppress(OSError):
            self._stream.write(text)
            self._stream.flush()
        return len(text)

    def flush(self) -> None:
        """Flush, if that is possible."""
        with contextlib.suppress(OSError):
            self._stream.flush()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


def _lost(error: OSError) -> int:
    """Say why a file could not be written or read; a result that was to be saved goes to the temporary folder."""
    full = error.errno in (28, 122)  # ENOSPC, EDQUOT
    if full and error.filename is None:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # else Python tries once more at its end
        return say(f"standard output: {error.strerror}; what was to be saved is saved", FULL)
    why = f"{error.filename or 'file'}: {error.strerror or error}"
    why = f"the disk is full: {error.filename or ''}; free some space or choose another --out" if full else why
    result = getattr(error, "result", None)
    if result is None:
        return say(why, FULL if full else WRONG)
    from collapsebench.runs.results import save

    folder = Path(tempfile.mkdtemp(prefix="collapsebench-"))
    try:
        path = save(result, folder / Path(error.filename).name)
    except OSError as second:
        folder.rmdir()
        return say(f"{why}; nor could it be saved below {tempfile.gettempdir()}: {second.strerror}", FULL)
    return say(f"{why}; the result is saved in {path}", FULL)
