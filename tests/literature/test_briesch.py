"""Briesch et al. (2023) by n-grams: what is read off the loops."""

import numpy as np
import pytest

from collapsebench.literature.papers.briesch import Briesch, declines, diversity

pytestmark = pytest.mark.slow  # compiles every program of the paper


def test_what_is_read(run_smoke, verdicts_of, panels_of):
    results = run_smoke(Briesch)
    for name in results:
        found = diversity(results, name)
        assert np.isfinite(found).all()
        assert ((found >= 0) & (found <= 1)).all()
        assert declines(results, name) is None
    assert {verdict["verdict"] for verdict in verdicts_of(Briesch, results).values()} == {"not run"}
    assert len(panels_of(Briesch, results)["briesch"]) == 2
