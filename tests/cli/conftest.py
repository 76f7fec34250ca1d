"""Fixtures of the command-line tests."""

import pytest

from collapsebench.cli import main


@pytest.fixture
def ask(capsys):
    """(exit code, standard output, standard error) of the command line on these words."""

    def answer(*words):
        code = main(list(words))
        return code, *capsys.readouterr()

    return answer
