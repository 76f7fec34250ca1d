"""Plans from generations that a pipeline made: the recursion against exact laws, coverage, the sentence, refusals."""

import html

import numpy as np
import pytest
import xarray as xr

import collapsebench as cb
from collapsebench.cli import main
from collapsebench.oversight.observed import kept, left_accumulating, left_mixing, measured, needed
from collapsebench.show.page import write_folder


def pipeline(rng, factor, rows, generations):
    """Rows of each generation: a normal of two columns, refitted to the last rows and drawn from with its sd times a factor."""
    x = rng.standard_normal((rows, 2))
    for _ in range(generations + 1):
        half = np.linalg.cholesky(np.cov(x.T))
        x = x.mean(0) + factor * rng.standard_normal((rows, 2)) @ half.T
        yield x


@pytest.mark.parametrize("keep", [0.8, 0.95, 1.0])
@pytest.mark.parametrize("share", [0.0, 0.1, 0.5])
def test_the_recursion_is_the_law_of_a_normal_for_many_rows(keep, share):
    n = 10**7
    _, law = cb.theory.fresh_law(int(share * n), int((1 - share) * n), [1, 21], bias=keep, n_first=n)
    assert float(left_mixing(keep, share, 20)) == pytest.approx(float(law[1] / law[0]), rel=1e-6)
    assert left_mixing(0.9, needed(0.9, 0.5, 20), 20) == pytest.approx(0.5)


def test_accumulating_loses_as_a_pipeline_that_scales_does(random):
    """Six fits to the real rows and all so far; at this size the law of replace is 20 standard errors away."""
    pool, variances = random.standard_normal(40_000), []
    for _ in range(6):
        made = pool.mean() + 0.9 * pool.std() * random.standard_normal(40_000)
        pool = np.concatenate([pool, made])
        variances.append(made.var())
    error = 2 * np.sqrt(2 / 40_000)
    assert abs(variances[-1] / variances[0] - left_accumulating(0.81, 5)) < 5 * error
    assert left_accumulating(0.81, 5) - 0.81**5 > 20 * error


@pytest.mark.parametrize(("factor", "rows", "generations"), [(0.95, 500, 4), (1.0, 200, 10), (0.8, 300, 1)])
def test_the_interval_contains_what_a_pipeline_keeps(factor, rows, generations):
    """At least 190 of 200 less two standard errors; an interval of a third of the width would contain half of them."""
    held = []
    for seed in range(200):
        rng = np.random.default_rng([seed, generations])
        variance, error = measured(rng.standard_normal((400, 2)), list(pipeline(rng, factor, rows, generations)))
        _, low, high = kept(np.log(variance), error)
        held.append(low <= factor**2 <= high)
    assert sum(held) >= 190 - 2 * np.sqrt(200 * 0.05 * 0.95)


def test_the_command_line_answers_an_engineer(tmp_path, monkeypatch, capsys):
    rng = np.random.default_rng(0)
    monkeypatch.chdir(tmp_path)
    files = {
        "real.csv": rng.standard_normal((1000, 2)),
        **{f"g{k}.csv": x for k, x in enumerate(pipeline(rng, 0.9, 1000, 4))},
    }
    for name, rows in files.items():
        np.savetxt(name, rows, delimiter=",", header="height,weight", comments="")
    words = ["plan", "real.csv", "--observed", *(f"g{k}.csv" for k in range(5))]
    assert main([*words, "--generations", "30"]) == 0
    told = capsys.readouterr().out
    found = cb.plan("real.csv", generations=30, observed=[f"g{k}.csv" for k in range(5)])
    assert found.attrs["sentence"] in told.replace("\n", " ")
    assert found.answer_low < needed(0.81, 0.5, 30) < found.answer_high
    assert "by 4 steps.\nKeep at least " in told
    assert told.count("g4.csv") == 1
    (kept_at,) = tmp_path.glob("**/plan-real-csv-*.nc")
    assert str(kept_at.relative_to(tmp_path)) in told
    assert sorted(path.suffix for path in kept_at.parent.glob(f"{kept_at.stem}*")) == [".csv", ".nc", ".png", ".svg"]
    again = cb.load(kept_at)
    assert again.attrs["digest"] == found.attrs["digest"]
    xr.testing.assert_equal(again, found)
    assert again.collapsebench.summary() in told
    report = write_folder(kept_at.parent, {}).read_text()
    assert html.escape(found.attrs["sentence"].split(". ")[0]) in report
    assert "class=why" not in report
    assert "50% of the variance is still there after 30 generations" in told
    assert main([*words, "--set", "model=kde"]) == main([*words, "--limit", "tail"]) == 2
    assert "observed generations tell of variance alone; use variance=0.5" in capsys.readouterr().err
    assert (
        "No real rows are needed"
        in cb.plan(files["real.csv"], observed=[files["real.csv"]] * 2, generations=1).sentence
    )


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"observed": [np.zeros((60, 2))] * 2}, "generation 0: no column of numbers varies any more"),
        ({"observed": [np.eye(2)] * 2}, "generation 0: row 2 is its last; a generation must have at least 50 rows"),
        ({"observed": [np.ones((60, 3))] * 2}, "generation 0: row 1 has 3 columns, not the 2 of the real rows"),
        ({"observed": ["x"]}, "observed: name the rows of generation 0 and of at least one more"),
        ({"observed": [], "n": 5}, "n = 5: a plan from observed generations takes limit and generations"),
        ({"observed": [], "dial": "growth"}, "dial = growth: a plan from observed generations takes"),
    ],
)
def test_refusals_are_one_line(arguments, message):
    with pytest.raises(cb.RequestError) as caught:
        cb.plan(np.random.default_rng(0).standard_normal((100, 2)), **arguments)
    assert str(caught.value).startswith(message)
