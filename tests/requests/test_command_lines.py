"""Command lines that make no sense: exit code 2 and one line, with nothing written."""

import contextlib
import io
import re

import pytest
from hypothesis import HealthCheck, given, settings

from collapsebench.cli import main
from tests.requests.conftest import check_line
from tests.requests.strategies import command_lines

FEW = settings(
    max_examples=300, derandomize=True, deadline=None, database=None, suppress_health_check=list(HealthCheck)
)
MANY = settings(FEW, max_examples=5000, derandomize=False)


def answer(words):
    """(exit code, standard output, standard error) of the command line on these words."""
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            code = main(words)
        except SystemExit as end:  # --help
            assert {"-h", "--help", "--version"} & set(words) or any(re.match("--?(he?l?p?|ver)", w) for w in words)
            code = end.code
    return code, out.getvalue(), err.getvalue()


def check(words, unrun, nothing_left):
    """Raise AssertionError where a command line ends in anything but a run that could begin, or one line."""
    if words[0] in ("run", "profile", "ablate", "reproduce"):
        words = [*words, "--out", "deep/out"]
    try:
        code, out, err = answer(words)
    except unrun:
        pass
    else:
        if code == 0:
            assert words[0] in ("list", "check", "doctor") or out, words
        elif code == 1 and words[0] == "check":  # a class that can be built, and fails its tests
            assert "FAILED" in out
            assert all(line.isprintable() for line in out.splitlines())
        else:
            assert code in (1, 2, 4), code
            assert err.count("\n") == 1, ascii(err[:300])
            check_line(err[:-1])
    assert nothing_left(), words


@FEW
@given(words=command_lines())
def test_300_command_lines(words, unrun, nothing_left):
    check(words, unrun, nothing_left)


@pytest.mark.slow
@MANY
@given(words=command_lines())
def test_5000_command_lines(words, unrun, nothing_left):
    check(words, unrun, nothing_left)
