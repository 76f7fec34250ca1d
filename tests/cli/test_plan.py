"""`collapsebench plan` on a file of one's own: the answer, its files, and refusals of one line."""

import pytest

import collapsebench as cb
from collapsebench.cli import main


@pytest.mark.slow
def test_a_file_of_categories(tmp_path, capsys):
    (tmp_path / "words.csv").write_text("word\n" + "common\n" * 95 + "rare\n" * 5)
    line = f"plan {tmp_path}/words.csv --limit categories=.95 --trajectories 400 --out {tmp_path}"
    assert main(line.split()) == 0
    told = capsys.readouterr().out
    assert "Fitted to the rows: categories: 2 with the frequencies of the 100 rows.\nKeep at least " in told
    assert "Exact, by mixed_count_law: 0.2." in told
    (path,) = tmp_path.glob("*.nc")
    assert cb.load(path).attrs["kind"] == "plan"
    assert not list(tmp_path.glob("*.checkpoint"))


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("plan bad.csv", "bad.csv: row 2 (line 3), column 2 ('b') is 'nan'; leave such rows out"),
        ("plan bad.csv --set x64=true", "x64: a plan for a file takes n, generations, trajectories and seed alone"),
        ("plan gaussian --limit spread", "limit = spread: not one of tail, variance, risk, categories, best"),
        ("plan gaussian --dial grwth", "dial = grwth: not one of real_share, fresh_rows, growth, judge, weight, nor"),
    ],
)
def test_a_wrong_request_is_one_line(line, message, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "bad.csv").write_text("a,b\n1,2\n3,nan\n")
    assert main(line.split()) == 2
    said = capsys.readouterr().err
    assert said.startswith(f"collapsebench: {message}")
    assert said.count("\n") == 1
    assert [path.name for path in tmp_path.iterdir()] == ["bad.csv"]
