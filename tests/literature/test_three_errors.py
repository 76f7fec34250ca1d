"""The study of the three errors at smoke scale, and the laws of each error."""

import pytest

from collapsebench.literature.studies.three_errors import ThreeErrors

pytestmark = pytest.mark.slow  # tests/analysis/ablation has the same claims in smaller programs


@pytest.fixture(scope="module")
def results(run_smoke):
    return run_smoke(ThreeErrors)


def test_verdicts(results, verdicts_of):
    verdicts = verdicts_of(ThreeErrors, results)
    for name in ("expressivity-enters-once", "learning-compounds"):
        assert verdicts[name]["verdict"] == "qualitative"
    assert verdicts["learning-forgets"]["verdict"] == "law holds"
    assert verdicts["statistics-walk-20"]["verdict"] == "not run"  # too few trajectories to tell


def test_a_wrong_law_differs(results):
    """The claim can fail: an expressivity error that goes on, and a learner that does not forget."""
    changed = dict(results)
    changed["expressivity"] = results["expressivity"] * (1 + 1e-6 * results["expressivity"].generation)
    assert ThreeErrors.claims[0].verdict("three_errors", changed)["verdict"] == "differs"
    changed["early-stopped"] = results["early-stopped"] * 0.99
    assert ThreeErrors.claims[-1].verdict("three_errors", changed)["verdict"] == "differs"


def test_figure(results, panels_of):
    assert len(panels_of(ThreeErrors, results)["three-errors"]) == 4
