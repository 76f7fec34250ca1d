"""`collapsebench diagram`: refusals of one line; what it writes is tested with `cb.diagram`."""

import pytest

from collapsebench.cli import main


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("diagram real_sare", "diagram = real_sare: not one of real_share, fresh_rows, temperature, judge, verifier, growth"),
        ("diagram gaussian --x n=1:2:3", "--x and --y: give both, or neither"),
        ("diagram gaussian --x n=1:2 --y model.bias=0:1:3", "--x = n=1:2: it must be FIELD=LOW:HIGH:CELLS"),
        ("diagram judge --set x64=true", "x64: a diagram with a name takes n, generations, trajectories and seed alone"),
    ],
)  # fmt: skip
def test_a_wrong_request_is_one_line(line, message, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main(line.split()) == 2
    said = capsys.readouterr().err
    assert said.startswith(f"collapsebench: {message}")
    assert said.count("\n") == 1
    assert not list(tmp_path.iterdir())
