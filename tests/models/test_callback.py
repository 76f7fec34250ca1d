"""Callback: functions of NumPy arrays as a model, their laws, their failures, and what is kept."""

import dataclasses
import time

import numpy as np
import pytest

import collapsebench as cb
from collapsebench.engine.host import CallFailed
from collapsebench.specs.errors import RequestError

SIZES = {"n": 30, "generations": 4, "trajectories": 3, "holdout": 64}


def fit(rows, weights, rng):
    mean = np.average(rows, axis=0, weights=weights)
    return mean, np.sqrt(np.average((rows - mean) ** 2, axis=0, weights=weights))


def draw(params, n, rng):
    return rng.normal(*params, size=(n, params[0].size))


def density(params, rows):
    return (-((rows - params[0]) ** 2) / (2 * params[1] ** 2) - np.log(params[1]) - np.log(2 * np.pi) / 2).sum(1)


def slow_in_generation(g):
    calls = []

    def wait(rows, weights, rng):
        calls.append(1)
        time.sleep(30 if len(calls) == g + 1 else 0)
        return fit(rows, weights, rng)

    return wait


def nan_fit(rows, weights, rng):
    raise ValueError("no\nlikelihood")


PLAIN = cb.models.Callback(fit, draw, density)
BASE = cb.Experiment(name="plain", model=PLAIN, metrics=("nll", "variance"), **SIZES)


@pytest.mark.slow
def test_it_obeys_the_law_of_its_family():
    """E Var_t = (1 - 1/n)^(t + 1) for a Gaussian by maximum likelihood under replace, within 5 standard errors."""
    result = cb.run(dataclasses.replace(BASE, metrics="variance", n=10, generations=3, trajectories=150))
    final = result.variance.values[:, -1].astype(float)
    law = (1 - 1 / 10) ** 3
    # `variance` compares fresh draws: their own scatter is in the standard error.
    assert abs(final.mean() - law) < 5 * final.std(ddof=1) / np.sqrt(final.size)


def test_workers_and_processes_give_the_same_numbers():
    one = cb.run(BASE)
    threads = cb.run(dataclasses.replace(BASE, model=dataclasses.replace(PLAIN, workers=2)))
    for name in ("nll", "variance"):
        np.testing.assert_array_equal(one[name], threads[name])
    assert one.attrs["digest"] == threads.attrs["digest"]


@pytest.mark.slow
def test_processes_give_the_same_numbers():
    apart = cb.run(dataclasses.replace(BASE, model=dataclasses.replace(PLAIN, workers=2, processes=True)))
    np.testing.assert_array_equal(cb.run(BASE).nll, apart.nll)


def test_a_trajectory_is_the_same_alone_and_another_seed_is_another():
    whole = cb.run(BASE)
    np.testing.assert_array_equal(cb.run(BASE, trajectories=range(2, 3)).nll[0], whole.nll[2])
    assert (cb.run(dataclasses.replace(BASE, seed=1)).nll != whole.nll).any()


WRONG = {
    "fit raised ValueError: no": cb.models.Callback(nan_fit, draw, name="x"),
    "sample gives shape (29, 1) for 30 rows": cb.models.Callback(fit, lambda p, n, rng: draw(p, n - 1, rng), name="x"),
    "sample gives rows of shape (2,), not (1,)": cb.models.Callback(
        fit, lambda p, n, rng: rng.normal(size=(n, 2)), name="x"
    ),
    "sample gives nan in row 0": cb.models.Callback(fit, lambda p, n, rng: np.full((n, 1), np.nan), name="x"),
    "sample gives a value of type str": cb.models.Callback(fit, lambda p, n, rng: "rows", name="x"),
}


@pytest.mark.parametrize("message", WRONG)
def test_what_fails_is_one_line_that_says_where(message):
    with pytest.raises(CallFailed) as failure:
        cb.run(dataclasses.replace(BASE, model=WRONG[message], metrics="variance"))
    text = str(failure.value)
    assert text.startswith(f"model = callback x: {message}")
    assert text.endswith("(generation 0 of trajectory 0)")
    assert "\n" not in text


def test_a_call_that_hangs_keeps_what_was_finished():
    hangs = cb.models.Callback(slow_in_generation(6), draw, name="hangs", timeout=1.0)
    with pytest.raises(
        CallFailed, match=r"fit has not answered within 1 s \(generation 2 of trajectory 1\)$"
    ) as failure:
        cb.run(dataclasses.replace(BASE, model=hangs, metrics="variance"))
    kept = failure.value.result
    assert kept.sizes["trajectory"] == 1
    assert kept.sizes["generation"] == 4
    assert "stopped" in kept.attrs


def test_a_start_is_given_under_warm_start_only():
    starts = []

    def warm(rows, weights, rng, start=None):
        starts.append(start)
        return fit(rows, weights, rng)

    model = cb.models.Callback(warm, draw, name="warm")
    one = dataclasses.replace(BASE, model=model, metrics="variance", trajectories=1, generations=3)
    cb.run(dataclasses.replace(one, warm_start=True))
    assert starts[0] is None
    assert all(start is not None for start in starts[1:])
    starts.clear()
    cb.run(one)
    assert starts == [None] * 3
    with pytest.raises(RequestError, match="fit must take an argument `start`"):
        dataclasses.replace(BASE, warm_start=True)


def test_rows_of_weight_zero_never_reach_a_fit():
    sizes = []

    def seen(rows, weights, rng):
        sizes.append(len(rows))
        assert (weights > 0).all()
        return fit(rows, weights, rng)

    model = cb.models.Callback(seen, draw, name="seen")
    cb.run(dataclasses.replace(BASE, model=model, metrics="variance", regime="accumulate", trajectories=1))
    assert sizes == [30, 60, 90, 120]


@pytest.mark.parametrize(
    ("line", "make"),
    [
        ("name: ", lambda: cb.models.Callback(lambda *a: 0, draw)),
        ("sample = None: ", lambda: cb.models.Callback(fit)),
        ("load = None: ", lambda: cb.models.Callback(fit, draw, save=lambda p: b"")),
        ("kind = vectr: ", lambda: cb.models.Callback(fit, draw, kind="vectr")),
        ("workers = 0: ", lambda: cb.models.Callback(fit, draw, workers=0)),
        ("timeout = 0: ", lambda: cb.models.Callback(fit, draw, timeout=0)),
        ("handover = population: ", lambda: dataclasses.replace(BASE, handover="population")),
        ("handover = summary: ", lambda: dataclasses.replace(BASE, handover="summary")),
        ("metrics = nll: ", lambda: dataclasses.replace(BASE, model=cb.models.Callback(fit, draw))),
        ("model = callback", lambda: cb.run(cb.Experiment.from_json(BASE.to_json()))),
    ],
)
def test_a_wrong_request_is_one_line(line, make):
    with pytest.raises(RequestError) as refusal:
        make()
    assert str(refusal.value).startswith(line)
    assert "\n" not in str(refusal.value)


def test_a_result_says_which_functions_made_it(tmp_path):
    result = cb.load(cb.save(cb.run(BASE), tmp_path / "plain.nc"))
    assert '"name": "tests.models.test_callback:fit"' in result.attrs["experiment"]
    assert result.attrs["digest"] == BASE.digest


def test_a_saved_state_may_hold_parameters():
    from tests.engine.resumed import go_on, start, stop

    memory = dataclasses.replace(BASE, regime=cb.regimes.Memory(models=2), generations=5)
    engine, plan, program = start(memory)
    block = next(iter(engine.blocks(plan)))
    with pytest.raises(RequestError, match="only with save= and load="):
        block.cursor.to_arrays(program)
    model = cb.models.Callback(
        fit,
        draw,
        density,
        save=lambda p: np.stack(p).tobytes(),
        load=lambda b: tuple(np.frombuffer(b, np.float32)[:, None]),
    )
    saved = dataclasses.replace(memory, model=model)
    whole, arrays = stop(saved)
    rest = go_on(saved, arrays)
    begun = ~np.isnan(rest)
    assert begun.any()
    np.testing.assert_array_equal(rest[begun], whole[begun])
