"""Plans against exact laws: coverage of the intervals, verdicts, the users' own rows, and refusals of one line."""

import dataclasses

import jax
import numpy as np
import pytest

import collapsebench as cb
from collapsebench.cli.output import draw
from collapsebench.oversight import rows
from collapsebench.oversight.dials import dial_of
from collapsebench.oversight.laws import law_of
from collapsebench.oversight.limits import limit_of
from collapsebench.oversight.planner import make_plan
from collapsebench.show.plans import plan_figure, plan_summary
from tests.oversight.coverage import CASES, SEEDS, holds, planned

TWO = cb.Experiment(
    name="two", target=cb.targets.Categorical(2, (0.95, 0.05)), model=cb.models.Categorical(2), n=100, generations=21,
    handover="summary", trajectories=400,
)  # fmt: skip


@pytest.fixture(scope="module")
def two():
    return cb.plan(TWO, "categories", "real_share")


def test_a_plan_has_the_exact_value_in_its_interval(two):
    assert two.answer_low <= two.exact <= two.answer_high
    assert two.exact == pytest.approx(0.2)
    assert two.attrs["sentence"].startswith("Keep at least ")
    assert two.attrs["sentence"].endswith("then no category is missing after 20 generations with probability 0.95")
    spread = np.sqrt(
        two.exact_left * (1 - two.exact_left) / TWO.trajectories
    )  # by the law: nobody lost has none of its own
    assert (np.abs(two.left - two.exact_left) / spread).max() < 5
    assert ((two.left_low < two.left_high) & (two.left_low >= 0) & (two.left_high <= 1 + 1e-12)).all()


def test_every_stage_is_the_same_compiled_program(two):
    """Another seed, and so other points in every stage but the first, compiles nothing."""
    compiled = []

    def listen(event, duration, **_):
        compiled.append(event)

    jax.monitoring.register_event_duration_secs_listener(listen)
    try:
        again = cb.plan(dataclasses.replace(TWO, seed=1), "categories", "real_share")
    finally:
        jax.monitoring.unregister_event_duration_listener(listen)
    assert not [event for event in compiled if event.endswith("backend_compile_duration")]
    assert len(set(np.bincount(again.stage.values))) == 1


@pytest.mark.parametrize(
    ("limit", "verdict", "text"),
    [("variance=0.01", "always", "Any growth from 0 to 0.1"), ("variance=0.99", "never", "not even 0.1")],
)
def test_a_limit_that_is_kept_always_or_never_is_told(limit, verdict, text):
    experiment = cb.Experiment(name="small", n=20, generations=21, handover="summary", trajectories=400)
    found = cb.plan(experiment, limit, "growth", most=0.1)
    assert found.attrs["verdict"] == verdict
    assert text in found.attrs["sentence"]
    assert np.isnan(found.answer)


def test_a_limit_that_hardly_the_whole_keeps_is_told(two):
    """All real rows keep both symbols with probability .994: a limit just above is not told from it by 400 runs."""
    found = cb.plan(TWO, "categories=0.996", "real_share")
    assert "or no value" in found.attrs["sentence"]
    assert np.isnan(found.exact)
    assert "By mixed_count_law the limit is kept everywhere, or nowhere." in plan_summary(found)


def test_a_plan_is_saved_drawn_and_told(two, tmp_path):
    loaded = cb.load(cb.save(two, tmp_path / "two.nc"))
    assert loaded.identical(two)
    assert "Exact, by mixed_count_law: 0.2." in plan_summary(loaded)
    assert all(path.stat().st_size for path in draw(plan_figure, loaded, tmp_path / "two"))


def test_a_share_of_a_regime_is_a_smaller_regime():
    for t in (1, 2, 7, 40):
        assert float(cb.regimes.Fresh(rows=30, used=0.5).fresh_size(100, t)) == 15
        for used, power in ((0.0, 0.0), (0.25, 0.5), (0.5, 1.0), (1.0, 2.0)):
            sizes = (cb.regimes.Grow(power=2.0, used=used), cb.regimes.Grow(power=power))
            assert float(sizes[0].synthetic_size(100, t)) == float(sizes[1].synthetic_size(100, t))


@pytest.mark.parametrize(
    ("made", "family"),
    [
        (lambda random: random.normal(3, 2, (500, 2)), "normal in 2 dimensions"),
        (lambda random: random.exponential(3, 500), "exponential"),
        (lambda random: random.standard_cauchy((500, 2)), "no family: the rows are resampled"),
        (lambda random: random.choice(["a", "b"], 500), "categories: 2 with the frequencies of the 500 rows"),
        (lambda random: random.poisson(2, 500) > 1, "categories: 2 with the frequencies of the 500 rows"),
    ],
)
def test_the_nearest_family_is_named(random, made, family):
    found, named = rows.experiment_of(rows.read(made(random)), limit_of("risk"), "real_share", None)
    assert named == family
    assert found.n == 500


def test_a_file_of_words_has_its_header_left_out(tmp_path):
    (tmp_path / "words.csv").write_text("colour\n" + "red\nblue\n" * 30)
    assert np.unique(rows.read(tmp_path / "words.csv")).tolist() == ["blue", "red"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"limit": "tial"}, "limit = tial: not one of tail, variance, risk, categories, best, did you mean 'tail'?"),
        ({"limit": "tail=2"}, "limit.share = 2.0: it must be a number above 0 and below 1"),
        ({"limit": "tail=x"}, "limit = tail=x: after = stands a number, such as tail=0.5"),
        ({"limit": "tail:kl"}, "limit = tail:kl: only risk and best take a metric"),
        ({"limit": "best=1"}, "limit = best=1: best takes no number"),
        ({"limit": 3}, "limit = 3: a text such as tail=0.5, or a limit of collapsebench.oversight.limits"),
        ({"limit": "categories"}, "limit = categories: vector data have none; use tail, variance or risk"),
        ({"dial": "growht"}, "dial = growht: not one of real_share, fresh_rows, growth, judge, weight, nor a number"),
        ({"dial": "model.dim"}, "dial = model.dim: the numbers of model are unbiased, bias"),
        ({"dial": "model.bais"}, "dial = model.bais: the numbers of model are unbiased, bias, did you mean 'bias'?"),
        ({"dial": "model.bias"}, "dial = model.bias: it has no largest value; give most="),
        ({"dial": "curator.rho"}, "dial = curator.rho: curator has no numbers"),
        ({"most": -1}, "most = -1: it must be a number above 0"),
        ({"trajectories": 10}, "trajectories = 10: a plan needs at least 100"),
        ({"generations": 0}, "generations = 0: it must be a whole number of at least 1"),
    ],
)
def test_refusals_are_one_line(arguments, message):
    with pytest.raises(cb.RequestError) as caught:
        make_plan(cb.Experiment(n=100), **{"limit": "variance", **arguments})
    assert str(caught.value).startswith(message)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (np.ones((50, 2)), "rows: no column varies; there is nothing that could be lost"),
        (np.arange(3.0), "rows: row 3 is its last; a plan needs at least 20 rows"),
        (np.r_[np.arange(30.0), np.nan], "rows: row 31, column 1 is nan; leave such rows out"),
        ("missing.csv", "missing.csv: no such file"),
    ],
)
def test_rows_that_cannot_be_planned_for(data, message):
    with pytest.raises(cb.RequestError) as caught:
        make_plan(data)
    assert str(caught.value).startswith(message)


def test_a_dial_of_any_part():
    experiment = cb.Experiment(curator=cb.curators.Verifier())
    changed, dial = dial_of(experiment, "curator.keep_right")
    assert (dial.low, dial.high) == (0, 1)
    assert float(dial.at(changed, 0.3).curator.keep_right) == 0.3


@pytest.mark.slow
@pytest.mark.parametrize("name", CASES)
def test_intervals_contain_the_exact_value(name):
    assert sum(holds(planned(name, seed)) for seed in range(SEEDS)) >= 90


@pytest.mark.slow
def test_the_golden_ratio():
    experiment = cb.Experiment(
        name="golden", model=cb.models.Gaussian(unbiased=True), n=1000, generations=11, trajectories=40_000,
        handover="summary",
    )  # fmt: skip
    found = cb.plan(experiment, "best", "weight")
    assert found.exact == pytest.approx(0.618, abs=1e-3)
    assert abs(found.answer - 0.618034) < 0.01
    assert found.answer_high - found.answer_low < 0.02


@pytest.mark.parametrize(
    ("curator", "law"),
    [
        (cb.curators.Judge(drift=0.3, fails_at=4), cb.theory.judge_variance_law(0.2, 0.6, 5, drift=0.3, fails_at=4)),
        (
            cb.curators.Verifier(0.9, 0.1, 0.3, bias=0.4, drift=0.2),
            cb.theory.verified_variance_law(0.9, 0.1, 0.3, 5, bias=0.4, drift=0.2),
        ),
        (cb.curators.Truncate(2.0), cb.theory.truncation_variance_law(2, 5)),
        (cb.curators.Surprise(), None),
    ],
)
def test_an_exact_answer_knows_the_faults_of_the_overseer(curator, law):
    experiment = cb.Experiment(curator=curator, n=5000, generations=6, metrics="variance")
    found = law_of(experiment, limit_of("variance=.5"))
    assert (None if found is None else found[1](experiment)) == (None if law is None else pytest.approx(law))
