"""Collapse profiles of runs whose outcome is known."""

import dataclasses

import numpy as np
import pytest
from scipy.stats import binom

import collapsebench as cb
from collapsebench.analysis.profiles import EVENTS, loop_free, measured
from collapsebench.cli import parser as cli
from collapsebench.experiment.sweep import Sweep
from collapsebench.show.profiles import NEEDS, profile_summary

BASE = cb.Experiment(
    name="profile", n=10, generations=60, trajectories=1000, handover="summary", holdout=64,
    metrics=("kl", "log_variance", "tail_mass"),
)  # fmt: skip


REGIMES = (cb.regimes.Replace(), cb.regimes.Accumulate(), cb.regimes.Mix(real_fraction=1.0))
TAIL, FREE = "tail 5% half lost", "mix(real_fraction=1.0)"


@pytest.fixture(scope="module")
def result():
    return cb.sweep(BASE, {"regime": REGIMES})


@pytest.fixture(scope="module")
def found(result):
    return cb.profile(result)


def test_replace_collapses_and_accumulate_does_not(found):
    flag = found.flag.sel(regime="replace")
    for name in ("catastrophic increase", "any increase", "divergence", "collapsing variance", "tail lost"):
        assert flag.sel(definition=name) == 1, name
    assert np.isnan(flag.sel(definition="modes lost"))
    pooled = found.flag.sel(regime="accumulate")
    assert pooled.sel(definition="catastrophic increase") == 0
    assert pooled.sel(definition="tail lost") == 0


def test_a_profile_says_what_was_lost_and_what_more_it_would_need(found):
    text = profile_summary(found)
    replace, accumulate = (
        next(line for line in text.split("\n") if line.startswith(f"{name}: ")) for name in ("replace", "accumulate")
    )
    assert "catastrophic increase, any increase, divergence, collapsing variance, tail lost" in replace
    lost = 1 - float(found.left_median.sel(regime="accumulate", event="spread half lost")[-1])
    assert f", {lost:.0%} of the spread by generation 59" in accumulate
    assert "not measured: changed scaling law; it needs a sweep over three n or more" in text
    assert "not measured: tail 5% half lost" not in text
    assert set(NEEDS) == {*EVENTS, *found.definition.values}


def test_evidence_that_falls_short_of_five_errors_is_no_plain_no(found):
    point = found.sel(regime="accumulate").copy(deep=True)
    at = {"definition": "divergence"}
    for name, value in (("flag", 0.0), ("evidence", 0.1), ("evidence_low", 0.01), ("evidence_high", 0.2)):
        point[name].loc[at] = value
    assert "maybe (0.1)" in profile_summary(point)
    point["evidence_low"].loc[at] = -0.01
    assert "no (0.1)" in profile_summary(point)


def test_without_a_loop_nothing_collapses(result, found):
    """No event in 95% of trajectories, and no flag, though a third of the fits to 10 rows halve the tail by chance."""
    control = result.sel(regime=FREE, drop=True)
    for free in (found.sel(regime=FREE), cb.profile(result, control).sel(regime=FREE)):
        assert not (free.flag == 1).any()
        for event in (TAIL, *EVENTS[2:4]):
            assert np.nanmin(free.survival.sel(event=event)) >= 0.95, event
        assert 0.3 < free.lost.sel(event=TAIL).mean() < 0.4
        assert 1 < free.lasting.sel(event=TAIL) < 5


def test_the_run_without_a_loop_is_the_same_of_every_regime(result):
    """`loop_free` of the experiment, and of a sweep over regimes and sizes."""
    free = loop_free(BASE)
    assert free.regime == cb.regimes.Mix(real_fraction=1.0)
    np.testing.assert_array_equal(cb.run(free).kl, result.kl.sel(regime=FREE))
    assert loop_free(Sweep(BASE, {"regime": REGIMES})) == free
    assert loop_free(Sweep(BASE, {"regime": REGIMES, "n": (5, 10)})).values == {"n": (5, 10)}
    with pytest.raises(cb.RequestError, match="control: it must be a result"):
        cb.profile(result, 3)


@pytest.mark.slow
def test_fresh_and_weighted_rank_above_replace():
    found = cb.profile(cb.sweep(BASE, {"regime": (REGIMES[0], cb.regimes.Fresh(), cb.regimes.Weighted())}))
    for event in (TAIL, "spread half lost"):
        curves = {regime: found.survival.sel(event=event, regime=regime).dropna("generation") for regime in
                  ("replace", "fresh", "weighted")}  # fmt: skip
        for better in ("fresh", "weighted"):
            assert (curves[better] >= curves["replace"]).all()
            assert curves[better][-1] > 0.85 > 0.2 > curves["replace"][-1]
            assert found["median"].sel(event=event, regime=better) > found["median"].sel(event=event, regime="replace")


def test_the_median_tells_what_the_mean_does_not(found):
    """Under replace at generation 20 most of the tail mass is there in the mean, and 3 of 4 trajectories have lost it."""
    at = found.sel(regime="replace", event=TAIL, generation=20)
    assert at.left > 0.6
    assert at.left_median < 0.05
    assert at.lost_low <= at.lost <= at.lost_high
    assert at.lost > 0.7


def test_the_spread_is_lost_for_good_when_the_law_says(found):
    """Last passage of log 1/2 by a walk of log chi-square steps, simulated by NumPy alone, within 5 standard errors."""
    rng, runs, g = np.random.default_rng(0), 40_000, BASE.generations
    walk = np.cumsum(np.log(rng.chisquare(BASE.n - 1, (runs, g)) / BASE.n), axis=1)
    held = walk > np.log(0.5 * (1 - 1 / BASE.n))
    last = np.where(held.any(axis=1), g - 1 - np.argmax(held[:, ::-1], axis=1), -1)
    curve = found.survival.sel(regime="replace", event="spread half lost").dropna("generation")
    law = np.array([(last >= t).mean() for t in curve.generation.values])
    error = np.sqrt(law * (1 - law) / BASE.trajectories) + 0.004  # and that of the mean of generation 0
    assert np.all(np.abs(curve - law) < 5 * error)
    time, first = (np.minimum(t, curve.size) for t in (last + 1, np.argmax(~held, axis=1)))
    off = float(curve.sum()) - np.array([time.mean(), first.mean()])
    error = time.std() / np.sqrt(BASE.trajectories)
    assert abs(off[0]) < 5 * error
    assert abs(off[1]) > 10 * error  # the first passage, which chance brings forward
    assert float(found["median"].sel(regime="accumulate", event="spread half lost")) == np.inf


def test_a_class_that_has_no_tail_is_not_the_loops_loss(result):
    """Without a loop, all fits have lost the tail: no verdict."""
    lost = result.assign(tail_mass=0 * result.tail_mass)
    one = cb.profile(lost).sel(event=TAIL, regime="replace")
    assert one.lasting == np.inf
    assert np.isnan(one["median"])
    assert np.isnan(one.survival).all()


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
    assert found.lasting.sel(event="total collapse") == 1
    curve = found.survival.sel(event="total collapse").values
    error = np.sqrt(np.array(law) * (1 - np.array(law)) / 4000)
    assert np.all(np.abs(curve - law) < 5 * error + 1e-9)


def test_what_can_be_measured_is():
    names = measured(dataclasses.replace(BASE, metrics=("variance",))).metric_names
    assert {"kl", "log_variance", "tail_mass", "tail_mass_2"} <= set(names)
    assert "modes" not in names


def test_what_is_no_result_is_refused():
    with pytest.raises(cb.RequestError, match="must be a result"):
        cb.profile(3)


@pytest.mark.slow
def test_the_command_prints_and_draws(capsys, tmp_path):
    line = "profile gaussian --n 10 --generations 4 --trajectories 16 --set handover=summary --set regime=replace"
    assert cli.main([*line.split(), "--out", str(tmp_path)]) == 0
    printed = capsys.readouterr().out
    assert "collapsing variance" in printed
    assert sorted(path.suffix for path in tmp_path.iterdir()) == sorted([".csv", ".png", ".svg"] * 2 + [".nc"])
