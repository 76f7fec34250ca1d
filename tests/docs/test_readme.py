"""The README: its code and commands run, and its generated tables are up to date."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

import collapsebench as cb
from collapsebench.literature import catalogue
from collapsebench.show.markdown import replace_block
from collapsebench.show.speed import speed_tables

README = Path(__file__).parents[2] / "README.md"
TEXT = README.read_text()
BLOCKS = re.findall(r"```python\n(.*?)```", TEXT, re.DOTALL)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """An empty folder in which the README's file has been saved."""
    path = tmp_path_factory.mktemp("user")
    (mine,) = [block for block in BLOCKS if block.startswith("# mine.py")]
    (path / "mine.py").write_text(mine)
    return path


def test_every_fence_is_closed_before_the_next_heading():
    opened = False
    for line in TEXT.split("\n"):
        if line.startswith("```"):
            assert not (opened and line != "```"), line
            opened = not opened
        assert not (opened and line.startswith("## ")), line
    assert not opened
    assert not re.search(r"^(\w+ = cb\.|import )", re.sub(r"```.*?```", "", TEXT, flags=re.DOTALL), re.MULTILINE)


ALONE = [block for block in BLOCKS if "cb.models.Callback(" in block]


def test_python_blocks_run_in_order(folder):
    script = "\n".join(block for block in BLOCKS if not block.startswith("# mine.py") and block not in ALONE)
    done = subprocess.run([sys.executable, "-c", script], cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert (folder / "shrunk.png").exists()
    mean, law = map(float, done.stdout.split("\n")[0].split(" law: "))
    assert round(law, 3) == 0.605
    assert abs(mean - law) < 0.15
    last_gap = float(done.stdout.split("\n")[-2])
    assert last_gap < 0.02  # the law that the README draws; the README's own n and 2000 trajectories


@pytest.mark.parametrize("block", ALONE, ids=["scikit-learn", "torch", "program"])
def test_a_recipe_runs_where_its_packages_are(block, tmp_path):
    needs = re.match(r"# needs (.*)\n", block)
    for package in needs[1].split(" and ") if needs else ():
        pytest.importorskip({"scikit-learn": "sklearn"}.get(package, package))
    done = subprocess.run([sys.executable, "-c", block], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stdout


RUN = (
    "run gaussian --set model=mine:Shrunk --set regime=mine:EveryOther --set metrics=mine:LostShare "
    "--set curator=mine:Shrinking "
    "--trajectories 4 --generations 3"
)
SLOW = (
    "check mine:Shrunk",
    "check mine:EveryOther",
    "check mine:Shrinking",
    "check mine:LostShare",
)  # a process of its own each; RUN uses both classes


@pytest.mark.parametrize(
    "line",
    ["check mine.py:Laplace", RUN, *(pytest.param(line, marks=pytest.mark.slow) for line in SLOW)],
)
def test_commands_run_on_the_users_classes(folder, line):
    done = subprocess.run(
        [sys.executable, "-m", "collapsebench.cli", *line.split()], cwd=folder, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_catalogue_is_what_list_prints():
    made = replace_block(TEXT, "catalogue", catalogue.short()), catalogue.page()
    kept = TEXT, (README.parent / "docs" / "catalogue.md").read_text()
    assert made == kept, "run: python -m collapsebench.literature.catalogue README.md"


def test_every_block_imports_what_it_uses():
    """A block is pasted alone; only the names that the blocks before it made may be missing."""
    for block in BLOCKS:
        assert "cb." not in block or "import collapsebench as cb" in block or block.startswith("try:"), block


def test_the_laws_that_are_named_are_there():
    section = TEXT.split("## The laws of the regimes")[1].split("**When")[0]
    regimes = re.findall(r"^\| `(\w+)`", section, re.MULTILINE)
    assert sorted(regimes) == sorted(cb.REGIMES.names())
    laws = re.findall(r"`(\w+_law)`", section)
    assert len(laws) >= 10
    assert set(laws) <= set(cb.theory.__all__)


def test_the_speed_table_is_made_of_the_committed_files():
    made = replace_block(TEXT, "speed", speed_tables(README.parent / "results" / "benchmarks"))
    assert made == TEXT, "run: python -m collapsebench.show.speed README.md results/benchmarks"


def test_a_block_is_replaced_whole_or_refused():
    text = "a\n<!-- x: begin (y) -->\nold\n<!-- x: end -->\nb\n"
    assert replace_block(text, "x", "new\n") == text.replace("old", "new")
    with pytest.raises(cb.RequestError, match="z: 0 blocks"):
        replace_block(text, "z", "")
    with pytest.raises(cb.RequestError, match="x: 2 blocks"):
        replace_block(text + text, "x", "")
