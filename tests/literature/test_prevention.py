"""Prevention Is Not Cure at smoke scale: it runs, and its exact chains give the printed numbers."""

import pytest

from collapsebench.literature.papers.prevention import Prevention

pytestmark = pytest.mark.slow  # compiles every program of the paper


@pytest.fixture(scope="module")
def results(run_smoke):
    return run_smoke(Prevention)


def test_verdicts(results, verdicts_of):
    """Exact claims need no simulation; the others need more generations than smoke has."""
    verdicts = verdicts_of(Prevention, results)
    exact = [v for name, v in verdicts.items() if name.startswith("relaxation") or name.endswith("window-1")]
    assert [v["verdict"] for v in exact] == ["reproduced"] * 9
    assert {verdicts[name]["verdict"] for name in ("printed-digits", "jensen")} == {"qualitative"}
    assert {v["verdict"] for name, v in verdicts.items() if name.startswith(("healed", "time", "pool"))} == {"not run"}


def test_figure(results, panels_of):
    assert len(panels_of(Prevention, results)["passages"]) == 3
