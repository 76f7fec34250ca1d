"""The n-gram study at smoke scale: it runs, and every claim and figure is well formed."""

import numpy as np
import pytest

from collapsebench.literature.studies.ngrams import Ngrams
from collapsebench.literature.studies.ngrams.read import distinct, distinct_law, drop_law, survival, survival_law

pytestmark = pytest.mark.slow  # compiles every program of the study


@pytest.fixture(scope="module")
def results(run_smoke):
    return run_smoke(Ngrams)


def test_verdicts(results, verdicts_of):
    verdicts = verdicts_of(Ngrams, results)
    assert verdicts["rare-words-go-first"]["ours"] is not None
    for name in ("half-life", "distinct-words", "first-loss", "higher-order"):
        assert verdicts[name]["verdict"] == "not run"


def test_what_is_read(results):
    assert (survival(results, 0)[:, 0] == 1).all()
    assert survival_law(results, 1, np.array([0, 1])) == pytest.approx([1, 1 - np.exp(-1)], abs=1e-5)
    assert abs(distinct(results).mean(axis=0) - distinct_law(results, np.arange(5))).max() < 0.02
    assert drop_law(np.array([0.0, 1.0])) == pytest.approx([0, np.exp(-1)])


def test_figures(results, panels_of):
    assert len(panels_of(Ngrams, results)["ngrams"]) == 7
