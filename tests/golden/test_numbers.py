"""The golden file: public functions give the numbers recorded in it."""

import json

import pytest

from tests.golden import numbers

GOLDEN = json.loads(numbers.FILE.read_text())
SAME = GOLDEN["machine"] == numbers.machine()
CASES = numbers.cases()
FAST = (
    "gaussian/replace/",
    "categorical/accumulate/summary",
    "extra/",
    "sweep/leaf",
)
COMPILES_LONG = (
    "extra/warm_start", "extra/dataset", "extra/seed", "extra/snapshots", "categorical/accumulate/summary/float32",
    "gaussian/replace/samples/float64", "gaussian/replace/summary/float64",
)  # fmt: skip


def test_every_case_is_recorded():
    assert set(CASES) == set(GOLDEN["cases"])


@pytest.mark.parametrize(
    "name",
    [pytest.param(n, marks=[pytest.mark.slow] * (not n.startswith(FAST) or n in COMPILES_LONG)) for n in sorted(CASES)],
)
def test_numbers_are_those_of_the_golden_file(name):
    """Bit for bit on the machine that wrote it; elsewhere the means, to what float32 keeps."""
    assert numbers.compare(GOLDEN["cases"][name], numbers.record(CASES[name]), SAME) is None
