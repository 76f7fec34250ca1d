"""The league of mitigations: its committed table, its standings at smoke scale, and what would be another order."""

import itertools
import json
from pathlib import Path

import numpy as np
import pytest

from collapsebench.analysis.ranks import rank_sets
from collapsebench.literature.studies.league import ALL, League, losses, standings
from collapsebench.literature.study import Scale
from collapsebench.show.league import Standing, cell, league_table, saved
from collapsebench.show.markdown import replace_block

ROOT = Path(__file__).parents[2]
KEPT = saved(ROOT / "results" / "league")


def test_the_page_s_table_is_made_of_the_committed_standings():
    text = (ROOT / "docs" / "league.md").read_text()
    assert replace_block(text, "league", league_table(KEPT)) == text, (
        "run: python -m collapsebench.show.league docs/league.md results/league"
    )


def test_the_committed_standings_are_those_of_the_study_s_entrants():
    played = {(own.family, f"{own.base}-{own.mitigation}") for own in KEPT if own.family != ALL}
    assert played == {tuple(name.split("-", 1)) for name in League().experiments(Scale.QUICK) if name != "risk"}
    for family in {own.family for own in KEPT}:
        own = sorted((s for s in KEPT if s.family == family), key=lambda s: s.score)
        assert own[0].first == 1
        assert own[-1].last == len(own)
        for better, worse in itertools.pairwise(own):  # ranks never stand against the scores
            assert better.first <= worse.first or better.last <= worse.last
        assert all(s.low < s.score < s.high and s.first <= s.last for s in own)
    verdicts = json.loads((ROOT / "results" / "league" / "verdicts.json").read_text())
    told = {v["claim"]: v for v in verdicts}
    risk = told.pop("replaced-risk")
    assert abs(risk["ours"] - risk["reference"]) < 5 * risk["half_width"] / 1.96
    assert {risk["at_1.1"], risk["at_0.9"]} == {"differs"}
    assert {v["verdict"] for v in told.values()} == {"qualitative"}


def test_a_cell_tells_ties_and_who_does_not_play():
    own = Standing("normal", "fresh", "verifier", True, 2.0, 1.5, 2.5, 2, 3, 90.0)
    assert cell(own) == "2 [1.5, 2.5] (2 to 3)"
    assert cell(Standing("normal", "fresh", "none", False, 2.0, 1.5, 2.5, 1, 1), interval=False) == "2 (1)"
    assert own.entrant == "verifier* (fresh)"
    assert league_table([own]).splitlines()[2] == "| verifier* (fresh) | 2 [1.5, 2.5] (2 to 3) | 90 |"
    assert cell(None) == "-"


@pytest.fixture(scope="module")
def results(run_smoke):
    return run_smoke(League)


@pytest.mark.slow
def test_scores_and_ranks_are_of_the_last_model_over_one_fit_to_all_rows(results):
    table = {own.mitigation + own.base: own for own in standings(results)}
    loss = {name: np.log(result.hellinger.values) for name, result in results.items()}
    once = loss["normal-replace-none"][:, 0]
    names = list(loss)
    last = np.array([loss[name][:, -1] for name in names])
    first, most = rank_sets(last)
    for i, name in enumerate(names):
        _, base, mitigation = name.split("-")
        own = table[mitigation + base]
        assert own.score == pytest.approx(np.exp((last[i] - once).mean()))
        assert (own.first, own.last) == (first[i], most[i])
    assert table["verifierreplace"].kept < 100 == table["nonereplace"].kept


@pytest.mark.slow
def test_a_fit_that_failed_is_the_worst(results):
    broken = {name: result.copy(deep=True) for name, result in results.items()}
    broken["normal-replace-augment"].hellinger[0, -1] = np.nan
    found = losses(broken)["normal"]
    worst = max(float(result.hellinger.max()) for result in broken.values())
    once = np.log(results["normal-replace-none"].hellinger.values[0, 0])
    assert found["replace-augment"][0] == pytest.approx(np.log(worst) - once)


@pytest.mark.slow
def test_verdicts_and_figure(results, verdicts_of, panels_of):
    verdicts = verdicts_of(League, results)
    assert verdicts["accumulate-beats-replace"]["verdict"] == "qualitative"
    assert verdicts["replaced-risk"]["verdict"] == "not run"  # of another family than smoke has
    turned = {**results, "normal-replace-accumulate": results["normal-replace-none"],
              "normal-replace-none": results["normal-replace-accumulate"]}  # fmt: skip
    assert League.claims[0].verdict("league", turned)["verdict"] == "differs"
    assert len(panels_of(League, results)["league"]) == 1
