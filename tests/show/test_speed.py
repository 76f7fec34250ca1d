"""Tables of regimes by families: each ratio in its cell, and the least one named."""

from collapsebench.show.speed import regime_tables


def row(family, regime, size, rate, called):
    rivals, faster = {"numpy": 10.0}, {"rival": "numpy", "median": rate / 10, "low": 0.0, "high": 0.0}
    extra = {"called": called, "rivals": rivals, "times_faster": faster, "experiment": {"n": 20, "generations": 5}}
    return {"name": f"bench_regime[{family}-{regime}-{size}]", "extra_info": extra}


def test_each_ratio_has_its_cell_and_the_least_is_named():
    rows = [
        row("kde", "mix", "small", 30.0, 21.0), row("kde", "accumulate_subsample", "small", 4000.0, 8.0),
        row("a_b", "mix", "small", 55.0, 50.0), row("kde", "mix", "large", 10.0, 9.0),
        {"name": "bench_other", "extra_info": {}},
    ]  # fmt: skip
    small, large = regime_tables(rows)
    assert "n = 20, 5 generations; the least is 0.8, kde under accumulate subsample:" in small
    assert small.splitlines()[2:] == [
        "| regime | a b | kde |", "| --- | --- | --- |", "| mix | 5 (5.5) | 2.1 (3) |", "| accumulate subsample |  | 0.8 (400) |",
    ]  # fmt: skip
    assert "| mix | 0.9 (1) |" in large
