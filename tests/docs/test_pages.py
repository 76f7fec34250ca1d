"""README and documentation: their code and commands run, print what they say, and their generated tables are up to date."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

import collapsebench as cb
from collapsebench.literature import catalogue
from collapsebench.show.markdown import replace_block
from collapsebench.show.speed import newest_race, race_sentence, speed_tables
from tests.docs import blocks

ROOT = Path(__file__).parents[2]
README, DOCS = ROOT / "README.md", ROOT / "docs"
PAGES = {path: path.read_text() for path in (README, *sorted(DOCS.glob("*.md")))}
SLOW = [DOCS / f"{name}.md" for name in ("generators", "language", "networks", "plan")]
(MINE,) = re.findall(r"```python\n(# mine.py.*?)```", PAGES[DOCS / "own-parts.md"], re.DOTALL)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """An empty folder in which the documentation's file has been saved."""
    path = tmp_path_factory.mktemp("user")
    (path / "mine.py").write_text(MINE)
    return path


def test_every_fence_is_closed_before_the_next_heading():
    for path, text in PAGES.items():
        opened = False
        for line in text.split("\n"):
            if line.startswith("```"):
                assert not (opened and line != "```"), (path, line)
                opened = not opened
            assert not (opened and line.startswith("## ")), (path, line)
        assert not opened
        outside = re.sub(r"```.*?```", "", text, flags=re.DOTALL)
        assert not re.search(r"^ *(\w+ = cb\.|import )", outside, re.MULTILINE), path


def test_the_readme_is_short_and_its_pages_are_there():
    assert len(README.read_bytes()) < 35_000
    for path, text in PAGES.items():
        for target in re.findall(r"\]\(([^)#:]+)\)", text):
            assert (path.parent / target).is_file(), (path, target)
        for alt in re.findall(r"!\[(.*?)\]\(", text, re.DOTALL):
            assert len(alt.split()) > 5, (path, alt)
    for page in DOCS.glob("*.md"):
        assert page.name == "index.md" or f"(docs/{page.name})" in PAGES[README], page


def test_every_committed_picture_is_shown_with_words_for_who_cannot_see_it():
    folder = ROOT / "results" / "quick"
    shown = dict(re.findall(r"^!\[(.*)\]\((.*)\)$", (folder / "README.md").read_text(), re.MULTILINE))
    pictures = {str(path.relative_to(folder)) for path in folder.rglob("*") if path.suffix in (".png", ".gif")}
    assert set(shown.values()) == pictures
    assert len(shown) == len(pictures)  # no two have the same words
    assert min(len(alt.split()) for alt in shown) > 8


def test_what_a_page_says_otherwise_than_its_block_is_found():
    text = "```python\nx = 2.04\nprint(x)  # 2, 2.0: not 7\nprint(x)  # 2.1, 3\n```\n\n```text\n2.04 2.04 more\n```\n"
    ((block, below),) = blocks.python(text)
    found = blocks.wrong(block, [(2, "2.04"), (3, "2.04")], below)
    assert found == ["3 is not in: 2.04", "more below a block that prints nothing"]


def run_pages(paths, folder):
    """Run pages' blocks as a user would, in one new process."""
    command = [sys.executable, str(ROOT / "tests" / "docs" / "blocks.py"), *map(str, paths)]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_python_blocks_run_in_order_and_print_what_the_page_says(folder):
    run_pages([path for path in PAGES if path not in SLOW], folder)
    for figure in ("shrunk.png", "own.png", "four.png"):
        assert (folder / figure).stat().st_size > 10_000


@pytest.mark.slow
def test_blocks_of_many_seconds_run(folder):
    run_pages(SLOW, folder)


def test_packages_of_all_blocks_are_here():
    absent = {name for text in PAGES.values() for block, _ in blocks.python(text) for name in blocks.missing(block)}
    if absent:
        pytest.skip(f"blocks that need {', '.join(sorted(absent))} did not run")


RUN = (
    "run gaussian --set model=mine:Shrunk --set regime=mine:EveryOther --set metrics=mine:LostShare "
    "--set curator=mine:Shrinking "
    "--trajectories 4 --generations 3"
)
CHECKS = (
    "check mine:Shrunk",
    "check mine:EveryOther",
    "check mine:Shrinking",
    "check mine:LostShare",
)  # a process of its own each; RUN uses both classes


@pytest.mark.parametrize(
    "line",
    ["check mine.py:Laplace", RUN, *(pytest.param(line, marks=pytest.mark.slow) for line in CHECKS)],
)
def test_commands_run_on_the_users_classes(folder, line):
    done = subprocess.run(
        [sys.executable, "-m", "collapsebench.cli", *line.split()], cwd=folder, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_block_imports_what_it_uses():
    """A block is pasted alone; only the names that the blocks before it made may be missing."""
    for path, text in PAGES.items():
        for block, _ in blocks.python(text):
            assert "cb." not in block or "import collapsebench as cb" in block or block.startswith("try:"), (
                path,
                block,
            )


def test_the_laws_that_are_named_are_there():
    section = PAGES[DOCS / "regimes.md"].split("## The laws of the regimes")[1].split("**When")[0]
    regimes = re.findall(r"^\| `(\w+)`", section, re.MULTILINE)
    assert sorted(regimes) == sorted(cb.REGIMES.names())
    laws = re.findall(r"`(\w+_law)`", section)
    assert len(laws) >= 10
    assert set(laws) <= set(cb.theory.__all__)


def test_the_catalogue_is_what_list_prints():
    text = PAGES[DOCS / "catalogue.md"]
    made = replace_block(text, "catalogue", catalogue.page())
    assert made == text, "run: python -m collapsebench.literature.catalogue docs/catalogue.md"


def test_the_speed_table_is_made_of_the_committed_files():
    text, folder = PAGES[DOCS / "speed.md"], ROOT / "results" / "benchmarks"
    command = "run: python -m collapsebench.show.speed docs/speed.md results/benchmarks README.md"
    assert replace_block(text, "speed", speed_tables(folder)) == text, command
    assert race_sentence(*newest_race(folder)[1:]) in PAGES[README], command


def test_what_the_readme_says_of_speed_was_measured():
    """Times faster than the best rival on the Xeon that it names, through `cb.run` where that was timed."""
    (path,) = (ROOT / "results" / "benchmarks").glob("2x-cpu-intel*/quick.json")
    found = {each["name"]: each["extra_info"] for each in json.loads(path.read_text())["benchmarks"]}
    told = {
        "gaussian_replace[100]": (1.6, 2.6), "gaussian_replace[1000]": (1.6, 2.6), "gaussian_by_trajectory[100]": (140, 180),
        "gaussian_by_trajectory[1000]": (30, 38), "mixture[1000]": (140, 180), "mixture[10000]": (34, 42),
        "mixture_of_ten_steps": (6.5, 8), "kernel_density[1000]": (14, 18), "kernel_density[10000]": (3.6, 4.6),
        "regression[samples]": (1.4, 1.8), "summary_of_a_count[poisson]": (0.65, 0.75),
        "summary_of_a_count[exponential]": (0.55, 0.65), "layers_vae": (0.9, 2), "convolutional_vae": (0.9, 2), "unet": (0.9, 2),
        "training_of_a_transformer": (0.9, 2),
    }  # fmt: skip
    for name, (low, high) in told.items():
        row = found[f"bench_{name}"]
        best = row["times_faster"]
        called = row.get("called")
        ratio = best["median"] if called is None else called / row["rivals"][best["rival"]]
        assert low < ratio < high, name
    of_loops = [row for name, row in found.items() if name.startswith("bench_regime[")]
    assert len(of_loops) > 200
    assert min(row["called"] / row["rivals"][row["times_faster"]["rival"]] for row in of_loops) > 1


def test_a_block_is_replaced_whole_or_refused():
    text = "a\n<!-- x: begin (y) -->\nold\n<!-- x: end -->\nb\n"
    assert replace_block(text, "x", "new\n") == text.replace("old", "new")
    with pytest.raises(cb.RequestError, match="z: 0 blocks"):
        replace_block(text, "z", "")
    with pytest.raises(cb.RequestError, match="x: 2 blocks"):
        replace_block(text + text, "x", "")
