"""`collapsebench ablate`: table, files, and refusals in one line."""

import collapsebench as cb
from collapsebench.cli import parser as cli

SMALL = ["--n", "20", "--generations", "2", "--trajectories", "8", "--set", "handover=summary"]


def test_a_table_and_four_files(capsys, tmp_path):
    assert cli.main(["ablate", "gaussian", *SMALL, "--no-doses", "--out", str(tmp_path)]) == 0
    printed = capsys.readouterr().out
    assert "statistical x approximation" in printed
    assert sorted(path.suffix for path in tmp_path.iterdir()) == [".csv", ".nc", ".png", ".svg"]
    (path,) = tmp_path.glob("*.nc")
    assert cb.load(path).attrs["kind"] == "ablation"


def test_refusals_are_one_line(capsys, tmp_path):
    for more in (["--set", "handover=population"], ["--set", "target=moons", "--set", "model.dim=2"]):
        small = [word for word in SMALL if word not in ("handover=summary", "--set")]
        assert cli.main(["ablate", "gaussian", *small, *more, "--out", str(tmp_path)]) == 2
        assert len(capsys.readouterr().err.strip().split("\n")) == 1
    assert cli.main(["ablate", "gerstgrasser/regression", "--out", str(tmp_path)]) == 2
    assert not list(tmp_path.iterdir())
