"""Fixtures of the tests of papers and studies: one run at smoke scale, and checks of every verdict."""

import numpy as np
import pytest

from collapsebench.literature.study import Scale
from collapsebench.runs.sweep import run_request
from collapsebench.show.figures import Kind


@pytest.fixture(scope="session")
def run_smoke():
    """Every experiment of a study at smoke scale, by name."""

    def results(study):
        plan = study().experiments(Scale.SMOKE)
        return {name: run_request(one) for name, one in plan.items()}

    return results


@pytest.fixture(scope="session")
def verdicts_of():
    """The verdicts of a study's claims, by name, each well formed."""

    def verdicts(study, results):
        found = {claim.name: claim.verdict(study.registry_name, results) for claim in study.claims}
        assert len(found) == len(study.claims)
        for verdict in found.values():
            assert verdict["basis"]
            assert verdict["where"]
            assert (verdict["published"] is not None) == (verdict["kind"] == "number")
            assert (verdict["reference"] is not None) == (verdict["kind"] == "law" and verdict["ours"] is not None)
        return found

    return verdicts


@pytest.fixture(scope="session")
def panels_of():
    """The panels of every figure of a study, by name, none of them empty, every line finite."""

    def panels(study, results):
        drawn = {name: draw(results).panels for name, draw in study.figures.items()}
        for panel in (panel for several in drawn.values() for panel in several):
            assert panel.series or panel.heat is not None
            for series in panel.series:
                assert series.kind is Kind.POINTS or np.isfinite(np.asarray(series.y, float)).all(), series.label
        return drawn

    return panels
