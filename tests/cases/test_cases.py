"""Each case as a test; `python -m tests.cases` prints them."""

import pytest

from tests.cases.runner import CASES, load, run


def _marks(path):
    return [pytest.mark.slow] if load(path).get("SLOW") else []


@pytest.mark.parametrize("path", [pytest.param(path, id=path.stem, marks=_marks(path)) for path in CASES])
def test_case(path):
    passed, said = run(path)
    assert passed, said
