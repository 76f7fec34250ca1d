"""Collapse profiles of runs whose outcome is known."""

import dataclasses

import numpy as np
import pytest
from scipy.stats import binom

import collapsebench as cb
from collapsebench import theory
from collapsebench.analysis.profiles import measured
from collapsebench.cli import parser as cli

BASE = cb.Experiment(
    name="profile", n=10, generations=60, trajectories=400, handover="summary", holdout=64,
    metrics=("kl", "log_variance", "tail_mass"),
)  # fmt: skip


@pytest.fixture(scope="module")
def found():
    return cb.profile(cb.sweep(BASE, {"regime": [cb.regimes.Replace(), cb.regimes.Accumulate()]}))


def test_replace_collapses_and_accumulate_does_not(found):
    flag = found.flag.sel(regime="replace")
    for name in ("catastrophic increase", "any increase", "collapsing variance", "tail lost"):
        assert flag.sel(definition=name) == 1, name
    assert np.isnan(flag.sel(definition="modes lost"))
    pooled = found.flag.sel(regime="accumulate")
    assert pooled.sel(definition="catastrophic increase") == 0
    assert pooled.sel(definition="tail lost") == 0


def test_the_spread_is_lost_when_the_law_says(found):
    """log var_k is a sum of k independent terms: its mean crosses that of the start by log 2 after so many fits."""
    per_fit = -theory.replace_log_variance_law(BASE.n, 1)
    median = float(found["median"].sel(regime="replace", event="spread half lost"))
    assert 0.5 * np.log(2) / per_fit <= median <= 2 * np.log(2) / per_fit
    assert float(found["median"].sel(regime="accumulate", event="spread half lost")) == np.inf


def test_the_early_comes_before_the_late(found):
    times = found["median"].sel(regime="replace")
    assert float(times.sel(event="tail 5% half lost")) < float(times.sel(event="total collapse"))


@pytest.mark.slow
def test_fixation_of_symbols_is_the_exact_law():
    """Total collapse of symbols is fixation: P(one is left after k fits), exact for two symbols by the binomial chain."""
    target = cb.targets.Categorical(classes=2)
    model = cb.models.Categorical(classes=2)
    experiment = cb.Experiment(
        name="fixation", target=target, model=model, n=10, generations=30, trajectories=4000, handover="summary",
        metrics=("entropy", "support"), holdout=8,
    )  # fmt: skip
    found = cb.profile(cb.run(experiment))
    chain = np.array([binom.pmf(np.arange(11), 10, i / 10) for i in range(11)])
    state = binom.pmf(np.arange(11), 10, 0.5)
    law = []
    for _ in range(30):
        law.append(1 - state[0] - state[10])
        state = state @ chain
    curve = found.survival.sel(event="total collapse").values
    error = np.sqrt(np.array(law) * (1 - np.array(law)) / 4000)
    assert np.all(np.abs(curve - law) < 5 * error + 1e-9)


def test_what_can_be_measured_is():
    names = measured(dataclasses.replace(BASE, metrics=("variance",))).metric_names
    assert {"kl", "log_variance", "tail_mass", "tail_mass_2"} <= set(names)
    assert "modes" not in names


def test_what_is_no_result_is_refused():
    with pytest.raises(cb.RequestError, match="it takes a result"):
        cb.profile(3)


@pytest.mark.slow
def test_the_command_prints_and_draws(capsys, tmp_path):
    line = "profile gaussian --n 10 --generations 4 --trajectories 16 --set handover=summary --set regime=replace"
    assert cli.main([*line.split(), "--out", str(tmp_path)]) == 0
    printed = capsys.readouterr().out
    assert "collapsing variance" in printed
    assert sorted(path.suffix for path in tmp_path.iterdir()) == sorted([".csv", ".png", ".svg"] * 2 + [".nc"])
