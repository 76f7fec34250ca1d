"""Recovery: a loop that changes at a generation, against exact chains and recursions: what returns, when, what is gone."""

import dataclasses

import numpy as np
import pytest

import collapsebench as cb
from collapsebench import theory
from collapsebench.experiment.sweep import is_leaf
from collapsebench.show.plot import figure_of

R = cb.regimes
N, AT, FITS = 20, 4, 9
NORMAL = cb.Experiment(name="change", n=N, generations=FITS, trajectories=10_000, handover="summary", holdout=1)
PAIR = dataclasses.replace(
    NORMAL, target=cb.targets.Categorical(2, (0.9, 0.1)), model=cb.models.Categorical(2), metrics=("support",)
)


def variances(real_after, at):
    """Mean variance by generation of a maximum-likelihood normal, without real rows before `at`, with so many after."""
    v, s, law = 1 / N, 1 - 1 / N, [1 - 1 / N]
    for t in range(1, FITS):
        n_r = real_after if t >= at else 0
        n_s = N - n_r
        v, s = (
            (n_s**2 * v + n_s * s + n_r) / N**2,
            (1 - 1 / N) * ((n_r + n_s * s) / N + n_r * n_s * v / (N * (N - 1))),
        )
        law.append(s)
    return np.array(law)


def both(at):
    """Chance by generation that both of two symbols are there, with 4 of 20 rows real from `at` on."""
    phases = [[(0, N, min(g, at - 1)), (4, N - 4, max(0, g - at + 1))] for g in range(FITS)]
    return np.array([theory.phases_count_law(own, 0.1, n_first=N)[1:-1].sum() for own in phases])


@pytest.fixture(scope="module")
def recovered():
    return cb.recover(PAIR, R.Mix(0.2), [2, AT, 7], "categories=.7")


@pytest.mark.slow
def test_real_data_from_a_generation_on(assert_law):
    """Law of the variance; wrong: that of a change one generation earlier."""
    found = cb.run(dataclasses.replace(NORMAL, regime=R.Then(R.Replace(), R.Mix(0.25), AT)))
    assert_law(found.variance.values, variances(5, AT), variances(5, AT - 1))
    assert variances(5, AT)[AT - 1] == pytest.approx(theory.replace_variance_law(N, AT))


@pytest.mark.slow
def test_a_way_back_is_the_law_of_what_was_saved(assert_law):
    """In generation 4 back to what generation 2 had, and on from there; or for ever: what was lost until then is gone."""
    back = R.Then(R.Replace(), R.Then(R.Saved(2), R.Replace(), AT + 1), AT)
    fits = np.array([1, 2, 3, 4, 3, 4, 5, 6, 7])
    found = cb.run(dataclasses.replace(NORMAL, regime=back)).variance.values
    assert_law(found, theory.replace_variance_law(N, fits), theory.replace_variance_law(N, np.arange(1, FITS + 1)))
    stopped = cb.recover(NORMAL, R.Saved(2), [AT, 7], "variance=.95")
    np.testing.assert_allclose(stopped.left[:, -1], stopped.left[:, 2], rtol=1e-5)
    np.testing.assert_allclose(stopped.late, 0, atol=1e-6)  # whenever the loop goes back, it has the same set
    lost = 1 - theory.replace_variance_law(N, 3) / theory.replace_variance_law(N, 1)
    error = (stopped.gone_high - stopped.gone_low).values / 3.92
    assert (np.abs(stopped.gone - lost) < 5 * error).all()
    assert (np.abs(stopped.gone - 2 * lost) > 10 * error).all()


@pytest.mark.slow
def test_a_lost_symbol_returns_by_the_exact_chain(recovered):
    """The chance that both symbols are there; wrong: the chain of a change one generation earlier."""
    assert recovered.attrs["law"] == "phases_count_law"
    for k, at in enumerate(recovered["at"].values):
        exact = both(at)
        np.testing.assert_allclose(recovered.exact_left[k], exact, rtol=1e-6)
        error = np.sqrt(exact * (1 - exact) / 10_000)
        assert (np.abs(recovered.left[k] - exact) < 5 * error).all()
        assert (np.abs(recovered.left[k] - both(at - 1)) / error).max() > 10
    assert (np.diff(recovered.never) <= 0).all()  # without real rows nothing that is lost returns


@pytest.mark.slow
def test_time_to_heal_hysteresis_and_what_the_past_costs(recovered):
    exact = np.array([both(at) for at in recovered["at"].values])
    lost = np.argmax(both(FITS) < 0.7)
    assert recovered.lost == lost == 2
    healed = [np.argmax(own[at:] >= 0.7) for own, at in zip(exact, recovered["at"].values, strict=True)]
    assert not (exact[2, 7:] >= 0.7).any()
    np.testing.assert_array_equal(recovered.healed, [*healed[:2], np.nan])
    np.testing.assert_allclose(recovered.hysteresis, recovered.healed / lost)
    for name, law in (("gone", exact[:, 0] - exact[:, -1]), ("late", both(1)[-1] - exact[:, -1])):
        error = (recovered[f"{name}_high"] - recovered[f"{name}_low"]).values / 3.92
        assert (np.abs(recovered[name] - law) < 5 * error).all()
    assert recovered.late[2] > 10 * error[2]


@pytest.mark.slow
def test_it_prints_and_is_drawn_and_saved(recovered, tmp_path):
    told = recovered.collapsebench.summary()
    assert told.startswith(
        "Unchanged, the loop breaks the limit in generation 2 (limit: no category is missing after 8"
    )
    assert "from generation 7 on the limit is not kept again until generation 8; of what generation 0 had" in told
    assert len(figure_of(recovered).panels[0].series) == 2 + 2 * 3 + 1
    saved = cb.load(cb.save(recovered, tmp_path / "r.nc"))
    assert saved.attrs["sentence"] == recovered.attrs["sentence"]


@pytest.mark.slow
def test_numbers_of_a_regime_within_a_regime_are_lanes_of_one_program(recovered):
    """A sweep over the share after the change: the point of .2 is what was recovered."""
    experiment = dataclasses.replace(PAIR, regime=R.Then(R.Replace(), R.Mix(0.1), AT))
    swept = cb.sweep(experiment, {"regime.after.real_fraction": [0.1, 0.2]})
    left = (swept.support.sel({"regime.after.real_fraction": 0.2}) >= 2).mean("trajectory")
    np.testing.assert_allclose(left, recovered.left.sel(at=AT), atol=1e-9)


def test_which_numbers_within_a_regime_are_data():
    assert is_leaf(dataclasses.replace(PAIR, regime=R.Then(R.Mix())), "regime.before.real_fraction", (0.1, 0.2))
    assert not is_leaf(dataclasses.replace(PAIR, regime=R.Then(R.Fresh(5))), "regime.before.rows", (1, 2))
    assert not is_leaf(PAIR, "regime.before.rows", (1, 2))


@pytest.mark.parametrize(
    ("given", "why"),
    [
        (("mix", [0]), "at = "), (("mix", [9]), "whole numbers from 1 to 8"), (("mix", [1.5]), "at = "), (("mix", []), "at = "),
        (("mix", [2], "best"), "limit = best"), ((3, [2]), r"regime\.after"), (("mixx", [2]), "did you mean 'mix'"),
    ],
)  # fmt: skip
def test_what_is_refused_is_one_line(given, why):
    with pytest.raises(cb.RequestError, match=why) as told:
        cb.recover(PAIR, *given)
    assert "\n" not in str(told.value)
