"""What a wrong request may do: be refused, in one short printable line, and leave nothing behind."""

import os
import shutil

import pytest

from collapsebench.runs import runner, sweep

MOST = 2000


class Reached(Exception):
    """The request is valid: a run would begin here."""


@pytest.fixture(scope="module")
def unrun():
    """No run begins."""

    def begin(*given, **named):
        raise Reached

    with pytest.MonkeyPatch.context() as patch:
        for module in (runner, sweep):
            patch.setattr(module, "run_points", begin)
        yield Reached


@pytest.fixture(scope="module")
def nothing_left(tmp_path_factory):
    """Check that the working directory, an empty one, is as it was."""
    folder, before = tmp_path_factory.mktemp("empty"), os.getcwd()
    os.chdir(folder)

    def empty():
        found = list(folder.iterdir())
        for path in found:  # the next example begins anew
            shutil.rmtree(path) if path.is_dir() else path.unlink()
        return not found

    yield empty
    os.chdir(before)


def check_line(text):
    """Raise AssertionError unless a message is one printable line of a length that can be read."""
    assert text
    assert text.isprintable(), ascii(text[:300])
    assert len(text) < MOST, len(text)
