"""Five rounds of each fault of tests/faults.py."""

import random
import signal

import pytest

from tests import faults


@pytest.fixture(scope="module")
def good(tmp_path_factory):
    return faults.Undisturbed(tmp_path_factory.mktemp("good"))


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
@pytest.mark.parametrize("name", faults.COMMANDS)
def test_interrupted_commands_end_as_if_nothing_had_happened(tmp_path, good, name, number):
    chance = random.Random(len(name))
    became = [word for _ in range(5) for word in faults.interrupt(name, number, good, tmp_path, chance)]
    assert len(became) == 5 * faults.IN_A_ROW
    assert len(became) - became.count("ended before") >= 5  # of 20; what is resumed ends sooner than what was timed


@pytest.mark.slow
def test_one_command_twice_at_once(tmp_path, good):
    chance = random.Random(0)
    for i in range(5):
        faults.pair(list(faults.COMMANDS)[i % 4], good, tmp_path, chance)
