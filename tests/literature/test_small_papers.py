"""Papers of a sweep or two at smoke scale: they run, and every claim and figure is well formed."""

import pytest

from collapsebench.literature.study import studies

pytestmark = pytest.mark.slow  # compiles every program of the papers


@pytest.mark.parametrize(
    "name",
    ["he", "marchi", "feng", "ferbach", "biased_selection", "vu", "zhu", "gerstgrasser_lm", "shabgahi", "smollm2"],
)
def test_verdicts_and_figures(name, run_smoke, verdicts_of, panels_of):
    study = studies()[name]
    results = run_smoke(study)
    assert verdicts_of(study, results)
    assert panels_of(study, results)
