"""The study of ablations: valid plans, and measurements on artificial results."""

import pytest

import collapsebench as cb
from collapsebench.analysis.ablation import arms
from collapsebench.literature.reproduce import find
from collapsebench.literature.studies.ablations import Ablations
from collapsebench.literature.study import Scale

PLANS = Ablations().experiments(Scale.QUICK)


@pytest.mark.parametrize("name", PLANS)
def test_every_case_has_its_arms(name):
    """Eight arms that can be built, all measured by one divergence; the one without errors is a population."""
    if "digits" in name or "cancer" in name:
        pytest.importorskip("sklearn", reason="the data are in scikit-learn")
    plan = PLANS[name]
    made = arms(plan.experiment, plan.rich, plan.divergence)
    assert len(made) == 8
    assert len({arm.columns for arm in made.values()}) == 1
    assert made[0, 0, 0].handover == "population"
    assert made[1, 1, 1].model == plan.experiment.model


def test_every_family_with_a_density_is_there():
    """Every registered model is ablated in some case, but those that are another one under constraints, networks, and text."""
    there = {type(plan.experiment.model).registry_name for plan in PLANS.values()}
    there |= {str(getattr(plan.experiment.model, "model", "")) for plan in PLANS.values()}
    networks = {name for name, model in cb.MODELS.items() if getattr(model, "streams", False)}
    assert set(cb.MODELS.names()) - there - networks == {"symmetric_mixture", "ngram", "captioned", "ecosystem"}


def test_it_is_run_when_it_is_named_only():
    assert "ablations" not in find([])
    assert "ablations" in find(["ablations"])
    assert {"shumailov", "three_errors"} <= set(find([]))


@pytest.mark.slow
def test_smoke(run_smoke, verdicts_of, panels_of):
    results = run_smoke(Ablations)
    verdicts = verdicts_of(Ablations, results)
    for name in results:
        assert verdicts[f"{name}-is-a-fixed-point"]["verdict"] == "qualitative"
    panels_of(Ablations, results)
