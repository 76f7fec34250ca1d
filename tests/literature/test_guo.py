"""Guo et al. (2024) by n-grams: what is read off the loop."""

import pytest

from collapsebench.literature.papers.guo import LENGTHS, Guo, distinct

pytestmark = pytest.mark.slow  # compiles the paper's program


def test_what_is_read(run_smoke, verdicts_of, panels_of):
    results = run_smoke(Guo)
    found = distinct(results)
    assert found.shape == (len(LENGTHS), 2, 2)
    assert (found[0] < found[1]).all()
    assert (found[1] < found[2]).all()  # the longer the gram, the fewer occur again
    assert {verdict["verdict"] for verdict in verdicts_of(Guo, results).values()} == {"not run"}
    assert len(panels_of(Guo, results)["guo"]) == 1
